"""The share of a page that a model shows: of what is done, and of the things that are seen."""

from uuid import uuid4

from server.domain.ids import CharacterId
from server.domain.scenes import Figure, LossKind, NotDrawn, Scene, share_shown

MIA = Figure(CharacterId(uuid4()), doing=("climb the oak",), holding=("lantern",))
CLIMB = NotDrawn("climb the oak", LossKind.ACTION)
LANTERN = NotDrawn("lantern", LossKind.PROP, "lamp")
WOOD = NotDrawn("wood", LossKind.PLACE)
SCENE = Scene((MIA,), place="wood", props=("lantern", "rope", "map"))


def test_a_model_shows_the_actions_and_things_that_it_does_not_lose() -> None:
    assert share_shown(SCENE, ()) == 1.0
    assert share_shown(SCENE, (CLIMB,)) == 0.75
    assert share_shown(SCENE, (CLIMB, LANTERN)) == 0.5


def test_what_is_no_action_and_no_thing_does_not_count() -> None:
    assert share_shown(SCENE, (WOOD,)) == 1.0


def test_a_page_on_which_nothing_is_done_is_shown_whole() -> None:
    assert share_shown(Scene(place="wood"), (WOOD, LANTERN)) == 1.0


def test_nobody_loses_more_than_all() -> None:
    assert share_shown(Scene((Figure(MIA.character, doing=("climb",)),)), (CLIMB, LANTERN)) == 0.0
