"""The choice of a model: the first one that can draw the whole request."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from server.domain.limits import NO_LIMITS
from server.domain.models import Size
from server.domain.states import ImageType
from server.errors import Violation
from server.requests.routes import Routes
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from server.routing.conditions import Conditions
from server.routing.formats import RATIOS
from server.routing.router import route
from server.routing.wishes import Offer, Wish

BOTH = Catalogue([STORYBOOK, SDXL])
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def choose(catalogue: Catalogue, wish: Wish, now: datetime) -> Offer | list[Violation]:
    """Returns the best offer while nothing is known of queues, health or budgets."""
    routing = route(catalogue, wish, Conditions(now))
    return routing.offers[0] if routing.offers else list(routing.violations)


def choose_again(catalogue: Catalogue, wish: Wish, now: datetime) -> Offer | list[Violation]:
    """Returns the offer for a picture that has its size, or why there is none."""
    checks = Checks()
    routing = Routes(catalogue, Conditions(now), NO_LIMITS).route_again(checks, "", wish)
    return routing.offers[0] if routing and routing.offers else checks.violations


def _wish(
    kind: ImageType = ImageType.PORTRAIT, model: str = "", shape: str = "", characters: int = 1
) -> Wish:
    return Wish(kind, model, shape, characters)


def _again(model: str, kind: ImageType, display: Size, characters: int = 1) -> Wish:
    return Wish(kind, model, "", characters, display=display)


def _obstacles(catalogue: Catalogue, wish: Wish) -> list[Violation]:
    found = choose(catalogue, wish, NOW)
    assert not isinstance(found, Offer)
    return found


@pytest.mark.parametrize(
    ("wish", "model", "size"),
    [
        (_wish(), "storybook", Size(1024, 1024)),
        (_wish(shape="1024x1536"), "sdxl", Size(1024, 1536)),
        (_wish(model="sdxl"), "sdxl", Size(1024, 1024)),
        (_wish(ImageType.SCENE), "storybook", Size(1824, 1024)),
        (_wish(ImageType.COVER), "storybook", Size(1824, 1024)),
        (_wish(ImageType.SCENE, shape="1:1"), "storybook", Size(1024, 1024)),
        (_wish(ImageType.SCENE, shape="4:3", model="sdxl"), "sdxl", Size(1368, 1024)),
        (_wish(ImageType.SCENE, characters=3), "sdxl", Size(1824, 1024)),
        (_wish(ImageType.SCENE, characters=0), "storybook", Size(1824, 1024)),
    ],
)
def test_the_first_model_that_can_draw_the_whole_request_is_chosen(
    wish: Wish, model: str, size: Size
) -> None:
    offer = choose(BOTH, wish, NOW)
    assert isinstance(offer, Offer)
    assert (offer.model.name, offer.format.display) == (model, size)


def test_the_order_of_the_catalogue_is_the_preference() -> None:
    offer = choose(Catalogue([SDXL, STORYBOOK]), _wish(), NOW)
    assert isinstance(offer, Offer)
    assert offer.model is SDXL


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("model", ["storybook", "sdxl"])
def test_no_model_is_refused_for_a_ratio(model: str, ratio: str) -> None:
    offer = choose(BOTH, _wish(ImageType.SCENE, model=model, shape=ratio), NOW)
    assert isinstance(offer, Offer)
    assert (offer.model.name, offer.format.display) == (model, RATIOS[ratio])
    assert offer.format.cropped_from == ("" if ratio in offer.model.scenes else "1:1")


def test_a_model_is_not_passed_over_because_it_would_crop() -> None:
    offer = choose(BOTH, _wish(ImageType.SCENE, shape="16:9"), NOW)
    assert isinstance(offer, Offer)
    assert (offer.model, offer.format.cropped_from) == (STORYBOOK, "1:1")


def test_a_model_that_is_not_offered_is_refused_with_the_offered_ones() -> None:
    [wrong] = _obstacles(Catalogue([STORYBOOK]), _wish(model="sdxl"))
    assert wrong.reason == reasons.ERROR_REASON_MODEL_UNKNOWN
    assert "use one of storybook, or leave it empty" in wrong.description


def test_both_obstacles_are_named_at_once() -> None:
    found = _obstacles(BOTH, _wish(shape="640x480", characters=9))
    assert [one.reason for one in found] == [
        reasons.ERROR_REASON_TOO_MANY_CHARACTERS,
        reasons.ERROR_REASON_SIZE_NOT_OFFERED,
    ]


def test_offered_sizes_are_those_of_models_that_can_draw_that_many() -> None:
    few = replace(STORYBOOK, portraits=SDXL.portraits)
    many = replace(SDXL, portraits=STORYBOOK.portraits)
    [wrong] = _obstacles(Catalogue([few, many]), _wish(shape="1024x1536", characters=4))
    assert wrong.field == "size"
    assert wrong.description == '"1024x1536" is not offered; use one of 1024x1024'


@pytest.mark.parametrize(
    ("model", "kind", "display", "cropped_from"),
    [
        ("storybook", ImageType.SCENE, Size(1824, 1024), "1:1"),
        ("sdxl", ImageType.SCENE, Size(1824, 1024), ""),
        ("storybook", ImageType.COVER, Size(1024, 1024), ""),
        ("sdxl", ImageType.PORTRAIT, Size(1024, 1536), ""),
    ],
)
def test_a_named_model_draws_a_picture_again_in_its_size(
    model: str, kind: ImageType, display: Size, cropped_from: str
) -> None:
    offer = choose_again(BOTH, _again(model, kind, display), NOW)
    assert isinstance(offer, Offer)
    assert (offer.model.name, offer.format.display) == (model, display)
    assert offer.format.cropped_from == cropped_from


def test_a_named_model_that_cannot_draw_a_picture_again_says_why() -> None:
    tall = Size(1024, 1536)
    found = choose_again(BOTH, _again("storybook", ImageType.PORTRAIT, tall, 3), NOW)
    assert not isinstance(found, Offer)
    assert [(wrong.field, wrong.reason) for wrong in found] == [
        ("options.model", reasons.ERROR_REASON_TOO_MANY_CHARACTERS),
        ("options.model", reasons.ERROR_REASON_SIZE_NOT_OFFERED),
    ]
    assert "storybook does not draw 1024x1536" in found[1].description
    unknown = choose_again(BOTH, _again("dall-e", ImageType.SCENE, tall), NOW)
    assert not isinstance(unknown, Offer)
    assert [wrong.reason for wrong in unknown] == [reasons.ERROR_REASON_MODEL_UNKNOWN]


def test_a_catalogue_is_made_of_known_names() -> None:
    assert Catalogue.named(["sdxl", "storybook"]).models == (SDXL, STORYBOOK)
    assert BOTH.get("sdxl") is SDXL
    assert BOTH.get("") is None
    for names in (["sdxl", "dall-e"], []):
        with pytest.raises(ValueError, match="use some of storybook, sdxl"):
            Catalogue.named(names)
