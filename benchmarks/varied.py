"""Varied jobs that are all legal: usual stories, and texts that no story has.

They come in rounds of five pictures of two characters: both portraits, then scenes, so that scenes
have portraits to refer to. The same number gives the same round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from imggen.fields import CharacterFields
from imggen.rules.characters import OLDEST
from imggen.rules.checks import LONG_TEXT, PAGE_TEXT, SHORT_TEXT
from imggen.rules.pictures import RATIOS
from imggen.v1.character_pb2 import Gender
from server.routing.catalogue import STORYBOOK

_SEED = 12
_ODD_OF = 8
"""One of so many texts is an odd one."""
_LONG_OF = 4
"""One of so many odd texts is as long as its field takes."""

_ODD = (
    *("длинные рыжие волосы и зелёные глаза", "長い黒髪と青い瞳の女の子", "小狐狸在森林里"),
    *("شعر أحمر طويل وعيون خضراء", "नीली आँखों वाली लड़की", "ผมยาวสีแดง", "긴 빨간 머리", "Ζωή"),
    *("<|endoftext|>", "red <|endoftext|> blue", "<|startoftext|><|endoftext|>", "<pad> </s>"),
    *("(red:1.4)", "[blue|green]", "{a|b}", "BREAK", "red AND blue", "<lora:x:1>", "{name}"),
    *(
        "a 🦊 with 🌙 and 👩‍👩‍👧",
        "ﬁsh İstanbul ß ŉ",
        "e\u0301\u0302\u0323 zalgo",
        "a\u00a0b\u200bc\u202ed",
    ),
    *("7", "x", "'; DROP TABLE images; --", "%s %d %n ${HOME}", "<b>bold</b> &amp; \\n", "a\n\tb"),
    *("iridescent chromatophores", "qwertzuiop", "Donaudampfschifffahrtskapitän", "!!! a ???"),
    *("no hair, not red, without eyes", "nothing at all", "black", "white on white", "invisible"),
)
_NAMES = ("Mia", "Tom", "Zoë", "Old Ben", "Princess Ann-Marie", "O'Brien", "Red", "Forest", "I")
_SPECIES = (
    *("", "", "", "", "human", "girl", "fox", "bear", "rabbit", "cat", "black panther", "dragon"),
    *("penguin", "robot", "jellyfish", "ghost", "pangolin", "mermaid", "talking teapot"),
)
_HAIR = (
    *("", "long red hair", "short curly black hair", "silver braids", "a blonde ponytail", "bald"),
    *("spiky blue hair", "white bun", "brown fur", "golden coat", "green moss", "hair like fire"),
)
_EYES = ("", "green", "blue", "brown", "grey", "one blue and one brown", "glowing red", "button")
_SKIN = ("", "light", "dark", "tan", "pale", "brown", "blue", "scaly")
_CLOTHING = (
    *("", "a yellow dress", "a red cloak with a hood", "blue overalls", "a green sweater"),
    *("a black coat and a top hat", "a white shirt and jeans", "armour", "a spacesuit", "pyjamas"),
    *("nothing but a scarf", "a purple wizard hat and a robe", "a kimono"),
)
_FEATURES = ("freckles", "glasses", "a beard", "a scarf", "a crown", "one tooth", "wings", "a tail")
_TRAITS = ("brave", "shy", "curious", "angry", "sleepy", "wise")
_ACTIONS = (
    *("walked", "sat", "slept", "danced", "waved", "ran away", "looked for a map", "cried"),
    *("found an old lantern", "whispered", "was lost", "ate an apple", "fell into a hole"),
)
_PLACES = (
    *("in a forest", "at the beach", "in front of a castle", "in a bedroom", "in a city"),
    *("in the snow", "in space", "in a meadow", "on a plain background", "in a dark cave"),
    *("under water", "on a white page", "inside a whale", "on the moon", "nowhere"),
)
_TIMES = ("at night", "on a moonless night", "at sunset", "one sunny morning", "in the rain", "")
_COMPANY = ("", "", "with a fox", "beside three hens", "and a grey wolf watched", "among owls")


@dataclass(frozen=True, slots=True)
class Order:
    """One picture of a round: a scene, or a portrait, which has no text."""

    cast: tuple[int, ...]
    """The places in the round of the characters on it."""
    style: str
    format: str
    """The size of a portrait, or the aspect ratio of a scene; empty for the default."""
    seed: int
    text: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """Two characters, and the pictures of them in the order in which they are submitted."""

    characters: tuple[CharacterFields, CharacterFields]
    orders: tuple[Order, ...]


def rounds(styles: Sequence[str]) -> Iterator[Round]:
    """Yields rounds without an end; the styles take turns, and a scene has another one."""
    number = 0
    while True:
        yield _round(number, styles)
        number += 1


def _round(number: int, styles: Sequence[str]) -> Round:
    chance = Random(f"{_SEED} {number}")
    first, second = _character(chance), _character(chance)
    style, other = styles[number % len(styles)], chance.choice(styles)
    casts = ((0,), (0, 1), (1, 0))
    return Round(
        (first, second),
        (
            *(_portrait(chance, place, style) for place in (0, 1)),
            *(
                _scene(chance, cast, drawn, [str((first, second)[place]["name"]) for place in cast])
                for cast, drawn in zip(casts, (style, style, other), strict=True)
            ),
        ),
    )


def _portrait(chance: Random, place: int, style: str) -> Order:
    size = chance.choice(["", *STORYBOOK.portraits])
    return Order((place,), style, size, chance.randrange(2**32))


def _scene(chance: Random, cast: tuple[int, ...], style: str, names: Sequence[str]) -> Order:
    ratio = chance.choice(["", *RATIOS])
    text = _page(chance, names)
    # Every second scene is described; the others are read from the page's text.
    description = chance.choice(["", _text(chance, [text[:LONG_TEXT]], LONG_TEXT)])
    return Order(cast, style, ratio, chance.randrange(2**32), text, description)


def _page(chance: Random, names: Sequence[str]) -> str:
    what = (" and ".join(names), *map(chance.choice, (_ACTIONS, _PLACES, _TIMES, _COMPANY)))
    return _text(chance, [f"{' '.join(' '.join(what).split())}."], PAGE_TEXT)


def _character(chance: Random) -> CharacterFields:
    age = chance.choice([None, 0, chance.randrange(2, 13), chance.randrange(13, 100), OLDEST])
    return {
        "name": _text(chance, _NAMES),
        "age": age,
        "gender": chance.choice(Gender.values()),
        "species": _text(chance, _SPECIES),
        "hair": _text(chance, _HAIR),
        "eyes": _text(chance, _EYES),
        "skin": _text(chance, _SKIN),
        "clothing": _text(chance, _CLOTHING),
        "features": [_text(chance, _FEATURES) for _ in range(chance.randrange(4))],
        "traits": [_text(chance, _TRAITS) for _ in range(chance.randrange(3))],
    }


def _text(chance: Random, usual: Sequence[str], limit: int = SHORT_TEXT) -> str:
    """Returns a usual text, or an odd one."""
    if chance.randrange(_ODD_OF):
        return chance.choice(usual)
    odd = chance.choice(_ODD)
    if chance.randrange(_LONG_OF):
        return odd
    return (f"{odd} {chance.choice(usual)}, " * limit)[:limit].strip()
