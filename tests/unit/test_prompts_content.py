"""Everything that a scene tells is in the caption or among what is not drawn, once."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from actors.prompts.casting import SLOTS
from actors.prompts.storybook import StorybookDialect
from actors.storybook import attributes as drawn
from actors.storybook.animals import COATS
from actors.storybook.attributes import Pose, Time
from actors.storybook.table import Table
from actors.storybook.vocabulary import acting, looks, people, places
from server.domain.characters import FrozenCharacter, Gender
from server.domain.scenes import DayTime, Figure, LossKind, Mood, Scene, Season, Weather
from tests.unit.content import character, figure, render_spec

NAMES = ("Anna", "Bruno", "Carla", "Dora")
DRY = {Time.DAY: "during the day", Time.SUNSET: "at sunset", Time.NIGHT: "at night"}
OTHERS = ("sword", "golden key", "xylophone", "kite", "broken umbrella")
DEEDS = ("climb the old oak", "dance", "open the box", "wave", "cheer", "smile", "cry", "beckon")


UNSAID = {"standing", "smiling"}
"""What captions leave out: everybody stands and smiles."""


def phrases(table: Table) -> list[str]:
    return sorted(" ".join(phrase) for phrase in table.phrases)


PLACES = st.sampled_from([*phrases(places.PLACES), "volcano", "old stone castle", "palace garden"])
THINGS = st.sampled_from([*phrases(places.PLACES), *OTHERS])
WORN = st.sampled_from([*phrases(looks.CLOTHES), *phrases(looks.HATS), "boots", "belt", "scarf"])
DOING = st.sampled_from([*DEEDS, *phrases(acting.ARMS), *phrases(acting.EXPRESSIONS)])
EXTRAS = st.sampled_from([*phrases(people.EVERYBODY), "crowd", "tall man", "two foxes"])


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a scene, and the words of captions that show it; none where nothing does."""

    phrase: str
    kinds: frozenset[LossKind]
    words: frozenset[str]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[FrozenCharacter], Scene]:
    cast = [character(name) for name in NAMES[: draw(st.integers(0, 4))]]
    figures = [
        figure(
            one,
            doing=tuple(draw(st.lists(DOING, max_size=2, unique=True))),
            mood=draw(st.none() | st.sampled_from(Mood)),
            wearing=tuple(draw(st.lists(WORN, max_size=2, unique=True))),
            holding=tuple(draw(st.lists(THINGS, max_size=1))),
        )
        for one in cast
    ]
    some = st.lists(THINGS, max_size=3, unique=True).map(tuple)
    return cast, Scene(
        figures=tuple(figures),
        extras=tuple(draw(st.lists(EXTRAS, max_size=2, unique=True))),
        place=draw(st.just("") | PLACES),
        time=draw(st.none() | st.sampled_from(DayTime)),
        season=draw(st.none() | st.sampled_from(Season)),
        weather=tuple(draw(st.lists(st.sampled_from(Weather), max_size=2, unique=True))),
        props=draw(some),
    )


def items_of(scene: Scene) -> Iterator[Item]:
    """Yields the parts of a scene."""
    for number, (name, one) in enumerate(zip(NAMES, scene.figures, strict=False)):
        if number > 2:
            yield Item(name, frozenset({LossKind.CHARACTER}), frozenset())
        yield from _of_figure(one)
    if scene.place:
        found = list(places.PLACES.matches(scene.place.split()))
        yield Item(
            scene.place, frozenset({LossKind.PLACE}), frozenset(each.meaning for each in found)
        )
    if scene.time:
        shown = DRY[places.TIMES[scene.time][0]]
        yield Item(scene.time, frozenset({LossKind.TIME}), frozenset({shown}))
    if scene.season:
        yield Item(
            scene.season, frozenset({LossKind.TIME}), frozenset(places.SEASONS[scene.season])
        )
    for weather in scene.weather:
        yield Item(weather, frozenset({LossKind.WEATHER}), WEATHERS[weather])
    props = {*scene.props, *(thing for one in scene.figures for thing in one.holding)}
    worn = {thing for one in scene.figures for thing in one.wearing}
    for prop in props - worn - {scene.place} - set(scene.extras):
        yield Item(prop, frozenset({LossKind.PROP}), frozenset(_places_with(prop)))
    for extra in scene.extras:
        yield Item(extra, frozenset({LossKind.EXTRA}), frozenset(_beings(extra)))


WEATHERS = {
    Weather.RAIN: frozenset({"in the rain"}),
    Weather.STORM: frozenset({"in the rain"}),
    Weather.SNOW: frozenset({"in the snow"}),
    Weather.SUN: frozenset({"during the day", "at sunset"}),
    Weather.CLOUD: frozenset({"in the rain", "during the day"}),
    Weather.FOG: frozenset[str](),
    Weather.WIND: frozenset[str](),
    Weather.RAINBOW: frozenset[str](),
}


def _of_figure(one: Figure) -> Iterator[Item]:
    if one.mood is not None:
        face = acting.MOODS[one.mood][0]
        # Three smile without a word.
        yield Item(one.mood, frozenset({LossKind.MOOD}), frozenset({face}))
    for action in one.doing:
        found = [
            match.meaning
            for table in (acting.EXPRESSIONS, acting.TURNS, acting.ARMS)
            for match in table.matches(action.split())
        ]
        standing = {"with", "wearing"} if Pose.STANDING in found else set()
        yield Item(action, frozenset({LossKind.ACTION}), frozenset({*found, *standing}))
    for worn in one.wearing:
        found = [
            match.meaning.removeprefix("a ")
            for table in (looks.CLOTHES, looks.HATS, looks.FEATURES)
            for match in table.matches(worn.split())
        ]
        kinds = frozenset({LossKind.CLOTHING, LossKind.COLOUR})
        yield Item(worn, kinds, frozenset(found))


def _places_with(thing: str) -> set[str]:
    """Returns the words for all that shows a thing: a place, or a sky."""
    found = {match.meaning for match in places.PLACES.matches(thing.split())}
    for place in places.NAMES:
        for time in Time:
            for weather in drawn.Weather:
                shown = places.things_in(place, time, weather)
                last = thing.split()[-1]
                nouns = {thing, last, last.removesuffix("s")}
                found |= {str(place)} if nouns & set(shown) else set()
    return found


def _beings(extra: str) -> set[str]:
    found = {match.meaning for match in people.EVERYBODY.matches(extra.split())}
    return {str(COATS[one][0]) if one in COATS else one for one in found}


@given(scenes())
def test_what_a_scene_tells_is_drawn_or_told_as_not_drawn(
    content: tuple[list[FrozenCharacter], Scene],
) -> None:
    cast, scene = content
    compiled = StorybookDialect().compile(render_spec(cast), scene)
    told = list(items_of(scene))
    for item in told:
        losses = [
            one
            for one in compiled.not_drawn
            if one.phrase == item.phrase and one.kind in item.kinds
        ]
        if not losses:
            assert any(word in compiled.prompt for word in item.words), item
        for loss in losses:
            instead = loss.became.rsplit(" ", maxsplit=1)[-1]
            assert instead in UNSAID | {""} or instead in compiled.prompt, loss
    beyond = {(one.description.name, LossKind.CHARACTER) for one in cast[SLOTS:]}
    assert beyond <= {(loss.phrase, loss.kind) for loss in compiled.not_drawn}
    known = beyond | {(item.phrase, kind) for item in told for kind in item.kinds}
    for loss in compiled.not_drawn:
        assert (loss.phrase, loss.kind) in known | {("nobody", LossKind.CHARACTER)}
    assert len(set(compiled.not_drawn)) == len(compiled.not_drawn)


@given(scenes())
def test_no_part_of_one_figure_is_both_drawn_and_told_as_left_out(
    content: tuple[list[FrozenCharacter], Scene],
) -> None:
    cast, scene = content
    if len(cast) != 1:
        return
    compiled = StorybookDialect().compile(render_spec(cast), scene)
    lost = {(one.phrase, one.kind) for one in compiled.not_drawn if not one.became}
    for item in _of_figure(scene.figures[0]):
        if LossKind.MOOD in item.kinds and lost & {(item.phrase, LossKind.MOOD)}:
            assert not any(f", {word}," in compiled.prompt for word in item.words)


PARTS = {
    "hair": (looks.HAIR_COLOURS, looks.HAIR_STYLES),
    "eyes": (looks.EYES,),
    "skin": (looks.SKIN,),
    "clothing": (looks.CLOTHES, looks.HATS),
    "features": (looks.FEATURES,),
}


@given(st.data())
def test_every_word_of_a_description_is_drawn_or_told_as_not_drawn(data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(sorted(PARTS)))
    table = data.draw(st.sampled_from(PARTS[part]))
    phrase = data.draw(st.sampled_from([*phrases(table), "zigzag"]))
    said = (phrase,) if part == "features" else phrase
    who = character("Anton", age=70, gender=Gender.MALE, **{part: said})
    compiled = StorybookDialect().compile(render_spec([who]), Scene())
    meaning = next((one.meaning for one in table.matches(phrase.split())), "")
    bent = tuple(phrase.split()) in table.bent or not meaning
    assert bool(compiled.not_drawn) == bent, compiled
    if meaning:
        assert meaning.removeprefix("a ") in compiled.prompt
