"""The choice of a worker's extractors from its settings."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.extractors.base import ExtractionFailed, PaidExtractor, SceneExtractor
from actors.extractors.pages import Page
from actors.extractors.price import ChatPrice
from actors.settings import ExtractorSettings
from server.domain.scenes import Scene

_log = logging.getLogger(__name__)


class FallbackExtractor:
    """Asks a second extractor when the first one fails, so that every page is drawn."""

    def __init__(self, first: SceneExtractor, second: SceneExtractor) -> None:
        self._first = first
        self._second = second

    async def read(self, page: Page) -> Scene:
        """Returns the first extractor's scene, or the second's."""
        try:
            return await self._first.read(page)
        except ExtractionFailed as error:
            _log.warning("extractor failed", extra={"error": str(error), "used": "fallback"})
            return await self._second.read(page)


@asynccontextmanager
async def open_paid_extractor(settings: ExtractorSettings) -> AsyncIterator[PaidExtractor | None]:
    """Yields the model that reads pages before the rules do; None where it is the rules alone."""
    if settings.extractor == "plain" or settings.chat_api_key is None:
        yield None
        return
    # The SDK takes half a second to import, and the rules do without it.
    from actors.extractors.chat import open_chat

    text_in, text_out = settings.chat_prices
    async with open_chat(
        base_url=settings.chat_base_url,
        api_key=settings.chat_api_key.get_secret_value(),
        model=settings.chat_model,
        provider=settings.chat_provider,
        price=ChatPrice(text_in, text_out, settings.chat_max_output_tokens),
        timeout_s=settings.chat_timeout_s,
    ) as chat:
        yield chat
