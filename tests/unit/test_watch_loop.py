"""The loop that reads for all watches: the reads that it makes, and the faults it survives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from imggen.v1 import errors_pb2 as reasons
from server.errors import Unavailable
from server.watching.loop import Watch, WatchLoop

AWAY = Unavailable("away", reasons.ERROR_REASON_DATABASE_UNAVAILABLE)
NEVER_S = 3600.0
Snapshots = AsyncIterator["Count"]


@dataclass(frozen=True)
class Count:
    """A number as last read."""

    number: int
    ended: bool = False


class Counts(WatchLoop[str, Watch[Count]]):
    """Watches of numbers, which are read from a dictionary."""

    def __init__(self, *, pause_s: float = 0.0, at_once: int = 0, poll_s: float = NEVER_S) -> None:
        super().__init__("counts", pause_s=pause_s, at_once=at_once, poll_s=poll_s)
        self.numbers: dict[str, int] = {}
        self.reads: list[list[str]] = []
        self.forgotten: list[str] = []
        self.before_offer: Callable[[], Awaitable[None]] | None = None
        self.polled = asyncio.Event()

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """Runs the loop; the block starts after its first poll."""
        async with self.running():
            await self.polled.wait()
            yield

    @asynccontextmanager
    async def watch(self, key: str) -> AsyncIterator[Snapshots]:
        """Yields the snapshots of a number."""
        with self._entered(key, Watch[Count]()) as watch:
            yield watch.snapshots()

    def _key_of(self, message: str) -> str | None:
        return message.removeprefix("number ") if message.startswith("number ") else None

    async def _read(self, changed: Sequence[str]) -> None:
        self.reads.append(sorted(changed))
        found = {key: self.numbers.get(key, 0) for key in changed}
        if self.before_offer is not None:
            await self.before_offer()
        for key, number in found.items():
            for watch in self._watches_of(key):
                watch.show(Count(number))

    async def _renew(self) -> None:
        self.polled.set()

    def _forget(self, key: str) -> None:
        self.forgotten.append(key)


async def _next(snapshots: Snapshots) -> int:
    async with asyncio.timeout(10):
        return (await anext(snapshots)).number


async def test_a_new_watch_shows_the_current_value() -> None:
    counts = Counts()
    counts.numbers["a"] = 7
    async with counts.started(), counts.watch("a") as shown:
        assert await _next(shown) == 7


async def test_a_signal_causes_one_read_for_all_watches_of_its_key() -> None:
    counts = Counts()
    async with (
        counts.started(),
        counts.watch("a") as one,
        counts.watch("a") as two,
        counts.watch("b") as other,
    ):
        for shown in (one, two, other):
            await _next(shown)
        counts.reads.clear()
        counts.numbers["a"] = 1
        counts.hear("number a")
        assert (await _next(one), await _next(two)) == (1, 1)
        assert counts.reads == [["a"]]


async def test_signals_of_unwatched_keys_cause_no_read() -> None:
    counts = Counts()
    async with counts.started(), counts.watch("a") as shown:
        await _next(shown)
        counts.reads.clear()
        for message in ("number b", "letter a", "number a"):
            counts.hear(message)
        await _next(shown)
        assert counts.reads == [["a"]]


async def test_simultaneous_changes_are_read_together() -> None:
    counts = Counts()
    async with counts.started(), counts.watch("a") as a, counts.watch("b") as b:
        await _next(a)
        await _next(b)
        counts.reads.clear()
        counts.change_all()
        await _next(a)
        await _next(b)
        assert counts.reads == [["a", "b"]]


async def test_a_change_during_a_read_is_not_lost() -> None:
    counts = Counts()
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reading.set()
        await go_on.wait()

    async with counts.started(), counts.watch("a") as shown:
        await _next(shown)
        counts.before_offer = hold
        counts.change("a")
        await reading.wait()
        # The read has already taken the old number.
        counts.numbers["a"] = 5
        counts.change("a")
        go_on.set()
        while await _next(shown) != 5:
            pass


async def test_the_end_does_not_wait_for_what_has_changed_just_before() -> None:
    counts = Counts(pause_s=NEVER_S, at_once=3)
    async with counts.started(), counts.watch("a") as shown:
        for number in range(3):
            counts.numbers["a"] = number
            counts.change("a")
            assert await _next(shown) == number


@pytest.mark.parametrize("error", [AWAY, RuntimeError("a fault")])
async def test_a_read_that_fails_does_not_end_the_loop(error: Exception) -> None:
    counts = Counts()
    failed = asyncio.Event()

    async def fail() -> None:
        counts.before_offer = None
        failed.set()
        raise error

    async with counts.started(), counts.watch("a") as shown:
        await _next(shown)
        counts.before_offer = fail
        counts.change("a")
        async with asyncio.timeout(10):
            await failed.wait()
        counts.numbers["a"] = 3
        counts.change("a")
        assert await _next(shown) == 3


async def test_the_poll_reads_a_change_whose_signal_was_lost() -> None:
    counts = Counts(poll_s=0.001)
    async with counts.started(), counts.watch("a") as shown:
        await _next(shown)
        counts.numbers["a"] = 9
        while await _next(shown) != 9:
            pass


async def test_a_poll_that_fails_is_followed_by_the_next() -> None:
    class Away(Counts):
        polls = 0

        async def _renew(self) -> None:
            self.polls += 1
            if self.polls == 1:
                raise AWAY
            await super()._renew()

    async with asyncio.timeout(10), Away(poll_s=0.001).started():
        pass


async def test_the_last_watch_of_a_key_that_ends_forgets_it() -> None:
    counts = Counts()
    async with counts.watch("a"):
        async with counts.watch("a"):
            assert len(counts) == 2
        assert (counts.watched("a"), counts.forgotten) == (True, [])
    assert (len(counts), counts.watched("a"), counts.forgotten) == (0, False, ["a"])


async def test_a_watch_shows_only_the_newest_and_ends_with_the_last() -> None:
    watch = Watch[Count]()
    for number in range(3):
        watch.show(Count(number))
    seen = []
    async for count in watch.snapshots():
        seen.append(count.number)
        watch.show(Count(9, ended=True))
    assert seen == [2, 9]


async def test_a_watch_repeats_its_last_snapshot_while_nothing_changes() -> None:
    watch = Watch[Count](silence_s=0.001)
    watch.show(Count(7))
    shown = watch.snapshots()
    assert [await _next(shown) for _ in range(4)] == [7, 7, 7, 7]
    watch.show(Count(8, ended=True))
    async with asyncio.timeout(10):
        assert Count(8, ended=True) in [count async for count in shown]


async def test_a_watch_without_a_snapshot_has_nothing_to_repeat() -> None:
    watch = Watch[Count](silence_s=0.001)
    shown = watch.snapshots()
    waiting = asyncio.ensure_future(anext(shown))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    watch.show(Count(1))
    assert (await waiting).number == 1
