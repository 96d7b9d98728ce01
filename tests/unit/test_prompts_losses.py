"""What the storybook dialect does not draw of a scene, and what it says that it drew instead."""

import pytest

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.storybook import StorybookDialect
from server.domain.characters import FrozenCharacter, Gender
from server.domain.scenes import (
    DayTime,
    LossKind,
    Mood,
    NotDrawn,
    Scene,
    Season,
    Side,
    Weather,
)
from tests.unit.content import character, figure, render_spec

MIA = character("Mia", age=7, gender=Gender.FEMALE, clothing="a yellow dress")
RUSTY = character("Rusty", species="fox")


def compiled(scene: Scene, *cast: FrozenCharacter) -> CompiledPrompt:
    return StorybookDialect().compile(render_spec(cast or [MIA]), scene)


def losses(**told: object) -> tuple[NotDrawn, ...]:
    """Returns what is not drawn of Mia alone in a scene."""
    return compiled(Scene(figures=(figure(MIA),), **told)).not_drawn  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "became"),
    [
        ("forest", ""),
        ("woods", ""),
        ("deep dark wood", "forest"),
        ("grandmother's garden", ""),
        ("edge of the forest", "forest"),
        ("kitchen", "bedroom"),
        ("old stone castle", "castle"),
        ("river", "beach"),
        ("castle garden", "meadow"),
        ("volcano", "meadow"),
    ],
)
def test_a_place_that_becomes_another_is_told(place: str, became: str) -> None:
    assert losses(place=place) == ((NotDrawn(place, LossKind.PLACE, became),) if became else ())


@pytest.mark.parametrize(
    ("props", "drawn", "lost"),
    [
        (("table", "lamp"), "in a bedroom", {"table": "bedroom", "lamp": ""}),
        (("tall tree",), "in a forest", {"tall tree": "forest"}),
        (("tree",), "in a forest", {}),
        (("window",), "in a bedroom", {}),
        (("sword",), "in a meadow", {"sword": ""}),
    ],
)
def test_a_thing_hints_at_the_place_of_a_scene_that_names_none(
    props: tuple[str, ...], drawn: str, lost: dict[str, str]
) -> None:
    scene = compiled(Scene(figures=(figure(MIA),), props=props))
    assert drawn in scene.prompt
    assert scene.not_drawn == tuple(
        NotDrawn(prop, LossKind.PROP, became) for prop, became in lost.items()
    )


def test_things_that_the_background_shows_are_drawn() -> None:
    shown = ("trees", "green grass", "moon", "stars")
    assert losses(place="forest", time=DayTime.NIGHT, props=shown) == ()
    assert losses(place="forest", props=("moon", "red grass")) == (
        NotDrawn("moon", LossKind.PROP),
        NotDrawn("red grass", LossKind.PROP),
    )


def test_a_thing_that_somebody_holds_is_told_once() -> None:
    held = Scene(
        figures=(figure(MIA, holding=("red ball",), doing=("hold the red ball",)),),
        props=("red ball",),
        colours=("red ball",),
    )
    assert compiled(held).not_drawn == (NotDrawn("red ball", LossKind.PROP),)


@pytest.mark.parametrize(
    ("mood", "became"),
    [
        (Mood.HAPPY, ""),
        (Mood.LAUGHING, ""),
        (Mood.SAD, ""),
        (Mood.ANGRY, ""),
        (Mood.SURPRISED, ""),
        (Mood.AFRAID, "sad"),
        (Mood.TIRED, "sad"),
        (Mood.PROUD, "smiling"),
        (Mood.CURIOUS, "surprised"),
    ],
)
def test_a_mood_that_becomes_another_is_told(mood: Mood, became: str) -> None:
    scene = Scene(figures=(figure(MIA, mood=mood),))
    lost = (NotDrawn(mood, LossKind.MOOD, became),) if became else ()
    assert compiled(scene).not_drawn == lost


def test_a_mood_is_lost_where_the_face_is_not_seen() -> None:
    scene = Scene(figures=(figure(MIA, mood=Mood.SAD),), told="Mia, seen from behind.")
    assert compiled(scene).not_drawn == (NotDrawn("sad", LossKind.MOOD),)


@pytest.mark.parametrize(
    ("action", "phrase", "became"),
    [
        ("wave to Rusty", "smiling, waving", ""),
        ("wave goodbye", "smiling, waving", ""),
        ("wave at the big ship", "smiling, waving", "waving"),
        ("beckon", "smiling, waving", "waving"),
        ("cheer", "smiling, arms up", ""),
        ("raise her arms", "smiling, arms up", ""),
        ("throw up her arms", "smiling, arms up", ""),
        ("stand in the forest", "smiling", ""),
        ("wait", "smiling", "standing"),
        ("laugh", "laughing", ""),
        ("smile at Rusty", "smiling", ""),
        ("cry", "sad", "sad"),
        ("turn away", "back view", ""),
        ("climb the old oak", "smiling", None),
    ],
)
def test_an_action_is_drawn_told_as_bent_or_lost(
    action: str, phrase: str, became: str | None
) -> None:
    told = Scene(figures=(figure(MIA, doing=(action,)), figure(RUSTY)), place="forest")
    scene = compiled(told, MIA, RUSTY)
    assert f"yellow dress, {phrase} and an orange boy fox" in scene.prompt
    lost = () if became == "" else (NotDrawn(action, LossKind.ACTION, became or ""),)
    assert scene.not_drawn == lost


def test_the_first_action_of_an_arm_counts_and_the_mood_before_all() -> None:
    acting = figure(MIA, mood=Mood.SAD, doing=("stand still", "wave", "cheer", "smile"))
    scene = compiled(Scene(figures=(acting,)))
    assert ", sad, waving," in scene.prompt
    assert scene.not_drawn == (
        NotDrawn("cheer", LossKind.ACTION),
        NotDrawn("smile", LossKind.ACTION),
    )


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        ({"weather": (Weather.SNOW,)}, ()),
        ({"season": Season.WINTER}, ()),
        ({"season": Season.SPRING}, ()),
        ({"season": Season.AUTUMN}, (NotDrawn("autumn", LossKind.TIME),)),
        ({"weather": (Weather.SUN,)}, ()),
        ({"weather": (Weather.STORM,)}, (NotDrawn("storm", LossKind.WEATHER, "rain"),)),
        ({"weather": (Weather.FOG,)}, (NotDrawn("fog", LossKind.WEATHER),)),
        (
            {"place": "white hill", "weather": (Weather.SNOW,)},
            (NotDrawn("white hill", LossKind.PLACE, "snow"),),
        ),
        ({"place": "forest", "weather": (Weather.SNOW,)}, (NotDrawn("snow", LossKind.WEATHER),)),
        ({"place": "bedroom", "weather": (Weather.RAIN,)}, (NotDrawn("rain", LossKind.WEATHER),)),
        ({"place": "space", "time": DayTime.DAWN}, (NotDrawn("dawn", LossKind.TIME),)),
    ],
)
def test_time_and_weather_are_drawn_where_they_can_be(
    told: dict[str, object], lost: tuple[NotDrawn, ...]
) -> None:
    assert losses(**told) == lost


@pytest.mark.parametrize(
    ("colour", "lost"),
    [
        ("yellow dress", None),
        ("red dress", "yellow dress"),
        ("brown hair", None),
        ("green hair", "brown hair"),
        ("blue sky", None),
        ("green sky", ""),
        ("purple door", ""),
        ("striped yellow dress", "yellow dress"),
        ("golden yellow dress", "yellow dress"),
        ("yellow skirt", "yellow dress"),
        ("red crown", ""),
    ],
)
def test_a_colour_is_drawn_told_as_bent_or_lost(colour: str, lost: str | None) -> None:
    expected = () if lost is None else (NotDrawn(colour, LossKind.COLOUR, lost),)
    assert losses(colours=(colour,)) == expected


def test_others_beside_the_figures_are_lost() -> None:
    assert losses(extras=("crowd", "grey wolf")) == (
        NotDrawn("crowd", LossKind.EXTRA),
        NotDrawn("grey wolf", LossKind.EXTRA),
    )


def test_a_figure_stands_on_its_side() -> None:
    assert "on the right" in compiled(Scene(figures=(figure(MIA, side=Side.RIGHT),))).prompt


def test_words_in_passing_neither_frame_nor_move_a_figure() -> None:
    told = "A portrait of the queen hung on the left."
    assert "half body illustration of" in compiled(Scene(figures=(figure(MIA),), told=told)).prompt
