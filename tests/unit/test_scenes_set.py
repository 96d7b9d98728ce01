"""What an author sets of a scene: what is refused of it, and how it holds over what is read."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from imggen.rules import scenes as rules
from imggen.rules.checks import Checks
from imggen.v1.scene_pb2 import Figure as FigureMessage
from imggen.v1.scene_pb2 import Scene as SceneMessage
from server.domain.ids import CharacterId
from server.domain.scenes import (
    DayTime,
    Figure,
    LossKind,
    Mood,
    Scene,
    SceneField,
    Season,
    Unsure,
    Weather,
    overridden,
    scene_json,
    scene_of_json,
)
from server.replies.scenes import scene_message
from server.requests.scenes import scene_of

MIA, LEO, EVE = (CharacterId(UUID(int=number)) for number in range(1, 4))
CAST = (MIA, LEO, EVE)
READ = Scene(
    figures=(Figure(MIA, ("sleep",), Mood.TIRED, ("map",)), Figure(LEO, ("run",))),
    extras=("crowd",),
    place="kitchen",
    time=DayTime.DAY,
    weather=(Weather.RAIN,),
    props=("map", "kettle"),
    absent=("hat",),
    told="Mia sleeps in the kitchen.",
)


def read(**fields: Any) -> tuple[SceneMessage, list[tuple[str, str]]]:
    """Reads the scene of a page that lists Mia; returns it, and what is wrong with it."""
    checks = Checks()
    found = rules.read_scene(checks, "scene", SceneMessage(**fields), [str(MIA)])
    return found, [(one.field, one.description) for one in checks.violations]


def test_the_words_of_scenes_are_those_of_the_service() -> None:
    known = (rules.MOODS, rules.TIMES, rules.SEASONS, rules.WEATHER, rules.FIELDS)
    for words, enum in zip(known, (Mood, DayTime, Season, Weather, SceneField), strict=True):
        assert set(words) == set(enum)


def test_a_scene_is_cleaned_and_comes_back_as_it_was_set() -> None:
    figure = FigureMessage(character_id=str(MIA), doing=["climb  up"], mood="sad", without=["hat"])
    fields = {"figures": [figure], "time": "night", "weather": ["fog"], "empty": ["props"] * 2}
    found, wrong = read(place=" the  mill ", **fields)
    assert wrong == []
    assert list(found.empty) == ["props"]
    assert (found.place, list(found.figures[0].doing)) == ("the mill", ["climb up"])
    assert scene_message(scene_of(found)) == found


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"time": "noon"}, "scene.time", '"noon" is not a time; use one of dawn, morning'),
        ({"season": "monsoon"}, "scene.season", "use one of spring"),
        ({"weather": ["hail"]}, "scene.weather[0]", "use one of sun"),
        ({"weather": [""]}, "scene.weather[0]", "is empty"),
        ({"props": [" "]}, "scene.props[0]", "is required"),
        ({"props": ["x"] * 41}, "scene.props", "must have 40 entries or fewer, has 41"),
        ({"place": "x" * 201}, "scene.place", "must have 200 characters or fewer"),
        ({"figures": [{}]}, "scene.figures[0].character_id", "is required"),
        ({"figures": [{"character_id": str(LEO)}]}, "scene.figures[0].character_id", "add it to"),
        (
            {"figures": [{"character_id": str(MIA), "mood": "odd"}]},
            "scene.figures[0].mood",
            "use one of happy",
        ),
        ({"empty": ["absent"]}, "scene.empty[0]", '"absent" is not a field; use one of figures'),
        ({"empty": ["place"], "place": "x"}, "scene.empty[0]", "is set, too; set it or empty it"),
        (
            {"figures": [{"character_id": str(MIA)}] * 2},
            "scene.figures[1].character_id",
            "is named before",
        ),
    ],
)
def test_what_is_wrong_with_a_scene_is_named(fields: Any, field: str, why: str) -> None:
    [(named, said)] = read(**fields)[1]
    assert named == field
    assert why in said


def test_what_is_set_holds_and_the_rest_is_as_it_was_read() -> None:
    found = overridden(READ, Scene(place="garden", weather=(Weather.SUN,)), CAST)
    assert (found.place, found.weather, found.time) == ("garden", (Weather.SUN,), DayTime.DAY)
    assert (found.figures, found.props, found.extras) == (READ.figures, READ.props, READ.extras)
    assert found.told == ""  # it says otherwise


def test_the_figures_that_are_set_are_all_who_are_there() -> None:
    found = overridden(READ, Scene((Figure(EVE), Figure(MIA, ("climb",)))), CAST)
    assert found.figures == (Figure(EVE), Figure(MIA, ("climb",), Mood.TIRED, ("map",)))
    assert found.away == (LEO,)


def test_figures_that_are_not_of_the_cast_are_left_out() -> None:
    found = overridden(READ, Scene((Figure(EVE), Figure(LEO))), (MIA, LEO))
    assert ([one.character for one in found.figures], found.away) == ([LEO], (MIA,))
    assert overridden(READ, Scene((Figure(EVE),)), (MIA, LEO)).figures == READ.figures


def test_what_is_set_as_absent_is_not_shown() -> None:
    found = overridden(READ, Scene(absent=("Kettle", "crowd")), CAST)
    assert (found.props, found.extras) == (("map",), ())
    assert found.absent == ("Kettle", "crowd", "hat")


@pytest.mark.parametrize("field", list(SceneField))
def test_what_is_emptied_is_empty_whatever_is_read(field: SceneField) -> None:
    full = replace(READ, season=Season.WINTER, colours=("red hat",))
    found = overridden(full, Scene(empty=(field,)), CAST)
    assert getattr(full, field)
    assert getattr(found, field) == getattr(Scene(), field)
    assert found.empty == ()


def test_a_page_that_is_emptied_of_figures_has_nobody_of_the_cast() -> None:
    found = overridden(READ, Scene(empty=(SceneField.FIGURES,)), CAST)
    assert (found.figures, found.away) == ((), CAST)


def test_nobody_holds_things_where_there_are_none_but_what_is_set() -> None:
    fixed = Scene((Figure(LEO, holding=("lamp",)), Figure(MIA)), empty=(SceneField.PROPS,))
    assert [one.holding for one in overridden(READ, fixed, CAST).figures] == [("lamp",), ()]
    assert overridden(READ, Scene(empty=(SceneField.PROPS,)), CAST).figures[0].holding == ()


def test_what_is_emptied_is_kept() -> None:
    fixed = Scene(place="mill", empty=(SceneField.FIGURES, SceneField.TIME))
    assert scene_of_json(scene_json(fixed)) == fixed


def test_what_an_author_sets_is_not_unsure_any_more() -> None:
    place = Unsure("kitchen", LossKind.PLACE, "guessed")
    action = Unsure("run", LossKind.ACTION, "who?")
    scene = replace(READ, unsure=(place, action))
    assert overridden(scene, Scene(place="mill"), CAST).unsure == (action,)
    assert overridden(scene, Scene(empty=(SceneField.PLACE,)), CAST).unsure == (action,)
    assert overridden(scene, Scene(figures=(Figure(MIA),)), CAST).unsure == (place,)
    assert overridden(scene, Scene(time=DayTime.DAY), CAST).unsure == (place, action)
