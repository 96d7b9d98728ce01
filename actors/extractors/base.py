"""The interface of extractors."""

from collections.abc import Sequence
from typing import Protocol

from server.domain.characters import FrozenCharacter

MAX_WORDS = 60
"""The most words of a scene: as much as a picture can show and a prompt can hold."""


class ExtractionFailed(Exception):
    """Raised when an extractor finds no scene; another one may still succeed."""


class SceneExtractor(Protocol):
    """Turns a page's text into the scene of its picture."""

    async def scene(self, page_text: str, characters: Sequence[FrozenCharacter]) -> str:
        """Returns a scene of `MAX_WORDS` words or fewer; empty for an empty text.

        Raises ExtractionFailed.
        """
        ...
