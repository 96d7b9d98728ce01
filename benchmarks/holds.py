"""How many jobs a gateway admits in a second with their money held, compared with free ones."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.environment import BenchEnvironment, new_database
from benchmarks.jobs import new_jobs
from benchmarks.report import Figure, Target
from server.admission.backlog import Backlog, QueueLimits
from server.admission.cheapest import CheapestOffers
from server.admission.jobs import Admission
from server.domain.jobs import NewJob
from server.domain.lanes import JobLane
from server.domain.states import Lane
from server.forecast.jobs import Forecast
from server.metrics import GatewayMetrics
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from server.settings import GatewaySettings
from server.store import Store, open_store
from server.store.signals import Signals

CALLERS = 50
RATIO = Target(0.9, least=True)
_PRICE_MICROS = 57_500
_BUDGET_MICROS = 10**12


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Admits free and paid jobs alternately, all on one budget's rows."""
    jobs, rounds = bench.sized(2000, 100), bench.sized(5, 1)
    free, paid = asyncio.run(_measure(bench, jobs, rounds))
    note = f"{CALLERS} at once, rounds of {jobs} jobs"
    yield Figure.median("admissions of free jobs", free, "/s", note=note)
    yield Figure.median("admissions with a hold", paid, "/s", note=note)
    ratios = [one / other for one, other in zip(paid, free, strict=True)]
    yield Figure.median("with a hold against without", ratios, "x", RATIO, "by pair of rounds")


async def _measure(
    bench: BenchEnvironment, jobs: int, rounds: int
) -> tuple[list[float], list[float]]:
    free, paid = [], []
    async with open_store(
        await new_database(bench.postgres), max_connections=GatewaySettings().database_pool_max
    ) as store:
        for place in range(rounds + 1):
            rates = [await _rate(store, jobs, price) for price in (0, _PRICE_MICROS)]
            if place:  # the first round warms both up
                free.append(rates[0])
                paid.append(rates[1])
    return free, paid


async def _rate(store: Store, count: int, price_micros: int) -> float:
    """Returns the admissions in a second, by callers that each wait for their last one."""
    jobs = [_priced(job, price_micros) for job in await new_jobs(store, count)]
    admission = _admission(store)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for caller in range(CALLERS):
            group.create_task(_admit(admission, jobs[caller::CALLERS]))
    return count / (time.perf_counter() - began)


async def _admit(admission: Admission, jobs: Sequence[NewJob]) -> None:
    for job in jobs:
        await admission.admit(job)


def _admission(store: Store) -> Admission:
    backlog = Backlog(store.jobs.waiting, Forecast(store.jobs.outlook), QueueLimits())
    cheapest = CheapestOffers(Catalogue(KNOWN.values()), Observer(store, GpuCost()))
    signals, metrics = Signals(store.database), GatewayMetrics()
    return Admission(store, signals, _BUDGET_MICROS, backlog, cheapest, metrics)


def _priced(job: NewJob, price_micros: int) -> NewJob:
    if not price_micros:
        return job
    lanes = (JobLane(Lane.HOSTED, ("gpt-image-2.5-flare",)),)
    return replace(job, price_micros=price_micros, provider="openai", lanes=lanes)
