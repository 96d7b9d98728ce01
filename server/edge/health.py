"""Health that follows the database, without which no call can be served.

A database that answers and refuses writes serves none either.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from server.clock import SkewNotice
from server.edge.endpoint import Endpoint
from server.settings import GatewaySettings
from server.store import Store
from server.store.causes import cause_of
from server.store.write_probe import WriteProbe

_log = logging.getLogger(__name__)


@asynccontextmanager
async def health(
    endpoint: Endpoint, settings: GatewaySettings, store: Store
) -> AsyncIterator[None]:
    """Follows the database while entered, and says when the clock of this machine is off."""
    notice = SkewNotice(store.clock, settings.clock_skew_s)
    async with WriteProbe(settings.database, store.database) as probe:

        async def ask() -> None:
            await probe.ask()
            notice.tell()

        async with following_database(endpoint, ask, settings.health_interval_s):
            yield


@asynccontextmanager
async def following_database(
    endpoint: Endpoint, ask: Callable[[], Awaitable[None]], interval_s: float
) -> AsyncIterator[None]:
    """Sets the endpoint's health by whether `ask` returns, every `interval_s`.

    The database is asked once before the block begins.
    """
    words = await _follow(endpoint, ask, "")

    async def follow() -> None:
        said = words
        while True:
            await asyncio.sleep(interval_s)
            said = await _follow(endpoint, ask, said)

    task = asyncio.create_task(follow(), name="health")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(endpoint: Endpoint, ask: Callable[[], Awaitable[None]], said: str) -> str:
    """Asks once; returns why the database is away, which is logged when it changes, else empty."""
    try:
        await ask()
        problem, words = None, ""
    except Exception as error:
        problem, words = error, cause_of(error).words
    if problem is None and not endpoint.serving:
        _log.info("database answers")
    elif problem is not None and (endpoint.serving or words != said):
        _log.error("database away", extra={"error": str(cause_of(problem))}, exc_info=problem)
    await endpoint.set_serving(problem is None)
    return words
