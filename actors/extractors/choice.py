"""The choice of a worker's extractor from its settings."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from actors.extractors.base import ExtractionFailed, SceneExtractor
from actors.extractors.plain import PlainExtractor
from actors.settings import ExtractorSettings
from server.domain.characters import FrozenCharacter

_log = logging.getLogger(__name__)


class FallbackExtractor:
    """Asks a second extractor when the first one fails, so that every page is drawn."""

    def __init__(self, first: SceneExtractor, second: SceneExtractor) -> None:
        self._first = first
        self._second = second

    async def scene(self, page_text: str, characters: Sequence[FrozenCharacter]) -> str:
        """Returns the first extractor's scene, or the second's."""
        try:
            return await self._first.scene(page_text, characters)
        except ExtractionFailed as error:
            _log.warning("extractor failed", extra={"error": str(error), "used": "fallback"})
            return await self._second.scene(page_text, characters)


@asynccontextmanager
async def open_extractor(settings: ExtractorSettings) -> AsyncIterator[SceneExtractor]:
    """Yields the extractor that the settings name."""
    if settings.extractor == "plain" or settings.chat_api_key is None:
        yield PlainExtractor()
        return
    # The SDK takes half a second to import, and the rules do without it.
    from actors.extractors.chat import open_chat

    async with open_chat(
        base_url=settings.chat_base_url,
        api_key=settings.chat_api_key.get_secret_value(),
        model=settings.chat_model,
        timeout_s=settings.chat_timeout_s,
    ) as chat:
        yield FallbackExtractor(chat, PlainExtractor())
