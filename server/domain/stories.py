"""Stories and their pages."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from imggen.rules.stories import kept_ids
from imggen.rules.storyboards import others_of, pages_before
from server.domain.etags import etag
from server.domain.ids import CharacterId, PageId, StoryId
from server.domain.scenes import Scene, scene_json


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its text, the characters on it, and what its picture shows if the author says so.

    `fixed` is what the author has set of its scene. `id` is None for a page that is not stored yet.
    """

    text: str
    scene_description: str = ""
    character_ids: tuple[CharacterId, ...] = ()
    id: PageId | None = None
    fixed: Scene | None = None

    @property
    def octets(self) -> int:
        """The bytes that it takes in an answer, or a few more."""
        texts = len(self.text.encode()) + len(self.scene_description.encode())
        fixed = len(json.dumps(scene_json(self.fixed)).encode()) if self.fixed else 0
        return texts + 40 * len(self.character_ids) + fixed + 60


@dataclass(frozen=True, slots=True)
class Draft:
    """A story as a caller writes it; `cast` may be on its pages without being listed there."""

    title: str
    style: str
    pages: tuple[Page, ...]
    cast: tuple[CharacterId, ...] = ()

    @property
    def octets(self) -> int:
        """The bytes that its pages and its cast take in an answer, or a few more."""
        return sum(page.octets for page in self.pages) + 40 * len(self.cast)


@dataclass(frozen=True, slots=True)
class Story:
    """A story of a user; page 1 is `draft.pages[0]`. A list may leave out the pages."""

    id: StoryId
    draft: Draft
    page_count: int
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def characters(self) -> tuple[CharacterId, ...]:
        """The characters of all its pages, in the order of their first ones, and its cast."""
        return tuple(dict.fromkeys((*self.listed, *self.draft.cast)))

    @property
    def listed(self) -> tuple[CharacterId, ...]:
        """The characters of all its pages, in the order of their first ones."""
        return tuple(dict.fromkeys(one for page in self.draft.pages for one in page.character_ids))

    def others(self, number: int, listed: Collection[CharacterId]) -> tuple[CharacterId, ...]:
        """Returns who may be on a page without being listed: those of the nearest pages first."""
        pages = (page.character_ids for page in self.draft.pages)
        return others_of(pages, number, listed, self.draft.cast)

    def before(self, number: int) -> tuple[str, ...]:
        """Returns the texts of the last pages before a page, the first one first."""
        return pages_before([page.text for page in self.draft.pages], number)

    @property
    def etag(self) -> str:
        """The version that callers see."""
        return etag(self.id, self.revision)


def rewritten(stored: Sequence[Page], given: Sequence[Page]) -> tuple[Page, ...]:
    """Returns the pages of a story after an update; those without an id are new."""
    ids = kept_ids(
        [(page.id, replace(page, id=None)) for page in stored],
        [(page.id, replace(page, id=None)) for page in given],
    )
    return tuple(replace(page, id=id_) for page, id_ in zip(given, ids, strict=True))
