"""An event loop in a separate thread, for callers without one."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from threading import Thread
from typing import Any, Generic, TypeVar

from imggen import forks
from imggen.errors import ClientUnusable

Result = TypeVar("Result")

CLOSED = "the client is closed; make a new one"
ENDING = "the interpreter is ending, and has stopped the thread of the client"
OWN_THREAD = (
    "this SyncClient was called from its own thread, for instance by its token function, and would "
    "wait for itself; use another client there"
)
# A fork waits no longer for the thread: the child gets an error then.
_REST_S = 5.0


class LoopThread:
    """A private event loop in a thread, which runs coroutines until it is closed.

    A fork leaves the thread behind: in the child, the next coroutine starts another one.
    """

    def __init__(self, name: str, rest: Callable[[], Awaitable[None]] | None = None) -> None:
        self._name = name
        self._rest = rest
        self._closed = False
        self._starting = threading.Lock()
        self._start()

    def _start(self) -> None:
        # A thread that holds it may collect an iterator that nobody reads, which takes it, too.
        self._gate = threading.RLock()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=self._name, daemon=True)
        self._thread.start()
        self._process = os.getpid()
        if self._rest is not None:
            forks.rests(self)

    @property
    def closed(self) -> bool:
        """Whether the loop has been closed."""
        return self._closed

    @property
    def inherited(self) -> bool:
        """Whether the thread is in the parent, and not in this process."""
        return self._process != os.getpid()

    @property
    def alive(self) -> bool:
        """Whether the thread runs; daemon threads end before the interpreter does."""
        return not (self._closed or self.inherited or sys.is_finalizing())

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Returns the result of a coroutine; interrupting the wait cancels the coroutine.

        Raises:
            ClientUnusable: The loop is closed, was closed meanwhile, or would wait for itself.
        """
        future = self._begun(coroutine)
        try:
            return future.result()
        except CancelledError:
            if self._closed:
                raise ClientUnusable("the client was closed during the call") from None
            raise
        except BaseException:
            future.cancel()
            raise

    def _begun(self, coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
        try:
            if sys.is_finalizing():
                raise ClientUnusable(ENDING)
            if threading.current_thread() is self._thread:
                raise ClientUnusable(OWN_THREAD)
            if self.inherited and not self._closed:
                self._start_again()
            with self._gate:
                if self._closed:
                    raise ClientUnusable(CLOSED)
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except ClientUnusable:
            coroutine.close()
            raise

    def iterate(self, items: AsyncGenerator[Result, None]) -> Iterator[Result]:
        """Yields the items of an async generator, and closes it when the caller stops."""
        reader = _Reader(items)
        process = os.getpid()
        try:
            while (item := self.run(reader.next())) is not None:
                yield item[0]
                if process != os.getpid():
                    raise ClientUnusable(forks.INHERITED)
        finally:
            # A child that drops what its parent reads must not touch it.
            if process == os.getpid() and self.alive:
                self._end(reader.close())

    def _end(self, closing: Coroutine[Any, Any, None]) -> None:
        """Waits for a coroutine, except in a loop's thread: two of them might wait for each other.

        The garbage collector closes iterators in any thread.
        """
        if asyncio._get_running_loop() is None:
            self.run(closing)
            return
        with self._gate:
            if self._closed:
                closing.close()
            else:
                asyncio.run_coroutine_threadsafe(closing, self._loop)

    def rest(self) -> None:
        """Lets what runs here let go of gRPC before a fork, if it does so soon."""
        if not self.alive or threading.current_thread() is self._thread:
            return
        assert self._rest is not None, "only what can rest is asked to"
        resting = asyncio.run_coroutine_threadsafe(_awaited(self._rest), self._loop)
        try:
            resting.result(_REST_S)
        except TimeoutError:
            resting.cancel()

    def close(self) -> None:
        """Stops the loop and ends its thread; a second call does nothing."""
        if self.inherited or sys.is_finalizing():
            self._closed = True
            forks.abandon((self._loop, self._thread))
            return
        with self._gate:
            if self._closed:
                return
            self._closed = True
            ending = asyncio.run_coroutine_threadsafe(_end_all(), self._loop)
        ending.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start_again(self) -> None:
        with self._starting:
            if self.inherited:
                forks.abandon((self._loop, self._thread))
                self._start()


async def _awaited(function: Callable[[], Awaitable[None]]) -> None:
    await function()


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
