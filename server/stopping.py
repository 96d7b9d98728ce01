"""What ends a process: SIGTERM and SIGINT, also while it still waits for what it needs."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


@asynccontextmanager
async def unless(stop: asyncio.Event) -> AsyncIterator[None]:
    """Gives its block up, without an error, once the event is set: it may wait for the storage."""
    loop, inside = asyncio.get_running_loop(), True
    patience = asyncio.timeout(None)

    def give_up(_: "asyncio.Task[bool]") -> None:
        if inside:
            patience.reschedule(loop.time())

    telling = asyncio.create_task(stop.wait(), name="stop")
    telling.add_done_callback(give_up)
    try:
        async with patience:
            yield
            inside = False
    except TimeoutError:
        if not patience.expired():
            raise
    finally:
        inside = False
        telling.cancel()


@contextmanager
def stop_signal() -> Iterator[asyncio.Event]:
    """Yields an event that SIGTERM or SIGINT sets; the next signal has its usual effect."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def release() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    def halt() -> None:
        stop.set()
        release()

    for number in numbers:
        loop.add_signal_handler(number, halt)
    try:
        yield stop
    finally:
        release()
