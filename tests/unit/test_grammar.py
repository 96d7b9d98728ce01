"""The grammar: captions of drawings and prompts of the service have the same words."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.prompts.casting import SLOTS
from actors.prompts.storybook import StorybookDialect
from actors.storybook import attributes as drawn
from actors.storybook import grammar, vocabulary
from actors.storybook.animals import COATS, DRAWN, KINDS
from actors.storybook.grammar import LONGEST, caption, length
from actors.storybook.table import table
from actors.storybook.vocabulary import acting as words
from actors.storybook.vocabulary import places
from recipe.evaluation.wording import told_scene
from recipe.illustrator.sampling import FULL, sample_scene
from server.domain.characters import FrozenCharacter, Gender
from server.domain.scenes import DayTime, Mood, Scene, Season, Side, Weather
from server.domain.states import ImageType
from tests.unit.content import CARTOON, character, figure, render_spec

NAMES = ("Anna", "Bruno", "Carla", "Dora")
YEARS = {drawn.Age.CHILD: 8, drawn.Age.ADULT: 30, drawn.Age.ELDER: 70}


def sampled_scenes(count: int) -> list[drawn.Scene]:
    chance = Random(4)
    return [sample_scene(chance, FULL) for _ in range(count)]


def test_captions_are_those_that_the_weights_were_trained_on() -> None:
    chance, digest = Random(2026), hashlib.sha256()
    for _ in range(2_000):
        digest.update(caption(sample_scene(chance, FULL), chance).encode() + b"\n")
    assert digest.hexdigest() == (
        "246d35e858e13561881d8df541541df4e6a197775677caf931c6c7dea2c6c2a2"
    )


def described(name: str, who: drawn.Character) -> FrozenCharacter:
    """Returns a description of all of a character's looks."""
    worn = [f"a {who.colour} {who.garment}"]
    worn += [f"a {who.hat}"] if who.hat is not drawn.Hat.NONE else []
    worn += ["a scarf"] if who.scarf else []
    flags = {"freckles": who.freckles, "glasses": who.glasses, "a beard": who.beard}
    hair = "" if who.is_animal else f"{who.hair} {who.hair_style}"
    return character(
        name,
        age=YEARS[who.age],
        gender=Gender.FEMALE if who.gender is drawn.Gender.FEMALE else Gender.MALE,
        species=who.species,
        hair=hair,
        eyes=who.eyes,
        skin=f"{who.fur} fur" if who.is_animal else who.skin,
        clothing=", ".join(worn),
        features=tuple(flag for flag, there in flags.items() if there),
    )


@pytest.mark.parametrize("index", range(0, 600, 50))
def test_a_scene_described_in_the_grammars_words_compiles_to_its_caption(index: int) -> None:
    for scene in sampled_scenes(600)[index : index + 50]:
        # The service never asks for three.
        if len(scene.characters) > SLOTS or length(caption(scene)) > LONGEST:
            continue
        cast = [described(name, who) for name, who in zip(NAMES, scene.characters, strict=False)]
        portrait = scene.framing is drawn.Framing.CLOSE_UP
        spec = render_spec(
            cast,
            ImageType.PORTRAIT if portrait else ImageType.SCENE,
            style=replace(CARTOON, id=scene.style),
            scene=f"A {scene.framing} picture.",
        )
        compiled = StorybookDialect().compile(spec, told_scene(scene, cast))
        assert compiled.prompt == caption(scene)
        assert compiled.not_drawn == ()


def _one_of(phrases: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(map(re.escape, phrases), key=len, reverse=True))})"


def _canonical(phrases: Iterable[grammar.Phrases]) -> str:
    return _one_of(each[0] for each in phrases)


def _filled(template: str, values: type[StrEnum]) -> list[str]:
    return [template.format(value).replace("a orange", "an orange") for value in values]


def _grammar() -> re.Pattern[str]:
    """Returns a pattern of canonical captions, built only from the grammar's tables."""
    hair = _one_of(
        phrase for each in grammar.HAIR_STYLES.values() for phrase in _filled(each[0], drawn.Hair)
    )
    garment = _one_of(
        phrase for each in grammar.GARMENTS.values() for phrase in _filled(each[0], drawn.Colour)
    )
    hat = _one_of(f"a {each}" for each in drawn.Hat if each is not drawn.Hat.NONE)
    eyes, fur = _one_of(f"{each} eyes" for each in drawn.Eyes), _one_of(drawn.Fur)
    face = f"{eyes}(?:, glasses)?"
    skin, subject = _canonical(grammar.SKINS.values()), _canonical(grammar.SUBJECTS.values())
    animal = f"{fur} {_one_of(grammar.SEXES.values())} {_one_of(grammar.SPECIES.values())}"
    person = f"{subject} with {hair}, {skin}(?:, {face}(?:, freckles)?(?:, a beard)?)?"
    beast = f"{animal} with (?:{face}|a tail)"
    acting = "".join(
        f"(?:, {_canonical(phrases.values())})?"
        for phrases in (grammar.EXPRESSIONS, grammar.VIEWS, grammar.POSES)
    )
    worn = f"wearing {garment}(?: and {hat})?(?: and a scarf)?"
    who = f"an? (?:{person}|{beast}), {worn}{acting}"
    alone = f"{_canonical(grammar.FRAMINGS.values())} {who}"
    group = f"{_canonical(grammar.GROUPS.values())} {who}(?: and {who}){{1,2}}"
    return re.compile(
        f"{_canonical(grammar.STYLES.values())}, (?:{alone}|{group})"
        f"(?:, {_canonical(grammar.POSITIONS.values())})?, {_canonical(grammar.PLACES.values())}"
        f"(?:, {_canonical(grammar.TIMES.values())})?(?:, {grammar.RAIN[0]})?"
    )


CAPTION = _grammar()


def test_the_pattern_matches_captions_and_nothing_else() -> None:
    for scene in sampled_scenes(300):
        assert CAPTION.fullmatch(caption(scene))
    said = "cartoon style, portrait of a {} with brown eyes, wearing a red coat, sad, in space"
    assert CAPTION.fullmatch(said.format("grey boy fox"))
    assert not CAPTION.fullmatch(said.format("grey boy wolf"))
    assert not CAPTION.fullmatch(said.format("grey fox"))


TABLES = vocabulary.tables()
PHRASES = {" ".join(phrase) for each in TABLES.values() for phrase in each.phrases}
WORDS = st.sampled_from([*sorted(PHRASES), *NAMES, "and", ".", "with", "a sword", "Zwieback"])
TEXT = st.lists(WORDS, max_size=6).map(" ".join)


@st.composite
def characters(draw: st.DrawFn) -> list[FrozenCharacter]:
    return [
        character(
            name,
            age=draw(st.none() | st.integers(0, 99)),
            gender=draw(st.sampled_from(Gender)),
            **{part: draw(TEXT) for part in ("species", "hair", "eyes", "skin", "clothing")},
            features=tuple(draw(st.lists(TEXT, max_size=3))),
            traits=tuple(draw(st.lists(TEXT, max_size=2))),
        )
        for name in NAMES[: draw(st.integers(0, 4))]
    ]


@st.composite
def scenes(draw: st.DrawFn, cast: Sequence[FrozenCharacter]) -> Scene:
    some = st.lists(TEXT, max_size=2).map(tuple)
    return Scene(
        figures=tuple(
            figure(
                who,
                mood=draw(st.none() | st.sampled_from(Mood)),
                side=draw(st.none() | st.sampled_from(Side)),
                **{part: draw(some) for part in ("doing", "holding", "wearing", "without")},
            )
            for who in cast
        ),
        time=draw(st.none() | st.sampled_from(DayTime)),
        season=draw(st.none() | st.sampled_from(Season)),
        weather=tuple(draw(st.lists(st.sampled_from(Weather), max_size=2))),
        place=draw(TEXT),
        told=draw(TEXT),
        extras=draw(some),
        props=draw(some),
        colours=draw(some),
    )


@given(characters(), st.data(), st.sampled_from(ImageType))
def test_every_description_compiles_to_a_caption_within_the_token_limit(
    cast: list[FrozenCharacter], data: st.DataObject, image_type: ImageType
) -> None:
    if image_type is ImageType.PORTRAIT:
        cast = cast[:1]
    scene = data.draw(scenes(cast))
    compiled = StorybookDialect().compile(render_spec(cast, image_type), scene)
    assert CAPTION.fullmatch(compiled.prompt)
    assert length(compiled.prompt) <= LONGEST


def test_every_word_of_the_vocabulary_means_a_value_that_is_drawn() -> None:
    expected: dict[str, type[StrEnum]] = {
        "STYLES": drawn.Style,
        "HAIR_COLOURS": drawn.Hair,
        "HAIR_STYLES": drawn.HairStyle,
        "FURS": drawn.Fur,
        "EYES": drawn.Eyes,
        "SKIN": drawn.Skin,
        "CLOTHES": drawn.Garment,
        "COLOURS": drawn.Colour,
        "EXPRESSIONS": drawn.Expression,
        "VIEWS": drawn.View,
        "POSES": drawn.Pose,
        "ARMS": drawn.Pose,
        "POSITIONS": drawn.Position,
        "FRAMINGS": drawn.Framing,
        "PLACES": drawn.Place,
    }
    for name, kinds in expected.items():
        assert set(TABLES[name].meanings) == set(kinds), name
    assert set(TABLES["HATS"].meanings) == set(drawn.Hat) - {drawn.Hat.NONE}
    assert set(KINDS.meanings) == set(COATS) >= DRAWN
    assert set(words.MOODS) == set(Mood)
    assert set(places.TIMES) == set(DayTime)
    assert set(places.SEASONS) == set(Season)


def test_a_phrase_means_one_thing() -> None:
    with pytest.raises(ValueError, match="'sea': means 'beach' and 'waves'; keep one"):
        table({"beach": ("sea",), "waves": ("sea",)})


def test_a_plural_means_the_same_as_its_singular_unless_it_has_its_own_meaning() -> None:
    known = table({"hair": ("wave",), "sea": ("waves", "beach", "grass"), "sky": ("fly",)})
    found = [match.meaning for match in known.matches(["wave", "waves", "beaches", "flies"])]
    assert found == ["hair", "sea", "sea", "sky"]
    assert not list(known.matches(["gras"]))


def test_a_bent_phrase_means_something_else_than_the_word_that_stands_for_it() -> None:
    known = table({"forest": ("woods",)}, {"forest": ("jungle",)})
    found = {match.bent for match in known.matches(["woods"])}
    assert found == {False}
    assert [match.bent for match in known.matches(["forest", "jungles"])] == [False, True]
