"""The content of a story file."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from imggen.fields import CharacterFields

NAMESPACE = UUID("5a6f1d0e-3c0b-4c59-9d5d-0b7c3f1a2e41")


@dataclass(frozen=True, slots=True)
class FileScene:
    """What a story file sets of a page's scene: fields by name, and those of its figures by theirs.

    Only what is set is there; what the file says to be empty, as `props: []`, is in `empty`.
    """

    figures: dict[str, dict[str, Any]]
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of a story file; `characters` are names.

    `scene` is a text that is read in place of the page's, `fixed` what holds whatever is read.
    """

    text: str
    scene: str
    characters: tuple[str, ...]
    fixed: FileScene | None = None


@dataclass(frozen=True, slots=True)
class FileCover:
    """What a story file says of the cover; its fields are those of a page."""

    scene: str = ""
    characters: tuple[str, ...] = ()
    fixed: FileScene | None = None


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options of a story file; an empty one is left to the service.

    `max_cost` is in US dollars for each picture. `post_processing` has the fields of the contract.
    """

    portraits: bool = True
    scenes: bool = True
    cover: bool = False
    images_per_page: int = 1
    aspect_ratio: str = ""
    model: str = ""
    quality: str = ""
    provider: str = ""
    min_quality: str = ""
    max_cost: float | None = None
    references: bool | None = None
    allow_reuse: bool = False
    priority: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    # Not shown: request ids are made from what is, and those of files without it must stay.
    post_processing: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class StoryFile:
    """The content of a story file."""

    title: str
    style: str
    characters: tuple[CharacterFields, ...]
    pages: tuple[FilePage, ...]
    options: FileOptions = field(default_factory=FileOptions)
    cover: FileCover | None = None

    def content(self) -> tuple[object, ...]:
        """Returns all that the file says besides its title."""
        told = self.style, self.characters, self.pages, self.options, self.cover
        return (*told, *self.processing())

    def processing(self) -> tuple[object, ...]:
        """Returns what the file says of post-processing, for request ids; empty for nothing."""
        said = self.options.post_processing
        return (said,) if said else ()

    def request_id(self, *what: object) -> str:
        """Returns the request id for a part of this story: equal content gives an equal id."""
        return str(uuid5(NAMESPACE, json.dumps([self.title, *what], default=str)))
