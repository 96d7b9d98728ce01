"""Probing: providers that are off are tried now and then, by one worker of the fleet."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta

from actors.providers.base import Provider, ProviderFailed
from actors.worker.background import beside
from server.errors import Unavailable
from server.store.causes import said_of
from server.store.health import Health

_EVERY = timedelta(minutes=5)
_LOOKS_S = 30.0
_log = logging.getLogger(__name__)


class Probing:
    """Turns a provider on again once its probe succeeds, which costs nothing."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        health: Health,
        *,
        every: timedelta = _EVERY,
        looks_s: float = _LOOKS_S,
    ) -> None:
        """Takes the providers by their models, and how often one that is off is tried."""
        self._providers = {one.name: one for one in providers.values() if one.name != "local"}
        self._health = health
        self._every = every
        self._looks_s = looks_s

    def running(self) -> AbstractAsyncContextManager[None]:
        """Probes in the background until the block ends."""
        return beside(self._run, "probing") if self._providers else nullcontext()

    async def _run(self) -> None:
        while True:
            try:
                await self.probe()
            except Unavailable as error:
                _log.warning("providers not probed", extra={"error": said_of(error)})
            except Exception:
                # If this task ended, nobody would try what is off.
                _log.exception("providers not probed")
            await asyncio.sleep(self._looks_s)

    async def probe(self) -> None:
        """Probes the providers that are due; raises Unavailable while the database is away."""
        for name in await self._health.take_slow_probes(list(self._providers), self._every):
            try:
                await self._providers[name].probe()
            except ProviderFailed:
                continue
            await self._health.turn_on(name)
            _log.info("provider answers", extra={"provider": name})
