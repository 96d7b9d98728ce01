"""Rerouting: the lanes of waiting jobs follow speeds, queues and the health of providers."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

from actors.worker.background import beside
from server.domain.health import HealthState
from server.domain.ids import JobId
from server.domain.lanes import JobLane, Reroute, WaitingJob
from server.domain.states import Lane
from server.errors import Unavailable
from server.routing.catalogue import Catalogue
from server.routing.conditions import BudgetRest, Conditions
from server.routing.lanes import lanes
from server.routing.observer import Observer
from server.routing.router import Routing, route_again
from server.routing.wishes import wish_of
from server.store import Store
from server.store.causes import said_of
from server.store.signals import Signals
from server.store.store import Statements

_LOOKS_S = 2.0
_ANYWAY_S = 30.0
_PAGE = 200
_MOVED = timedelta(seconds=5)
_NEVER = datetime.max.replace(tzinfo=UTC)
_FIRST = JobId(UUID(int=0))
_log = logging.getLogger(__name__)

Seen = tuple[
    Mapping[tuple[str, str], HealthState],
    frozenset[Lane],
    Mapping[Lane, frozenset[str] | None],
]
"""What moves waiting jobs at once: the health of providers, which lanes are paused, and which
models workers hold."""


class Rerouting:
    """Routes waiting jobs again, in one worker of the fleet at a time.

    It looks at once after the health of a provider has changed, a lane was paused or resumed, or
    the models that workers hold are others, and now and then for speeds and queues. Jobs that are
    claimed are chosen for again anyway; this moves those that nobody claims.
    """

    def __init__(
        self, catalogue: Catalogue, observer: Observer, store: Store, signals: Signals
    ) -> None:
        self._catalogue = catalogue
        self._observer = observer
        self._store = store
        self._signals = signals
        self._seen: Seen = ({}, frozenset(), {})
        self._at = 0.0

    def running(self) -> AbstractAsyncContextManager[None]:
        """Reroutes in the background until the block ends; not where one model draws all jobs."""
        fixed = len(self._catalogue.models) == 1
        return nullcontext() if fixed else beside(self._run, "rerouting")

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except Unavailable as error:
                _log.warning("jobs not rerouted", extra={"error": said_of(error)})
            except Exception:
                # If this task ended, jobs would wait for offers that are gone.
                _log.exception("jobs not rerouted")
            await asyncio.sleep(_LOOKS_S)

    async def _look(self) -> None:
        conditions = await self._observer.conditions()
        health = {key: found.state for key, found in conditions.health.items()}
        seen = (health, conditions.paused, conditions.held)
        if seen != self._seen or monotonic() - self._at >= _ANYWAY_S:
            await self._reroute(conditions)  # by what is kept as seen, and by nothing newer
            self._seen, self._at = seen, monotonic()

    async def reroute(self) -> int:
        """Routes all waiting jobs again; returns how many have other lanes now."""
        return await self._reroute(await self._observer.conditions())

    async def _reroute(self, conditions: Conditions) -> int:
        # A job's own hold is part of what is used of the budgets; they are asked as a call begins.
        conditions = replace(conditions, rest=BudgetRest())
        changed = 0
        async with self._store.alone("reroute") as statements:
            if statements is None:
                return 0
            last = _FIRST
            while page := await statements.leases.waiting_after(last, _PAGE):
                changed += await self._reroute_page(statements, page, conditions)
                last = page[-1].job_id
        if changed:
            _log.info("jobs rerouted", extra={"jobs": changed})
        return changed

    async def _route(
        self, statements: Statements, job: WaitingJob, conditions: Conditions
    ) -> Routing:
        """Returns the routing of a job; where all else is paused, with what failed it before."""
        wish = wish_of(job.spec, job.limits, job.passed_over, job.shown)
        routing = route_again(self._catalogue, wish, conditions)
        if not (routing.paused and job.passed_over):
            return routing
        lasting = await statements.leases.not_again(job.job_id)
        again = route_again(self._catalogue, replace(wish, excluded=lasting), conditions)
        return routing if again.paused else again

    async def _reroute_page(
        self, statements: Statements, page: Sequence[WaitingJob], conditions: Conditions
    ) -> int:
        changes = []
        for job in page:
            routing = await self._route(statements, job, conditions)
            now = lanes(routing, conditions)
            if not routing.offers:
                now = _not_put_off(now, job.lanes, conditions.now)
            if now and differ(job.lanes, now, conditions.now):
                changes.append(Reroute(job.job_id, job.lanes, now))
        if not changes:
            return 0
        done = await statements.leases.reroute_each(changes)
        self._signals.wake({one.lane for change in changes for one in change.lanes})
        return len(done)


def _not_put_off(
    after: Sequence[JobLane], before: Sequence[JobLane], now: datetime
) -> tuple[JobLane, ...]:
    """Returns lanes that open no later than before, though nothing may draw the job.

    The worker that claims it counts how long that has been so; no look may put that off.
    """
    opens = {one.lane: one.opens_at or now for one in before}
    return tuple(
        replace(one, opens_at=min(one.opens_at or now, opens.get(one.lane, _NEVER)))
        for one in after
    )


def differ(before: Sequence[JobLane], after: Sequence[JobLane], now: datetime) -> bool:
    """Returns whether lanes differ in more than a few seconds of their openings."""
    if [(one.lane, one.models) for one in before] != [(one.lane, one.models) for one in after]:
        return True
    return any(
        abs((one.opens_at or now) - max(other.opens_at or now, now)) > _MOVED
        for one, other in zip(after, before, strict=True)
    )
