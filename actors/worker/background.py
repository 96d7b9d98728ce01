"""Tasks that run beside a block."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def beside(work: Callable[[], Awaitable[None]], name: str) -> AsyncIterator[None]:
    """Does a piece of work until the block ends, which waits for the work's own end."""

    async def run() -> None:
        await work()

    task = asyncio.create_task(run(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
