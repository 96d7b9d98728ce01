"""An event loop in a separate thread, for callers without one."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from threading import Thread
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """A private event loop in a thread, which runs coroutines until it is closed."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether the loop has been closed."""
        return self._loop.is_closed()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Returns the result of a coroutine; interrupting the wait cancels the coroutine.

        Raises:
            RuntimeError: The loop is closed.
        """
        if self.closed:
            coroutine.close()
            raise RuntimeError("the client is closed; make a new one")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncGenerator[Result, None]) -> Iterator[Result]:
        """Yields the items of an async generator, and closes it when the caller stops."""
        reader = _Reader(items)
        try:
            while (item := self.run(reader.next())) is not None:
                yield item[0]
        finally:
            if not self.closed:
                self.run(reader.close())

    def close(self) -> None:
        """Stops the loop and ends its thread; a second call does nothing."""
        if self.closed:
            return
        self.run(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _end_all() -> None:
    """Cancels the tasks of this loop, and closes its generators."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class _Reader(Generic[Result]):
    """A reader of an async generator that can close it even during a read.

    An interrupt stops the waiting thread at once, but not the read that it waits for.
    """

    def __init__(self, items: AsyncGenerator[Result, None]) -> None:
        self._items = items
        self._reading: asyncio.Task[Any] | None = None

    async def next(self) -> tuple[Result] | None:
        """Returns the next item in a tuple, or None at the end."""
        self._reading = asyncio.current_task()
        async for item in self._items:
            return (item,)
        return None

    async def close(self) -> None:
        """Cancels the current read, then closes the generator."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self._items.aclose()
