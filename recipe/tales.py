"""Measures how many nouns of old tales the grammar knows: `python -m recipe.tales`.

A tale is a YAML file: title, author, year, translator, the text of a page, and a hand-made list of
the nouns for visible things, including props that the checkpoint cannot draw.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from actors.extractors.rules.lexicon.looks import TIMES, WEATHERS
from actors.prompts.reading import Reading, words_of
from actors.storybook.attributes import Place, Time, Weather
from actors.storybook.table import table, union
from actors.storybook.vocabulary import looks, people, places

_TIMES = table({"when": tuple(sorted({*TIMES, *WEATHERS}))})
_THINGS = table(
    dict.fromkeys(
        (
            noun
            for place in Place
            for time in Time
            for noun in places.things_in(place, time, Weather.DRY)
        ),
        (),
    )
)
_SEEN = union(
    _THINGS,
    people.EVERYBODY,
    places.PLACES,
    _TIMES,
    looks.CLOTHES,
    looks.UNDERNEATH,
    looks.HATS,
    looks.FEATURES,
    looks.HAIR_STYLES,
    looks.COAT_WORDS,
    people.BODY,
)


class Knowledge(StrEnum):
    """The outcome of a noun in a picture."""

    DRAWN = "drawn"
    """It is drawn as itself."""
    STOOD_FOR = "stood for"
    """Another thing is drawn for it, or a place that it is a part of; the job reports it."""
    UNKNOWN = "unknown"
    """It is not drawn; the job reports it."""


@dataclass(frozen=True, slots=True)
class Tale:
    """A page of a tale, and the nouns for visible things in it."""

    title: str
    author: str
    year: str
    translator: str
    text: str
    nouns: tuple[str, ...]

    @property
    def source(self) -> str:
        """The tale's title, author, year and translator."""
        translated = f", in English by {self.translator}" if self.translator else ""
        return f"{self.title} ({self.author}, {self.year}{translated})"

    def nouns_that_are(self, *knowledge: Knowledge) -> tuple[str, ...]:
        """Returns the nouns with one of these outcomes."""
        return tuple(noun for noun in self.nouns if known(noun) in knowledge)


def load_tales(folder: Path) -> list[Tale]:
    """Reads a folder of tales; raises ValueError for a noun that is not in its text."""
    tales = []
    for file in sorted(folder.glob("*.yaml")):
        data = yaml.safe_load(file.read_text("utf-8"))
        tale = Tale(**{**data, "year": str(data["year"]), "nouns": tuple(data["nouns"])})
        text = words_of(tale.text)
        missing = [noun for noun in tale.nouns if not set(words_of(noun)) <= set(text)]
        if missing:
            raise ValueError(f"{file}: {', '.join(missing)}: not in the text; list only its nouns")
        tales.append(tale)
    return tales


def known(noun: str) -> Knowledge:
    """Returns the outcome of a noun; for `burdock leaves`, that of `leaves`."""
    reading = Reading(noun)
    last = len(reading.words)
    found = next((match for match in _SEEN.matches(reading.words) if match.end == last), None)
    if found is None:
        return Knowledge.UNKNOWN
    return Knowledge.STOOD_FOR if found.bent else Knowledge.DRAWN


def share(tales: Iterable[Tale], *knowledge: Knowledge) -> float:
    """Returns the share of the tales' nouns with one of these outcomes."""
    tales = list(tales)
    nouns = sum(len(tale.nouns) for tale in tales)
    return sum(len(tale.nouns_that_are(*knowledge)) for tale in tales) / nouns


def report(tales: Sequence[Tale]) -> list[str]:
    """Returns a line for each tale, and one for all of them."""
    lines = [_line(tale.source, [tale]) + _missed(tale) for tale in tales]
    return [*lines, _line(f"all {len(tales)} tales", tales)]


def _line(name: str, tales: Sequence[Tale]) -> str:
    nouns = sum(len(tale.nouns) for tale in tales)
    mapped = share(tales, Knowledge.DRAWN, Knowledge.STOOD_FOR)
    drawn = share(tales, Knowledge.DRAWN)
    return f"{mapped:4.0%} known, {drawn:4.0%} drawn as they are, of {nouns:3d} nouns: {name}"


def _missed(tale: Tale) -> str:
    stood = tale.nouns_that_are(Knowledge.STOOD_FOR)
    unknown = tale.nouns_that_are(Knowledge.UNKNOWN)
    said = [f"stood for: {', '.join(stood)}"] if stood else []
    said += [f"unknown: {', '.join(unknown)}"] if unknown else []
    return "".join(f"\n      {each}" for each in said)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the report of a folder of tales."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.tales",
        description="Prints how many nouns of each tale the storybook checkpoint's grammar knows.",
    )
    parser.add_argument("folder", type=Path, help="a folder of tales, such as tests/recipe/tales")
    print("\n".join(report(load_tales(parser.parse_args(arguments).folder))))  # the output


if __name__ == "__main__":
    main()
