"""What hosted models are not told of a page whose prompt is cut to its limit."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.hosted import HostedDialect
from server.domain.characters import FrozenCharacter, Gender
from server.domain.ids import CharacterId
from server.domain.scenes import (
    DayTime,
    Figure,
    LossKind,
    Mood,
    NotDrawn,
    Scene,
    Season,
    Weather,
    share_shown,
)
from tests.unit.content import character, figure, render_spec

MIA = character("Mia", age=7, gender=Gender.FEMALE, clothing="a yellow dress")
RUSTY = character("Rusty", species="fox", skin="orange")
WHOLE = 32_000
STYLE = NotDrawn("cartoon", LossKind.STYLE)
SCENE = Scene(
    figures=(
        figure(MIA, doing=("climb the old oak",), mood=Mood.HAPPY, holding=("lamp",)),
        figure(RUSTY, doing=("sleep",), wearing=("green scarf",)),
    ),
    extras=("owl",),
    place="orchard",
    time=DayTime.NIGHT,
    season=Season.WINTER,
    weather=(Weather.SUN,),
    props=("lamp", "apple"),
    absent=("moon",),
)
AROUND = (
    NotDrawn("owl", LossKind.EXTRA),
    NotDrawn("orchard", LossKind.PLACE),
    NotDrawn("night", LossKind.TIME),
    NotDrawn("winter", LossKind.TIME),
    NotDrawn("sun", LossKind.WEATHER),
)
OF_MIA = (NotDrawn("climb the old oak", LossKind.ACTION), NotDrawn("happy", LossKind.MOOD))
OF_RUSTY = (NotDrawn("sleep", LossKind.ACTION), NotDrawn("green scarf", LossKind.CLOTHING))
BOTH = (NotDrawn("Mia", LossKind.CHARACTER), NotDrawn("Rusty", LossKind.CHARACTER))
LAMP, APPLE = NotDrawn("lamp", LossKind.PROP), NotDrawn("apple", LossKind.PROP)

THINGS = tuple(f"thing{count}" for count in range(99))
"""More things than a short prompt has room for."""


def compiled(
    limit: int, scene: Scene = SCENE, pictures: tuple[UUID, ...] = (), words: str = ""
) -> CompiledPrompt:
    spec = render_spec([MIA, RUSTY], scene=words)
    return HostedDialect(limit).compile(spec, scene, pictures)


def whole(scene: Scene = SCENE) -> int:
    """Returns the smallest limit with room for all of a prompt."""
    return len(compiled(WHOLE, scene).prompt.encode()) + 2


def without(words: str, scene: Scene = SCENE) -> CompiledPrompt:
    """Returns the longest prompt that has no room for some words of it."""
    cuts = (compiled(limit, scene) for limit in range(whole(scene), 0, -1))
    return next(cut for cut in cuts if words not in cut.prompt)


def test_a_prompt_with_room_for_all_loses_nothing() -> None:
    assert compiled(WHOLE).not_drawn == ()
    assert compiled(whole()).prompt == compiled(WHOLE).prompt
    assert compiled(whole()).not_drawn == ()


def test_a_setting_without_room_is_lost_part_by_part() -> None:
    assert without("In it:").not_drawn == (*AROUND, APPLE)


def test_a_character_without_room_is_lost_with_its_acting_and_its_clothes() -> None:
    cut = without("2. Rusty")
    assert "Its only character is Mia" in cut.prompt
    lost = {BOTH[1], *OF_RUSTY}
    assert lost <= set(cut.not_drawn) <= lost | {*AROUND, APPLE}


def test_nearly_all_is_lost_where_only_the_style_has_room() -> None:
    cut = next(cut for cut in map(compiled, range(WHOLE)) if "cartoon style" in cut.prompt)
    assert cut.not_drawn == (*BOTH, *OF_MIA, *OF_RUSTY, *AROUND, LAMP, APPLE)
    assert compiled(0).not_drawn == (STYLE, *cut.not_drawn)


def test_what_the_words_of_a_page_still_say_is_not_lost() -> None:
    told = "Mia climbed the oldest oak. Owls sat in the orchard, happy about the winter's sun."
    scene = replace(SCENE, figures=(), extras=("owl", "fox"), told=told, absent=(), props=THINGS)
    cut = HostedDialect(600).compile(render_spec([]), scene)
    assert "In it:" not in cut.prompt
    assert told in cut.prompt
    lost = (NotDrawn("fox", LossKind.EXTRA), NotDrawn("night", LossKind.TIME))
    assert cut.not_drawn == (*lost, *(NotDrawn(one, LossKind.PROP) for one in THINGS))


def test_words_that_are_far_apart_in_a_text_do_not_say_a_phrase() -> None:
    props = ("red ball", "red hat", *THINGS)
    scene = Scene(told="A red hat lay there. A ball rolled.", props=props)
    lost = HostedDialect(500).compile(render_spec([]), scene).not_drawn
    assert NotDrawn("red ball", LossKind.PROP) in lost
    assert NotDrawn("red hat", LossKind.PROP) not in lost


def test_a_thing_is_lost_with_the_one_who_holds_it() -> None:
    held = Scene(figures=(figure(MIA), figure(RUSTY, holding=("lamp",))), props=("lamp",))
    assert compiled(WHOLE, held).not_drawn == ()
    cut = without("2. Rusty", held)
    assert cut.not_drawn == (BOTH[1], LAMP)


def test_a_character_of_a_picture_that_is_sent_along_is_drawn() -> None:
    cast = [MIA, character("Rusty", features=("a bushy tail",) * 50)]
    dialect = HostedDialect(900)
    alone = dialect.compile(render_spec(cast), Scene())
    assert alone.not_drawn == (NotDrawn("Rusty", LossKind.CHARACTER),)
    assert dialect.compile(render_spec(cast), Scene(), (cast[1].id,)).not_drawn == ()


@pytest.mark.parametrize("told", ["", "The ball was red."])
def test_a_colour_that_no_word_says_is_lost(told: str) -> None:
    scene = Scene(colours=("red ball",), told=told)
    cut = HostedDialect(380).compile(render_spec([]), scene)
    lost = () if "red" in cut.prompt else (NotDrawn("red ball", LossKind.COLOUR),)
    assert cut.not_drawn == lost


def test_a_cut_page_counts_for_less_of_it() -> None:
    assert share_shown(SCENE, compiled(WHOLE).not_drawn) == 1
    assert share_shown(SCENE, without("In it:").not_drawn) == 0.75
    assert share_shown(SCENE, compiled(0).not_drawn) == 0


SAID = {
    "climb the old oak": "climbing the old oak",
    "dance": "dancing",
    "sleep": "sleeping",
    "happy": "smiling",
    "sun": "sunshine",
    "cloud": "clouds",
}
"""The words of prompts for phrases that they say in another form."""


@st.composite
def contents(draw: st.DrawFn) -> tuple[list[FrozenCharacter], Scene, str]:
    """Draws characters, a scene whose parts share no words, and a text of some of its parts."""
    cast = [
        character(name, clothing="a tunic " * draw(st.integers(1, 9)))
        for name in ("Anna", "Bruno", "Carla")[: draw(st.integers(0, 3))]
    ]
    deeds = draw(st.permutations(["climb the old oak", "dance", "sleep"]))
    held = draw(st.permutations(["lamp", "rope", "bun"]))
    worn = draw(st.permutations(["helmet", "scarf", "apron"]))
    figures = [
        figure(
            one,
            doing=tuple(deeds[at : at + draw(st.integers(0, 1))]),
            mood=draw(st.none() | st.sampled_from([Mood.HAPPY, Mood.ANGRY])) if at == 0 else None,
            holding=tuple(held[at : at + draw(st.integers(0, 1))]),
            wearing=tuple(worn[at : at + draw(st.integers(0, 1))]),
        )
        for at, one in enumerate(cast)
    ]
    scene = Scene(
        figures=tuple(figures),
        extras=tuple(draw(st.sets(st.sampled_from(["wolf", "crowd"])))),
        place=draw(st.sampled_from(["", "orchard", "stone castle"])),
        time=draw(st.none() | st.sampled_from([DayTime.NIGHT, DayTime.EVENING])),
        season=draw(st.none() | st.sampled_from([Season.WINTER, Season.SUMMER])),
        weather=tuple(draw(st.sets(st.sampled_from([Weather.SUN, Weather.CLOUD])))),
        props=tuple(draw(st.sets(st.sampled_from(["apple", "kite", "lamp"])))),
        colours=tuple(draw(st.sets(st.sampled_from(["purple door", "silver gate"])))),
    )
    told = draw(st.lists(st.sampled_from([*(phrase for phrase, _ in items_of(scene)), "Oh"])))
    return cast, scene, " ".join(f"{one}." for one in told)


def items_of(scene: Scene) -> Iterator[tuple[str, LossKind]]:
    """Yields the parts of a scene but for its characters."""
    worn = {one for each in scene.figures for one in each.wearing}
    for one in scene.figures:
        yield from ((action, LossKind.ACTION) for action in one.doing)
        yield from ((str(mood), LossKind.MOOD) for mood in filter(None, [one.mood]))
    yield from ((one, LossKind.CLOTHING) for one in worn)
    yield from ((one, LossKind.EXTRA) for one in scene.extras)
    yield from ((one, LossKind.PLACE) for one in filter(None, [scene.place]))
    yield from ((str(one), LossKind.TIME) for one in (scene.time, scene.season) if one)
    yield from ((str(one), LossKind.WEATHER) for one in scene.weather)
    held = {one for each in scene.figures for one in each.holding}
    yield from ((one, LossKind.PROP) for one in {*scene.props, *held})
    yield from ((one, LossKind.COLOUR) for one in scene.colours)


@given(contents(), st.integers(0, 1500), st.booleans())
def test_what_a_scene_tells_is_in_the_prompt_or_told_as_not_drawn(
    content: tuple[list[FrozenCharacter], Scene, str], limit: int, described: bool
) -> None:
    cast, scene, words = content
    spec = render_spec(cast, scene=words if described else "")
    scene = scene if described else replace(scene, told=words)
    cut = HostedDialect(limit).compile(spec, scene)
    lost = {(one.phrase, one.kind) for one in cut.not_drawn}
    for phrase, kind in items_of(scene):
        said = phrase in cut.prompt or SAID.get(phrase, phrase) in cut.prompt
        assert said != ((phrase, kind) in lost), (phrase, cut)
    for one in cast:
        line = f"{one.description.name}, a character"
        assert (line in cut.prompt) != ((one.description.name, LossKind.CHARACTER) in lost)
    parts = {*items_of(scene), *((one.description.name, LossKind.CHARACTER) for one in cast)}
    assert lost <= parts | {(STYLE.phrase, STYLE.kind)}
    assert len(lost) == len(cut.not_drawn)
    assert not any(one.became for one in cut.not_drawn)


def test_what_a_figure_who_is_not_of_the_cast_does_is_lost() -> None:
    acting = Figure(CharacterId(UUID(int=9)), doing=("dance",))
    scene = Scene(figures=(acting,))
    assert compiled(WHOLE, scene).not_drawn == (NotDrawn("dance", LossKind.ACTION),)
