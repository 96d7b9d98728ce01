"""Plans of stories: which other model would show more of a page, and for how much."""

from datetime import UTC, datetime

from server.domain.scenes import LossKind, NotDrawn
from server.domain.states import ImageType
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.routing.conditions import Conditions
from server.routing.plans import better
from server.routing.router import route
from server.routing.wishes import Wish
from tests.builders import paid

ROWS = (STORYBOOK, paid(SDXL, 30_000, "dear"), paid(SDXL, 10_000, "cheap"), paid(SDXL, 5, "bad"))
FIRST, *OTHERS = OFFERS = route(
    Catalogue(ROWS),
    Wish(ImageType.SCENE, "", "", 0),
    Conditions(datetime(2026, 11, 28, tzinfo=UTC)),
).offers


def losses(**lost: int) -> dict[str, list[NotDrawn]]:
    """Returns so many losses of each model."""
    return {
        model: [NotDrawn(f"thing {number}", LossKind.PROP) for number in range(most)]
        for model, most in lost.items()
    }


def hint(**lost: int) -> str:
    """Returns the model that would show more; empty for none."""
    found = better(FIRST, OFFERS, losses(**lost))
    return found.model.name if found else ""


def test_the_offers_are_those_of_all_rows() -> None:
    assert FIRST.model is STORYBOOK
    assert len(OFFERS) == len(ROWS)


def test_the_cheapest_of_those_that_show_the_most_is_better() -> None:
    assert hint(storybook=3, dear=1, cheap=1, bad=2) == "cheap"
    assert hint(storybook=3, dear=0, cheap=1, bad=2) == "dear"


def test_a_model_that_shows_as_much_is_not_better() -> None:
    assert hint(storybook=2, dear=2, cheap=3, bad=2) == ""


def test_a_model_that_cannot_draw_the_page_is_not_better() -> None:
    assert hint(storybook=2) == ""


def test_nothing_is_better_than_a_model_of_which_nothing_is_known() -> None:
    assert hint(dear=0, cheap=0) == ""
