import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from imggen.v1.errors_pb2 import ErrorReason
from server.errors import Unavailable
from server.store.together import Together


class Doubling:
    """Doubles numbers once `resume` is set, refuses odd ones, and records its runs."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []
        self.resume = asyncio.Event()
        self.away = False

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.runs.append(list(numbers))
        await self.resume.wait()
        if self.away:
            raise Unavailable("away", ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE)
        if any(number % 2 for number in numbers):
            raise ValueError(f"{list(numbers)}: only even numbers are doubled")
        return [number * 2 for number in numbers]


async def asked(together: Together[int, int], numbers: Sequence[int]) -> list[asyncio.Task[int]]:
    """Starts a call for each number; returns once all runs that may start have started."""

    async def ask(number: int) -> int:
        return await together(number)

    tasks = [asyncio.create_task(ask(number)) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_a_lone_call_runs_at_once() -> None:
    double = Doubling()
    double.resume.set()
    assert await Together(double)(4) == 8
    assert double.runs == [[4]]


async def test_calls_during_a_run_go_into_the_next_one() -> None:
    double = Doubling()
    together = Together(double, at_once=1)
    tasks = await asked(together, [2])
    tasks += await asked(together, [4, 6, 8])
    double.resume.set()
    assert await asyncio.gather(*tasks) == [4, 8, 12, 16]
    assert double.runs == [[2], [4, 6, 8]]


async def test_a_run_has_no_more_items_than_its_limit() -> None:
    double = Doubling()
    together = Together(double, most=2, at_once=1)
    tasks = await asked(together, [2, 4, 6, 8, 10])
    double.resume.set()
    await asyncio.gather(*tasks)
    assert double.runs == [[2, 4], [6, 8], [10]]


async def test_no_more_runs_are_active_than_the_limit() -> None:
    double = Doubling()
    together = Together(double, at_once=2)
    tasks = await asked(together, [2])
    tasks += await asked(together, [4])
    tasks += await asked(together, [6])
    assert double.runs == [[2], [4]]
    double.resume.set()
    assert await asyncio.gather(*tasks) == [4, 8, 12]


async def test_a_bad_item_fails_alone() -> None:
    double = Doubling()
    double.resume.set()
    tasks = await asked(Together(double, at_once=1), [2, 3, 4])
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert (results[0], results[2]) == (4, 8)
    assert isinstance(results[1], ValueError)


async def test_nothing_is_retried_while_the_database_is_away() -> None:
    double = Doubling()
    double.away = True
    double.resume.set()
    tasks = await asked(Together(double, at_once=1), [2, 4])
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    assert double.runs == [[2, 4]]


async def test_a_call_that_was_cancelled_before_its_run_has_no_effect() -> None:
    double = Doubling()
    together = Together(double, at_once=1)
    tasks = await asked(together, [2])
    waiting = await asked(together, [4, 6])
    waiting[0].cancel()
    double.resume.set()
    await asyncio.gather(*tasks, waiting[1])
    assert double.runs == [[2], [6]]
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]


async def test_a_call_that_is_cancelled_during_its_run_harms_no_other() -> None:
    double = Doubling()
    tasks = await asked(Together(double, at_once=1), [2, 4])
    tasks[0].cancel()
    double.resume.set()
    assert await tasks[1] == 8


async def test_calls_after_a_pause_run() -> None:
    double = Doubling()
    double.resume.set()
    together = Together(double, at_once=1)
    assert [await together(number) for number in (2, 4, 6)] == [4, 8, 12]


async def test_a_run_has_nothing_of_the_call_that_began_it() -> None:
    caller = ContextVar("caller", default="nobody")

    async def seen(numbers: Sequence[int]) -> list[str]:
        return [caller.get()] * len(numbers)

    caller.set("the first")
    assert await Together(seen)(2) == "nobody"
