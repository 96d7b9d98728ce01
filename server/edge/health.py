"""Health that follows the database, without which no call can be served."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from server.edge.endpoint import Endpoint

# A ping waits for a connection of the pool; a busy pool is not an absent database.
_PING_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


@asynccontextmanager
async def following_database(
    endpoint: Endpoint, ping: Callable[[], Awaitable[None]], interval_s: float
) -> AsyncIterator[None]:
    """Sets the endpoint's health by whether the database answers, every `interval_s`.

    The database is asked once before the block begins.
    """
    await _ask(endpoint, ping)

    async def follow() -> None:
        while True:
            await asyncio.sleep(interval_s)
            await _ask(endpoint, ping)

    task = asyncio.create_task(follow(), name="health")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _ask(endpoint: Endpoint, ping: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(_PING_TIMEOUT_S):
            await ping()
        problem = None
    except Exception as error:
        problem = error
    answers = problem is None
    if answers is not endpoint.serving:
        level = logging.INFO if answers else logging.ERROR
        _log.log(level, "database answers" if answers else "database away", exc_info=problem)
    await endpoint.set_serving(answers)
