"""Stories and their pages."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.ids import CharacterId, StoryId


@dataclass(frozen=True, slots=True)
class Page:
    """Is a page: its text, perhaps what its picture shows, and who is in it."""

    text: str
    scene_description: str = ""
    character_ids: tuple[CharacterId, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """Is a story as a caller writes it."""

    title: str
    style: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Is a story of a caller; page 1 is `draft.pages[0]`."""

    id: StoryId
    draft: Draft
    created_at: datetime
    updated_at: datetime
