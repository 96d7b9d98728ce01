"""The dialects of sentences say all of a scene, each part once."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from actors.prompts.dialect import Dialect
from actors.prompts.hosted import HostedDialect
from actors.prompts.saying import says
from actors.prompts.sdxl import SdxlDialect
from server.domain.characters import FrozenCharacter
from server.domain.scenes import DayTime, Figure, Mood, Scene, Season, Side, Weather
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from tests.unit.content import character, figure, render_spec

MIA = character("Mia", clothing="a red coat and a straw hat")
RUSTY = character("Rusty", species="fox")
DIALECTS: dict[str, Dialect] = {"sdxl": SdxlDialect(), "hosted": HostedDialect(32_000)}

SCENE: dict[str, list[tuple[Any, list[str]]]] = {
    "figures": [((figure(MIA, doing=("swim",)),), ["swimming"])],
    "extras": [(("owl", "two cats"), ["an owl", "two cats"])],
    "place": [("attic", ["in the attic"])],
    "time": [(one, [str(one)]) for one in DayTime],
    "season": [(one, [f"in {one}"]) for one in Season],
    "weather": [((one,), [str(one)]) for one in Weather]
    + [((Weather.RAIN, Weather.WIND), ["rain, wind"])],
    "props": [(("lamp", "apple"), ["a lamp", "an apple"])],
    "colours": [(("green door", "white wall"), ["green door", "white wall"])],
    "absent": [(("moon", "owl"), ["moon", "owl"])],
}
"""Each part of a scene, and the words that say it."""
UNSAID = {
    "away": "nobody of them is in the cast of the picture",
    "told": "it says what the other parts say",
    "empty": "what is emptied is empty",
    "unsure": "it is drawn as it was read",
}
FIGURE: dict[str, list[tuple[Any, list[str]]]] = {
    "character": [(figure(MIA).character, ["Mia"])],
    "doing": [(("climb the oak", "wave"), ["climbing the oak", "waving"])],
    "mood": [(one, ["smiling" if one is Mood.HAPPY else str(one)]) for one in Mood],
    "holding": [(("lamp", "bun"), ["holding a lamp and a bun"])],
    "wearing": [(("blue scarf",), ["wearing a blue scarf, a red coat and a straw hat"])],
    "without": [(("shoes",), ["shoes"])],
    "side": [(one, [f"{one} of the picture"]) for one in Side],
}

Said = Callable[[RenderSpec, Scene], str]


@pytest.fixture(params=DIALECTS)
def said(request: pytest.FixtureRequest) -> Said:
    """Returns what a dialect says of a scene, and of what is not there."""

    def compiled(spec: RenderSpec, scene: Scene) -> str:
        prompt = DIALECTS[request.param].compile(spec, scene)
        return f"{prompt.prompt}\n{prompt.negative_prompt}"

    return compiled


def cases(parts: dict[str, list[tuple[Any, list[str]]]]) -> list[Any]:
    return [
        pytest.param(name, value, words, id=f"{name}-{place}")
        for name, values in parts.items()
        for place, (value, words) in enumerate(values)
    ]


def test_each_field_of_a_scene_and_its_figures_is_said_or_has_a_reason() -> None:
    assert {one.name for one in fields(Scene)} == SCENE.keys() | UNSAID.keys()
    assert {one.name for one in fields(Figure)} == FIGURE.keys()


@pytest.mark.parametrize("description", ["", "The Map"])
@pytest.mark.parametrize("image_type", ImageType)
@pytest.mark.parametrize(("name", "value", "words"), cases(SCENE))
def test_each_part_of_a_scene_is_said(
    said: Said,
    image_type: ImageType,
    description: str,
    name: str,
    value: Any,
    words: list[str],
) -> None:
    spec = render_spec([MIA], image_type, scene=description)
    prompt = said(spec, replace(Scene(), **{name: value}))
    bare = said(spec, Scene())
    assert [one for one in words if one not in prompt] == []
    assert [one for one in words if one in bare] == []


@pytest.mark.parametrize("description", ["", "The Map"])
@pytest.mark.parametrize(("name", "value", "words"), cases(FIGURE))
def test_each_part_of_a_figure_is_said(
    said: Said, description: str, name: str, value: Any, words: list[str]
) -> None:
    scene = Scene((replace(figure(MIA), **{name: value}),))
    prompt = said(render_spec([MIA], scene=description), scene)
    assert [one for one in words if one not in prompt] == []


def test_a_cover_without_a_description_says_its_place_and_what_is_there(said: Said) -> None:
    spec = render_spec([MIA], ImageType.COVER, scene="The Lost Map")
    spec = replace(spec, page_text="It was winter. An owl sat in the attic by a lamp.")
    scene = Scene(
        (figure(MIA),), extras=("owl",), place="attic", season=Season.WINTER, props=("lamp",)
    )
    prompt = said(spec, scene)
    assert "The Lost Map" in prompt
    assert "in the attic, in winter, an owl, a lamp" in prompt


def test_what_an_author_fixed_is_said_beside_the_description(said: Said) -> None:
    fixed = Scene(place="attic", weather=(Weather.STORM,), colours=("green door",))
    spec = replace(render_spec([MIA], scene="Mia reads her book."), fixed=fixed)
    prompt = said(spec, fixed)
    assert "Mia reads her book" in prompt
    assert "in the attic, a storm, the green door" in prompt


def sdxl(description: str, scene: Scene, *cast: FrozenCharacter) -> str:
    return SdxlDialect().compile(render_spec(cast, scene=description), scene).prompt


def test_what_a_description_says_is_not_said_again() -> None:
    scene = Scene(
        extras=("owl",),
        place="old kitchen",
        time=DayTime.NIGHT,
        season=Season.WINTER,
        weather=(Weather.SNOW, Weather.FOG),
        props=("lamp", "red ball"),
        colours=("green door",),
    )
    told = "One snowy, foggy winter night two owls sit in the old dark kitchen by a lamp and the "
    assert sdxl(f"{told} green door. A red ball.", scene).endswith("A red ball")
    assert sdxl(f"{told} door, green and red. A ball.", scene).endswith(
        "A ball. a red ball, the green door"
    )


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("a red coat and a dragon", "red dragon", False),
        ("the window", "wind", False),
        ("the dark red coats", "a dark red coat", True),
        ("the old, gnarled oak", "old oak", False),
        ("The OLD gnarled oak", "old oak", True),
        ("one sunny day", "sun", True),
        ("", "sun", False),
        ("the sun", "", False),
    ],
)
def test_a_text_says_a_phrase_that_stands_in_it(text: str, phrase: str, found: bool) -> None:
    assert says(text, phrase) is found


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (Scene(props=("door", "lamp"), colours=("green door",)), "a green door, a lamp"),
        (Scene(props=("green door",), colours=("green door",)), "a green door"),
        (Scene(props=("door",), colours=("green door", "red door")), "a green door, the red door"),
        (Scene(extras=("dog",), colours=("brown dog",)), "a brown dog"),
        (Scene(place="kitchen", colours=("white kitchen",)), "in the white kitchen"),
        (Scene(props=("a lamp",), colours=("a red lamp",)), "a red lamp"),
        (Scene(colours=("red hair", "green eyes")), "the red hair, the green eyes"),
        (Scene((figure(MIA, holding=("lamp",)),), props=("lamp",), colours=("red lamp",)), ""),
        (Scene((figure(MIA, wearing=("boots",)),), colours=("dark red boots",)), ""),
        (Scene((figure(MIA, doing=("open the red box",)),), colours=("red box",)), ""),
        (Scene((figure(MIA),), colours=("red coat", "blue coat")), "the blue coat"),
        (
            Scene(
                (figure(MIA, holding=("cup",)), figure(RUSTY, holding=("cup",))),
                colours=("red cup",),
            ),
            "the red cup",
        ),
    ],
)
def test_a_colour_is_said_once_with_the_thing_that_has_it(
    said: Said, scene: Scene, words: str
) -> None:
    prompt = said(render_spec([MIA, RUSTY]), scene)
    for colour in scene.colours:
        assert prompt.count(colour.removeprefix("a ")) == 1
    spec = render_spec([MIA, RUSTY], style=replace(render_spec().style, prompt_template="Drawn"))
    last = SdxlDialect().compile(spec, scene).prompt.split(". ")[-1]
    assert last == words or (words == "" and last.startswith("Rusty"))
