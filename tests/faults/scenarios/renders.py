"""Renders that are killed near their end: another worker goes on from their records."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.faults.builds import Build
from tests.faults.environment import (
    FaultEnvironment,
    NeverHappened,
    all_held,
    fault_environment,
    until,
)
from tests.faults.history import History
from tests.faults.hold_points import LATE
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_EVERY = 5
_SETTINGS = {"IMGGEN_RECORD_STEPS": str(_EVERY), "IMGGEN_RECORD_AFTER_S": "0"}


async def killed_renders(server: str, build: Build, quick: bool) -> Report:
    """Kills workers two steps before the end of their renders, each with the diffuser in it.

    Each render has a twin of the same seed that nobody kills, and that ends with the same picture.
    """
    count = 1 if quick else 3
    problems: list[Problem] = []
    recovered = None
    async with fault_environment(server, build, **_SETTINGS) as environment:
        caller = await environment.caller((await environment.gateway()).port)
        slot = {"IMGGEN_SLOTS": '{"local": 1}'}
        for seed in range(count):
            await caller.submit(seed=seed)
        victims = [
            await environment.worker(f"victim {number}", "--hold", LATE, **slot)
            for number in range(count)
        ]
        await all_held(*victims)
        for seed in range(count):
            await caller.submit(seed=seed)
        try:
            await until(_recorded(environment, count), "each render has one record")
            successor = await environment.worker("successor", IMGGEN_SLOTS='{"local": 4}')
            await successor.ready.wait()
            for victim in victims:
                victim.kill()
            killed = time.monotonic()
            recovered = await environment.all_jobs_end() - killed
            await until(_recorded(environment, 0), "the records are removed")
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
        problems += await _same_pictures(environment, count)
    history = environment.history
    taken = [taken_twice(history, victim.held_at) for victim in victims]
    problems += [problem for each in taken for problem in problems_of(each)]
    most = max((steps for steps in taken if steps is not None), default="no")
    return reported(
        "killed two steps before the end of a render",
        f"{count} SIGKILLs, {most} steps of a render taken twice",
        history,
        recovered,
        problems,
    )


def taken_twice(history: History, held_at: tuple[str, str, int]) -> int | None:
    """Returns how many steps of a render were taken twice that was killed at a hold point.

    None where it was not held there, or where no attempt after it has begun to render.
    """
    point, job, attempt = held_at
    for one in history.done("begun"):
        if point == LATE and (one.job, one.attempt) == (job, attempt + 1):
            first, steps = map(int, one.detail.split(" of "))
            return steps - 2 - (first - 1)
    return None


def problems_of(taken: int | None) -> list[Problem]:
    """Returns the rule that so many steps break; None, which were not counted, break one, too."""
    if taken is None:
        return [Problem(Rule.AWAITED, f"no render went on after one that was killed at {LATE}")]
    if taken > _EVERY:
        return [Problem(Rule.AGAIN, f"{taken} steps of a render were taken twice")]
    return []


def _recorded(environment: FaultEnvironment, count: int) -> Callable[[], Awaitable[bool]]:
    """Returns a condition: so many records are stored."""
    folder = environment.folder / "pixels"

    async def recorded() -> bool:
        return len(await asyncio.to_thread(_records, folder)) == count

    return recorded


def _records(folder: Path) -> list[Path]:
    return list(folder.glob("*/*/*/*.safetensors"))


async def _same_pictures(environment: FaultEnvironment, count: int) -> list[Problem]:
    """Returns which pictures differ from those of their twins."""
    rows = await environment.query("SELECT sha256 FROM assets WHERE kind = 'original'")
    pictures = Counter(row["sha256"] for row in rows)
    if sorted(pictures.values()) == [2] * count:
        return []
    return [Problem(Rule.OUTCOME, f"{len(pictures)} pictures of {count} seeds, {len(rows)} in all")]
