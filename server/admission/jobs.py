"""Admission: a job is committed, with its image and its money held, before it is answered."""

from collections.abc import Collection
from dataclasses import replace

from imggen.v1 import errors_pb2 as reasons
from server.admission.backlog import Backlog
from server.admission.replay import same_request
from server.domain.batches import revived
from server.domain.ids import JobId, UserId
from server.domain.images import MAX_REGENERATIONS
from server.domain.jobs import Job, NewJob, RequestKey
from server.domain.states import Lane
from server.errors import FailedPrecondition, ResourceExhausted
from server.money.budgets import exhausted
from server.store import Store
from server.store.signals import WAKE, Signals
from server.store.store import Statements


class Admission:
    """Admits jobs within the day's budget and wakes the workers of their lane."""

    def __init__(
        self, store: Store, signals: Signals, daily_budget_micros: int, backlog: Backlog
    ) -> None:
        self._store = store
        self._backlog = backlog
        self._signals = signals
        self._budget = daily_budget_micros

    async def admit(self, order: NewJob) -> Job:
        """Commits a job, or returns the one that the same request made before.

        Raises Conflict when its request_id was used with another request, ResourceExhausted
        when the budget does not cover it or too many jobs wait, FailedPrecondition when its
        lineage is used up.
        """
        try:
            await self._backlog.check(order.user_id, order.lane)
        except ResourceExhausted:
            earlier = await self.replay(order.user_id, order.request) if order.request else None
            if earlier is None:
                raise
            return earlier
        if order.price_micros or order.placement.lineage_id:
            async with self._store.transaction() as tx:
                job = await self._submit(tx, order)
        else:
            job = await self._store.submit(order)
        if job is None:
            return await self._earlier(order)
        self._backlog.add(order.user_id)
        # After the commit: a commit that notifies takes a lock that all others wait for.
        self._signals.say(WAKE, order.lane)
        return job

    async def replay(self, user: UserId, request: RequestKey) -> Job | None:
        """Returns the job that a request made before; raises Conflict for another request's."""
        found = await self._store.jobs.replay(user, request)
        return None if found is None else same_request(request, found)

    async def readmit(self, user: UserId, job: JobId, priority: int | None) -> bool:
        """Queues a failed or cancelled job again with its money held; False if it is neither.

        Raises ResourceExhausted when the budget does not cover it, or too many jobs wait.
        """
        await self._backlog.check(user, Lane.LOCAL)
        batch = await self._store.batches.of_job(user, job)
        async with self._store.transaction() as tx:
            if batch is None:
                price = await tx.jobs.retry(user, job, priority)
                if price:
                    await self.hold(tx, [job], price)
                retried = price is not None
                self._backlog.add(user, int(retried))
            else:
                graph = await tx.batches.lock(batch)
                retried = await self.revive(tx, user, revived(graph, job), priority)
        if retried:
            self._signals.say(WAKE, Lane.LOCAL)
        return retried

    async def revive(
        self, tx: Statements, user: UserId, jobs: Collection[JobId], priority: int | None = None
    ) -> bool:
        """Queues jobs of a batch, which is locked, again with their money held; False for none.

        Raises ResourceExhausted when the budget does not cover them.
        """
        if not jobs:
            return False
        # Before they are queued: where one fails again at once, its hold is there to be released.
        price = await tx.batches.price(list(jobs))
        if price:
            await self.hold(tx, jobs, price)
        retried = await tx.jobs.retry_each(user, list(jobs), priority) is not None
        self._backlog.add(user, len(jobs) if retried else 0)
        return retried

    async def check_room(self, user: UserId, lane: Lane) -> None:
        """Raises ResourceExhausted when too many jobs wait for others to join them."""
        await self._backlog.check(user, lane)

    def note(self, user: UserId, jobs: int) -> None:
        """Counts what was admitted elsewhere among the jobs that wait."""
        self._backlog.add(user, jobs)

    async def _submit(self, tx: Statements, order: NewJob) -> Job | None:
        lineage = order.placement.lineage_id
        if lineage is not None:
            newest = await tx.images.lock_lineage(lineage)
            if order.request and await tx.jobs.replay(order.user_id, order.request):
                return None
            order = replace(order, placement=replace(order.placement, version=newest + 1))
            if newest > MAX_REGENERATIONS:
                raise FailedPrecondition(
                    f"image_id: its lineage has had its {MAX_REGENERATIONS} regenerations;"
                    " generate a new image",
                    reasons.ERROR_REASON_REGENERATION_LIMIT,
                )
        job = await tx.jobs.submit(order)
        # Budget rows are locked last, so that nobody waits for them longer than a commit.
        if job is not None and order.price_micros:
            await self.hold(tx, [order.id], order.price_micros)
        return job

    async def _earlier(self, order: NewJob) -> Job:
        job = await self.replay(order.user_id, order.request) if order.request else None
        if job is None:
            raise ValueError(f"job {order.id} was neither stored nor there before")
        return job

    async def hold(self, tx: Statements, jobs: Collection[JobId], price_micros: int) -> None:
        """Holds the price of jobs against today's budget; raises ResourceExhausted beyond it."""
        if not await tx.money.hold(jobs, self._budget):
            raise exhausted(price_micros)
