"""The seam between a page's text and a scene."""

from collections.abc import Sequence
from typing import Protocol

from server.domain.characters import FrozenCharacter

MAX_WORDS = 60
"""The length of a scene: what a picture can show, and what a prompt can say."""


class ExtractionFailed(Exception):
    """Says that no scene could be had, and why; another extractor may still give one."""


class SceneExtractor(Protocol):
    """Says what a page's picture shows."""

    async def scene(self, page_text: str, characters: Sequence[FrozenCharacter]) -> str:
        """Returns a scene of `MAX_WORDS` words or fewer; empty where the text is.

        Raises ExtractionFailed.
        """
        ...
