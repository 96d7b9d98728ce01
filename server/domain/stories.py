"""Stories and their pages."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.ids import CharacterId, PageId, StoryId


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its text, the characters on it, and what its picture shows if the author says so.

    `id` is None for a page that is not stored yet.
    """

    text: str
    scene_description: str = ""
    character_ids: tuple[CharacterId, ...] = ()
    id: PageId | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A story as a caller writes it."""

    title: str
    style: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A story of a user; page 1 is `draft.pages[0]`."""

    id: StoryId
    draft: Draft
    created_at: datetime
    updated_at: datetime
