"""Statements run together: one round trip for what many callers ask at the same time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from server.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Answers each call from a run that serves many; a lone call runs at once.

    `run` takes items and returns their results in the same order. Calls made while `at_once`
    runs go on wait for the next run, which takes `most` items, so that runs grow with the load
    and no call waits for a timer; more runs at once are smaller, and cost the gateway and the
    database more. If a run fails, its items are run one by one, so that no call fails because
    of another. A call that was cancelled before its run began has no effect.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int = 64,
        at_once: int = 1,
    ) -> None:
        self._run = run
        self._most = most
        self._at_once = at_once
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Result:
        """Returns the item's result; raises what its run raises."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._running < self._at_once:
            self._running += 1
            # It serves others, too: nothing of this caller, such as its span, goes along.
            task = asyncio.create_task(self._work(), name="together", context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), self._most)
                asked = [self._waiting.popleft() for _ in range(count)]
                await self._answer([one for one in asked if not one[1].done()])
        finally:
            self._running -= 1

    async def _answer(self, asked: Sequence[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._run([item for item, _ in asked]) if asked else []
        except Exception as error:
            # If the database is away, single runs would fail as well.
            if len(asked) == 1 or isinstance(error, Unavailable):
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
                return
        else:
            for (_, answer), result in zip(asked, results, strict=True):
                if not answer.done():
                    answer.set_result(result)
            return
        for one in asked:
            await self._answer([one])
