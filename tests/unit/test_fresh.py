"""Cached values: when they are loaded, for which callers, and during an outage."""

import asyncio
import gc
from contextvars import ContextVar
from typing import Any

import pytest

from imggen.v1 import errors_pb2 as reasons
from server.errors import Unavailable
from server.forecast.fresh import Fresh

AWAY = Unavailable("away", reasons.ERROR_REASON_DATABASE_UNAVAILABLE)
FRESH_S = 5.0


class Source:
    """A source of values that records its loads, and can hold or fail them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.loads: list[str] = []
        self.error: Exception | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()

    def fresh(self, most: int = 10) -> Fresh[str, str]:
        """Returns a cache of its values."""
        return Fresh(self._load, "nothing", fresh_s=FRESH_S, most=most, clock=lambda: self.now)

    async def _load(self, key: str) -> str:
        self.loads.append(key)
        value = f"{key} {len(self.loads)}"
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return value


async def test_a_value_is_loaded_once_while_it_is_fresh() -> None:
    source = Source()
    fresh = source.fresh()
    assert [await fresh.get("a") for _ in range(3)] == ["a 1"] * 3
    source.now += FRESH_S - 0.1
    assert await fresh.get("a") == "a 1"
    source.now += 0.1
    assert await fresh.get("a") == "a 2"
    assert source.loads == ["a", "a"]


async def test_each_key_has_its_own_value() -> None:
    fresh = Source().fresh()
    assert [await fresh.get(key) for key in ("a", "b", "a", "b")] == ["a 1", "b 2", "a 1", "b 2"]


async def test_concurrent_first_callers_share_one_load() -> None:
    source = Source()
    fresh = source.fresh()
    source.go_on.clear()
    waiting = await _asking(fresh, 5)
    source.go_on.set()
    assert await asyncio.gather(*waiting) == ["a 1"] * 5
    assert source.loads == ["a"]


async def test_others_get_the_previous_value_while_one_loads() -> None:
    source = Source()
    fresh = source.fresh()
    await fresh.get("a")
    source.now += FRESH_S
    source.go_on.clear()
    [first] = await _asking(fresh, 1)
    async with asyncio.timeout(10):
        assert [await fresh.get("a") for _ in range(3)] == ["a 1"] * 3
    source.go_on.set()
    assert await first == "a 2"
    assert await fresh.get("a") == "a 2"
    assert source.loads == ["a", "a"]


async def test_an_outage_keeps_the_previous_value_and_delays_the_next_load() -> None:
    source = Source()
    fresh = source.fresh()
    await fresh.get("a")
    source.now += FRESH_S
    source.error = AWAY
    assert [await fresh.get("a") for _ in range(2)] == ["a 1"] * 2
    assert len(source.loads) == 2
    source.error = None
    source.now += FRESH_S
    assert await fresh.get("a") == "a 3"


async def test_an_outage_before_the_first_value_gives_the_default() -> None:
    source = Source()
    fresh = source.fresh()
    source.error = AWAY
    assert [await fresh.get("a") for _ in range(2)] == ["nothing"] * 2
    assert len(source.loads) == 1


async def test_a_fault_is_raised_to_all_waiting_callers_and_the_next_load_is_tried() -> None:
    source = Source()
    fresh = source.fresh()
    source.error = ValueError("a fault")
    source.go_on.clear()
    waiting = await _asking(fresh, 2)
    source.go_on.set()
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in errors] == [ValueError] * 2
    source.error = None
    assert await fresh.get("a") == "a 2"


async def test_a_cancelled_caller_does_not_cancel_the_load_of_the_others() -> None:
    source = Source()
    fresh = source.fresh()
    source.go_on.clear()
    first, second = await _asking(fresh, 2)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.go_on.set()
    assert await second == "a 1"
    assert source.loads == ["a"]


async def test_a_fault_keeps_the_previous_value_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Source()
    fresh = source.fresh()
    await fresh.get("a")
    source.now += FRESH_S
    source.error = ValueError("a fault")
    assert [await fresh.get("a") for _ in range(3)] == ["a 1"] * 3
    assert len(source.loads) == 2
    assert [record.message for record in caplog.records] == ["value not loaded again"]
    source.error = None
    source.now += FRESH_S
    assert await fresh.get("a") == "a 3"


async def test_a_load_that_fails_after_its_only_caller_was_cancelled_is_no_lost_error() -> None:
    source, lost = Source(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(context))
    fresh = source.fresh()
    source.error = ValueError("a fault")
    source.go_on.clear()
    [only] = await _asking(fresh, 1)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    source.go_on.set()
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0)
    gc.collect()
    assert lost == []
    source.error = None
    assert await fresh.get("a") == "a 2"


async def test_keys_that_are_loading_are_not_dropped() -> None:
    source = Source()
    fresh = source.fresh(most=2)
    source.go_on.clear()
    waiting = [asyncio.create_task(fresh.get(key)) for key in "abcabc"]
    await asyncio.sleep(0)
    source.go_on.set()
    assert await asyncio.gather(*waiting) == ["a 1", "b 2", "c 3"] * 2
    assert len(fresh) == 3
    await fresh.get("d")
    assert len(fresh) == 2


async def test_the_key_that_was_loaded_longest_ago_is_dropped() -> None:
    source = Source()
    fresh = source.fresh(most=2)
    await fresh.get("a")
    await fresh.get("b")
    source.now += FRESH_S
    await fresh.get("b")
    assert len(fresh) == 2
    await fresh.get("a")
    await fresh.get("c")
    assert len(fresh) == 2
    source.loads.clear()
    for key in ("a", "c", "b"):
        await fresh.get(key)
    assert source.loads == ["b"]


async def _asking(fresh: Fresh[str, str], many: int) -> list[asyncio.Task[str]]:
    """Returns tasks that get one key, each of which has started."""
    tasks = [asyncio.create_task(fresh.get("a")) for _ in range(many)]
    await asyncio.sleep(0)
    return tasks


async def test_a_load_has_nothing_of_the_call_that_began_it() -> None:
    caller = ContextVar("caller", default="nobody")

    async def seen(_key: str) -> str:
        return caller.get()

    caller.set("the first")
    assert await Fresh(seen, "nothing", fresh_s=FRESH_S).get("a") == "nobody"
