"""An event loop in a thread of its own, for callers without one."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from threading import Event, Thread
from typing import Any, TypeVar

Result = TypeVar("Result")

_CANCEL_S = 1.0


class LoopThread:
    """Runs coroutines on a private event loop until it is closed."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether the loop has been closed."""
        return self._loop.is_closed()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Waits for a coroutine's result; an interrupt of the wait cancels the coroutine.

        Raises:
            RuntimeError: The loop is closed.
        """
        if self.closed:
            coroutine.close()
            raise RuntimeError("the client is closed; make a new one")
        ended = Event()
        future = asyncio.run_coroutine_threadsafe(_marking(coroutine, ended), self._loop)
        try:
            return future.result()
        except BaseException:
            # A generator that is still running cannot be closed, so the cancel is waited for;
            # not for ever, as a coroutine that was cancelled before it began marks no end.
            if future.cancel():
                ended.wait(_CANCEL_S)
            raise

    def iterate(self, items: AsyncGenerator[Result, None]) -> Iterator[Result]:
        """Yields what an async generator yields, and closes it when the caller stops."""
        try:
            while (item := self.run(_next(items))) is not None:
                yield item[0]
        finally:
            if not self.closed:
                self.run(items.aclose())

    def close(self) -> None:
        """Stops the loop and ends its thread; closing twice does nothing more."""
        if self.closed:
            return
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _marking(coroutine: Coroutine[Any, Any, Result], ended: Event) -> Result:
    """Awaits a coroutine and sets the event when it has ended, in whatever way."""
    try:
        return await coroutine
    finally:
        ended.set()


async def _next(items: AsyncGenerator[Result, None]) -> tuple[Result] | None:
    """Returns the next item in a tuple, or None at the end."""
    async for item in items:
        return (item,)
    return None
