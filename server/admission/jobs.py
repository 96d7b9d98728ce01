"""Admission of jobs: each is committed with its image, its money held, before it is answered."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

from imggen.rules.retries import retried_with
from imggen.rules.states import MAX_REGENERATIONS, job_not_retryable, regenerations_used
from server.admission.backlog import Backlog
from server.admission.cheapest import CheapestOffers
from server.admission.reuse import copies_of
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import BatchPlace, Job, NewJob, RequestKey
from server.domain.reuse import Stored
from server.domain.states import Lane
from server.metrics import GatewayMetrics
from server.money.budgets import OverBudget, exhausted, told
from server.requests.origin import Origin
from server.requests.pictures import Picture
from server.routing.explained import explained
from server.store import Store
from server.store.signals import Signals
from server.store.store import Statements
from server.traces import current

Offering = Callable[[Statements, Collection[JobId]], Awaitable[None]]
"""Offers ended jobs anew, or leaves them as they were."""

Retried = TypeVar("Retried")


class Admission:
    """Admits and retries jobs within the day's budget, and wakes the workers of their lanes."""

    def __init__(
        self,
        store: Store,
        signals: Signals,
        daily_budget_micros: int,
        backlog: Backlog,
        cheapest: CheapestOffers,
        metrics: GatewayMetrics,
        *,
        checks_pictures: bool = False,
    ) -> None:
        """Takes whether only pictures that a classifier has looked at may answer a request."""
        self._store = store
        self._backlog = backlog
        self._signals = signals
        self._budget = daily_budget_micros
        self._cheapest = cheapest
        self._metrics = metrics
        self.checks_pictures = checks_pictures

    async def admit(self, new: NewJob) -> Job | None:
        """Commits a job, COMPLETED if a stored picture answers it; None if its request_id is taken.

        Raises ResourceExhausted when the budget does not cover it or too many jobs wait,
        FailedPrecondition when its lineage is used up.
        """
        async with self.alerting():
            return await self._admit(new)

    async def _admit(self, new: NewJob) -> Job | None:
        if new.reuse is not None and (answered := await self._reuse(new)) is not None:
            return answered
        lanes = await self._check_room(new)
        if new.placement.lineage_id:
            async with self._store.transaction() as tx:
                job = await self._submit(tx, new)
        elif new.price_micros:
            job, short = await self._store.submit_paid(new, self._budget)
            if short:
                raise OverBudget(new.price_micros, short)
        else:
            job = await self._store.submit(new)
        if job is not None:
            current().set({"imggen.job_id": str(new.id)})
            self.note(new.user_id, [new])
            # After the commit, since a commit that notifies takes a lock that all others wait for.
            self._signals.wake(lanes)
        return job

    async def quote(self, new: NewJob) -> Stored | None:
        """Returns the stored picture that would answer a job; None where it would be drawn.

        Raises what `admit` raises; nothing is held or stored.
        """
        async with self._store.transaction() as tx:
            new = await _next_version(tx, new)
            found = (await tx.reuses.find([new], checked=self.checks_pictures)).get(new.id)
        if found is None:
            await self._check_room(new)
        _check_version(new)
        return found

    async def retry(
        self, job: Job, priority: int | None, request: RequestKey | None
    ) -> JobId | None:
        """Queues a failed or cancelled job again with its money held.

        In a batch, the jobs that it needs are queued too. Returns None when the request_id is
        taken. Raises FailedPrecondition when the job cannot be retried, ResourceExhausted when
        not even the cheapest of its offers is covered by the budget, or too many jobs wait.
        """
        user = job.user_id
        await self._backlog.check(user, {one.lane for one in job.lanes})

        async def retry(offer: Offering) -> JobId | None:
            async with self.paying() as tx:
                if request and not await tx.retries.note(user, request, job=job.id):
                    return None
                if job.batch_id is None:
                    retried = await self._retry_alone(tx, job, priority, offer)
                else:
                    again = retried_with(await tx.batches.lock(job.batch_id), job.id)
                    retried = await self.retry_each(tx, user, again, offer, priority)
                if not retried:
                    now = await tx.jobs.get(user, job.id) or job
                    raise job_not_retryable(job.id, now.status)
            return job.id

        retried = await self.within_offers(user, retry)
        self._signals.wake()  # it may wait in other lanes than before
        return retried

    async def within_offers(
        self, user: UserId, retry: Callable[[Offering], Awaitable[Retried]]
    ) -> Retried:
        """Returns what a retry gives with the jobs' own offers, or else with their cheapest ones.

        `retry` gets what offers ended jobs anew, to call first in its transaction. Raises
        OverBudget where the budgets do not cover the cheapest.
        """
        try:
            return await retry(_as_they_were)
        except OverBudget:
            conditions = await self._cheapest.conditions(user)

        async def cheapest(tx: Statements, jobs: Collection[JobId]) -> None:
            await self._cheapest.take(tx, user, jobs, conditions)

        return await retry(cheapest)

    async def _retry_alone(
        self, tx: Statements, job: Job, priority: int | None, offer: Offering
    ) -> bool:
        await offer(tx, [job.id])
        price = await tx.jobs.retry(job.user_id, job.id, priority)
        if price:
            await self.hold(tx, await tx.batches.prices([job.id]))
        self._backlog.add(job.user_id, int(price is not None))
        return price is not None

    async def retry_each(
        self,
        tx: Statements,
        user: UserId,
        jobs: Collection[JobId],
        offer: Offering,
        priority: int | None = None,
    ) -> bool:
        """Queues jobs of a locked batch again with their money held; returns False for none.

        Raises OverBudget when the budget does not cover their offers.
        """
        if not jobs:
            return False
        await offer(tx, jobs)
        # Before they are queued, since one may fail again at once and release its hold.
        prices = await tx.batches.prices(list(jobs))
        if prices:
            await self.hold(tx, prices)
        retried = await tx.jobs.retry_each(user, list(jobs), priority) is not None
        self._backlog.add(user, len(jobs) if retried else 0)
        return retried

    async def _check_room(self, new: NewJob) -> set[Lane]:
        """Returns the lanes of a job that is to be drawn; raises ResourceExhausted without room."""
        check_covered(new)
        lanes = {one.lane for one in new.lanes}
        await self._backlog.check(new.user_id, lanes)
        return lanes

    async def check_backlog(self, user: UserId, lanes: Collection[Lane]) -> None:
        """Raises ResourceExhausted when no more jobs may wait."""
        await self._backlog.check(user, lanes)

    def note(self, user: UserId, jobs: Collection[NewJob]) -> None:
        """Counts jobs that were admitted and are to be drawn."""
        self._backlog.add(user, len(jobs))
        for job in jobs:
            self._metrics.accepted_jobs.labels(job.lanes[0].lane).inc()

    async def _reuse(self, new: NewJob) -> Job | None:
        """Answers a job with a stored picture; None if there is none or its request_id is taken.

        It takes no room in the queue and no money.
        """
        async with self._store.transaction() as tx:
            new = await _next_version(tx, new)
            copies = await copies_of(tx, [new], checked=self.checks_pictures)
            if not await tx.reuses.copy(copies):
                return None
            _check_version(new)
            job = await tx.jobs.get(new.user_id, new.id)
        self._signals.tell([new.id])
        return job

    async def _submit(self, tx: Statements, new: NewJob) -> Job | None:
        new = await _next_version(tx, new)
        job = await tx.submits.submit(new)
        # After the insert, which finds that the same request has made this version already.
        if job is not None:
            _check_version(new)
        if job is not None and new.placement.parent_image_id:
            await tx.scenes.copy(new.id)
        # Budget rows are locked last, so that others wait for them no longer than a commit.
        if job is not None and new.price_micros:
            await self.hold(tx, {new.id: (new.provider, new.price_micros)})
        return job

    @asynccontextmanager
    async def paying(self) -> AsyncIterator[Statements]:
        """Yields a transaction that may hold money; operators are told of a refused hold."""
        async with self.alerting(), self._store.transaction() as tx:
            yield tx

    @asynccontextmanager
    async def alerting(self) -> AsyncIterator[None]:
        """Tells operators of a budget that refuses what the block admits, whoever finds it."""
        async with self.telling():
            try:
                yield
            except OverBudget as error:
                # After the transaction, which takes back all that it wrote.
                await self._store.alerts.note_refusal(error.scope, error.picture_micros)
                raise

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tells the caller whom a budget refuses what is left of it."""
        try:
            yield
        except OverBudget as error:
            budget = await self._store.budgets.get(error.scope)
            raise told(error, budget, self._store.clock.now()) from error

    async def hold(self, tx: Statements, prices: Mapping[JobId, tuple[str, int]]) -> None:
        """Holds the prices of jobs in today's budgets; raises OverBudget beyond their limits.

        Each has the provider that it would be paid to.
        """
        short = await tx.money.hold(list(prices), self._budget)
        if short is not None:
            raise exhausted(prices.values(), short)


async def _as_they_were(_tx: Statements, _jobs: Collection[JobId]) -> None:
    """Leaves jobs their offers."""


async def _next_version(tx: Statements, new: NewJob) -> NewJob:
    """Returns the job of a regeneration with the next version of its lineage, which it locks."""
    lineage = new.placement.lineage_id
    if lineage is None:
        return new
    newest = await tx.images.lock_lineage(lineage)
    return replace(new, placement=replace(new.placement, version=newest + 1))


def _check_version(new: NewJob) -> None:
    if new.placement.version > MAX_REGENERATIONS + 1:
        raise regenerations_used(new.placement.lineage_id or new.image_id)


def check_covered(new: NewJob) -> None:
    """Raises OverBudget for a job that a stored picture alone could have answered."""
    if new.short:
        raise OverBudget(new.price_micros, new.short)


def new_job(origin: Origin, picture: Picture, batch: BatchPlace | None = None) -> NewJob:
    """Returns the job that draws a picture; a job of a batch has no request key, its batch has."""
    offer = picture.offer
    return NewJob(
        id=JobId(uuid4()),
        image_id=ImageId(uuid4()),
        user_id=origin.user_id,
        spec=picture.spec,
        placement=picture.placement,
        lanes=picture.lanes,
        provider=offer.model.provider,
        price_micros=offer.price_micros,
        limits=picture.limits,
        route=explained(picture.routing, picture.most_micros),
        priority=origin.priority,
        request=None if batch else origin.request,
        cropped_from=offer.format.cropped_from,
        batch=batch,
        metadata=origin.metadata,
        reuse=picture.reuse,
        short=picture.short,
        trace=current().context,
    )
