"""Jobs that hosted models draw for money, and the models: two paid ones and a local one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from actors.providers.base import Provider, ProviderFailed
from actors.providers.fake import FakeProvider, Turn
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from server.domain.jobs import Job, NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.states import Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import FailureKind
from tests.builders import new_job, paid
from tests.integration.job_queue import JobQueue

PRICE = 40_000
FAKE_PRICE = 10_000
LIMIT = 1_000_000
SQUARE = MappingProxyType({"1:1": KNOWN["fake"].scenes["1:1"]})
DEAR = replace(paid(KNOWN["fake"], PRICE + 10_000, name="dear"), scenes=SQUARE)
"""A second paid row, which costs more."""
PAID = Catalogue([KNOWN["fake"], DEAR])
ALL = Catalogue([KNOWN["fake"], DEAR, KNOWN["storybook"]])


class NamedFake(FakeProvider):
    """A fake under another name, for a second provider beside the first."""

    name = "somebody"
    model = "dear"


def providers(script: Sequence[Turn] = (), second: Sequence[Turn] = ()) -> dict[str, Provider]:
    """Returns the providers of `ALL`; the scripts are of the two paid ones."""
    renderer = ScriptedRenderer()
    local = every_model(renderer, renderer)["storybook"]
    return {"fake": FakeProvider(script), "dear": NamedFake(second), "storybook": local}


def failing(kind: FailureKind, **more: object) -> ProviderFailed:
    """Returns a failure of a kind."""
    return ProviderFailed(kind, f"it failed: {kind}", **more)  # type: ignore[arg-type]


async def submit(queue: JobQueue, *, hold: bool = True, **limits: object) -> NewJob:
    """Submits a job that may be drawn by the paid models, with its price held."""
    asked = Limits(**limits)  # type: ignore[arg-type]
    lanes = (JobLane(Lane.HOSTED, ("fake", "dear")),)
    new = new_job(
        queue.user, lanes=lanes, limits=asked, price_micros=PRICE if hold else 0, provider="fake"
    )
    return await admitted(queue, new, hold=hold)


async def admitted(queue: JobQueue, new: NewJob, *, hold: bool = True) -> NewJob:
    """Admits a job of the hosted lane."""
    async with queue.store.transaction() as tx:
        await tx.submits.submit(new)
        if hold:
            assert await tx.money.hold([new.id], LIMIT) is None
        else:
            await tx.money.default_limit(LIMIT)
    queue.signals.wake([Lane.HOSTED])
    return new


async def money(queue: JobQueue) -> tuple[int, int]:
    """Returns what is held and spent today, after a look whether all sums agree."""
    assert await queue.store.database.fetch("SELECT * FROM money_differences") == []
    row = await queue.store.database.fetchrow(
        "SELECT held_micros, spent_micros FROM budgets WHERE scope = 'global'"
    )
    return (0, 0) if row is None else (row["held_micros"], row["spent_micros"])


async def calls(queue: JobQueue) -> list[tuple[object, ...]]:
    """Returns the paid calls in order: attempt, model, state, cost."""
    found = await queue.store.database.fetch(
        "SELECT attempt, model, state, cost_micros FROM calls ORDER BY begun_at"
    )
    return [tuple(row) for row in found]


async def drawn(
    queue: JobQueue, new: NewJob, drawing: dict[str, Provider], catalogue: Catalogue = PAID
) -> Job:
    """Runs a worker until the job has ended."""
    async with queue.worker(providers=drawing, catalogue=catalogue, poll_s=0.2):
        async with asyncio.timeout(60):
            while True:
                job = await queue.store.jobs.get(queue.user, new.id)
                assert job is not None
                if job.status.ended:
                    return job
                await asyncio.sleep(0.05)


async def waits_unoffered(queue: JobQueue) -> bool:
    """Returns whether a job has been without an offer."""
    row = await queue.store.database.fetchrow(
        "SELECT count(*) AS jobs FROM image_generation_jobs WHERE no_offer_since IS NOT NULL"
    )
    return row is not None and row["jobs"] == 1
