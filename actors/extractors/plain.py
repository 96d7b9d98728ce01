"""The extractor by rules, which costs nothing and needs no network."""

import asyncio

from actors.extractors.pages import Page
from actors.extractors.rules.reader import RuleReader
from server.domain.scenes import Scene


class PlainExtractor:
    """Reads pages by rules: the same page always gives the same scene."""

    def __init__(self) -> None:
        self._reader = RuleReader()

    async def read(self, page: Page) -> Scene:
        """Returns the scene of a page; never fails."""
        # A long page takes some 50 ms, which the worker's heartbeats must not wait for.
        return await asyncio.to_thread(self._reader.read, page.text, page.cast, page.before)
