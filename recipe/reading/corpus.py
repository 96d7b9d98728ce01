"""The corpus: stories whose pages are labelled by hand with what their pictures must show.

A story is a YAML file: title, characters, and pages with a text and its labels. Alternatives of
one item are joined by `|`; an item that ends in `?` may be read or left out.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import yaml

from server.domain.characters import Description, FrozenCharacter, Gender

PAGES = Path(__file__).parent / "pages"


class Part(StrEnum):
    """A part of the corpus; held-back, unread and sealed pages have not been looked at.

    Sealed pages were written and labelled before any of the opened ones, of the same author, was
    read by the rules.
    """

    TALES = "tales"
    DEVELOPMENT = "development"
    PRACTICE = "practice"
    OPENED = "opened"
    UNREAD = "unread"
    HELD_BACK = "held_back"
    SEALED = "sealed"


class Kind(StrEnum):
    """What a label is about; its value is its key in the files."""

    WHO = "who"
    EXTRAS = "extras"
    PLACE = "place"
    TIME = "time"
    WEATHER = "weather"
    DOING = "doing"
    MOOD = "mood"
    HOLDING = "holding"
    PROPS = "props"
    WEARING = "wearing"
    COLOURS = "colours"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be read: any of its alternatives, for a character or for all."""

    alternatives: tuple[str, ...]
    optional: bool = False
    of: str = ""

    @classmethod
    def of_label(cls, label: str, of: str = "") -> Self:
        """Reads an item of a file."""
        said = _composed(label)
        return cls(tuple(said.removesuffix("?").split("|")), said.endswith("?"), _composed(of))

    def __str__(self) -> str:
        owner = f"{self.of}: " if self.of else ""
        return f"{owner}{'|'.join(self.alternatives)}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its labels, and the pages before it."""

    story: str
    number: int
    text: str
    cast: tuple[FrozenCharacter, ...]
    before: tuple[str, ...]
    labels: Mapping[Kind, tuple[Item, ...]]


def load_pages(part: Part, pages: Path = PAGES) -> list[Page]:
    """Returns the pages of a part; raises ValueError for a name that is not in the cast."""
    return [
        page for path in sorted((pages / part).glob("*.yaml")) for page in _pages(path.stem, path)
    ]


def _pages(story: str, path: Path) -> list[Page]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    cast = tuple(_character(place, one) for place, one in enumerate(data["characters"], 1))
    texts = [_composed(page["text"]) for page in data["pages"]]
    pages = [
        Page(story, number, texts[number - 1], cast, tuple(texts[: number - 1]), _labels(page))
        for number, page in enumerate(data["pages"], 1)
    ]
    for page in pages:
        _check_names(page)
    return pages


def _check_names(page: Page) -> None:
    """Raises ValueError for a label of somebody who is not in the cast: none could be right."""
    cast = [one.description.name for one in page.cast]
    there = {name for item in page.labels[Kind.WHO] for name in item.alternatives}
    owners = {item.of for items in page.labels.values() for item in items if item.of}
    if unknown := sorted((there | owners) - set(cast)):
        said = ", ".join(f'"{name}"' for name in unknown)
        raise ValueError(
            f"{page.story} {page.number}: no characters of it: {said}; use {', '.join(cast)}"
        )


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _character(place: int, data: Mapping[str, Any]) -> FrozenCharacter:
    words = {key: str(data.get(key, "")) for key in ("species", "hair", "eyes", "skin", "clothing")}
    description = Description(
        name=_composed(str(data["name"])),
        age=data.get("age"),
        gender=Gender(data.get("gender", "unspecified")),
        features=tuple(data.get("features", ())),
        traits=tuple(data.get("traits", ())),
        **words,
    )
    return FrozenCharacter(UUID(int=place), 1, description)


def _labels(page: Mapping[str, Any]) -> dict[Kind, tuple[Item, ...]]:
    return {kind: tuple(_items(page.get(kind.value))) for kind in Kind}


def _items(labels: Sequence[str] | Mapping[str, str | Sequence[str]] | None) -> list[Item]:
    if not labels:
        return []
    if isinstance(labels, Mapping):
        return [
            Item.of_label(label, of)
            for of, listed in labels.items()
            for label in ([listed] if isinstance(listed, str) else listed)
        ]
    return [Item.of_label(str(label)) for label in labels]
