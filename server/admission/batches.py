"""Admission of batches: a whole story is committed in one transaction, or nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from imggen.rules.missing import missing_batch
from imggen.rules.retries import all_retryable
from imggen.rules.states import batch_ended, batch_not_retryable
from server.admission.jobs import Admission, Offering, check_covered, new_job
from server.admission.reuse import reusing, with_copies
from server.domain.batches import Batch, NewBatch
from server.domain.ids import BatchId, JobId, UserId
from server.domain.jobs import BatchPlace, RequestKey
from server.domain.states import DRAWING_LANES
from server.money.budgets import exhausted
from server.requests.origin import Origin
from server.requests.stories import Storyboard
from server.routing.conditions import BudgetRest
from server.store import Store
from server.store.signals import Signals
from server.store.store import Statements
from server.traces import Kind, Span, current


class BatchAdmission:
    """Admits, cancels and retries batches; their jobs' money is held and released with them."""

    def __init__(self, store: Store, signals: Signals, admission: Admission) -> None:
        self._store = store
        self._signals = signals
        self._admission = admission

    async def admit(self, new: NewBatch) -> Batch | None:
        """Commits a batch with its jobs; returns None when its request_id is taken.

        Those that stored pictures answer are COMPLETED at once, and cost nothing. Raises
        ResourceExhausted when the budget does not cover the others, or too many jobs wait.
        """
        await self._admission.check_backlog(new.user_id, new.lanes)
        async with self._admission.paying() as tx:
            new, spans = _traced(await _answered(tx, new, self._admission.checks_pictures))
            created = await tx.batches.create(new)
            # Budget rows are locked last, so that others wait for them no longer than a commit.
            if created and new.price_micros:
                prices = {job.id: (job.provider, job.price_micros) for job in new.jobs}
                await self._admission.hold(tx, prices)
        if not created:
            return None
        current().set({"imggen.batch_id": str(new.id)})
        for span in spans:
            span.end()
        self._admission.note(new.user_id, new.jobs)
        self._signals.tell(copy.job.id for copy in new.copies)
        self._signals.wake(new.lanes)
        return await self.get(new.user_id, new.id)

    async def quote(self, new: NewBatch, rest: BudgetRest) -> NewBatch:
        """Returns a batch as it would be admitted now, within the rest of the budgets.

        Raises what `admit` raises; nothing is held or stored.
        """
        await self._admission.check_backlog(new.user_id, new.lanes)
        async with self._store.transaction() as tx:
            new = await _answered(tx, new, self._admission.checks_pictures)
        prices = Counter[str]()
        for job in new.jobs:
            prices[job.provider] += job.price_micros
        if short := rest.short(prices):
            raise exhausted([(job.provider, job.price_micros) for job in new.jobs], short)
        return new

    async def get(self, user: UserId, batch: BatchId) -> Batch:
        """Returns a batch of the user; raises NotFound."""
        found = await self._store.batches.get(user, batch)
        if found is None:
            raise missing_batch(batch)
        return found

    async def cancel(self, user: UserId, batch: BatchId) -> Batch:
        """Cancels waiting jobs and asks running ones to stop.

        A batch whose cancel was requested before is returned as it is. Raises
        FailedPrecondition when the batch has ended otherwise.
        """
        await self.get(user, batch)
        async with self._store.transaction() as tx:
            graph = await tx.batches.lock(batch)
            running = [node.id for node in graph.values() if not node.status.ended]
            cancelled = await tx.jobs.cancel_each(user, running)
            # While it is locked: a retry that comes next must not make "has ended" untrue.
            after = await tx.batches.get(user, batch)
        self._signals.tell(cancelled)
        if after is None:
            raise missing_batch(batch)
        if not cancelled and not any(node.cancel_requested for node in graph.values()):
            raise batch_ended(batch, after.status)
        return after

    async def retry(
        self, user: UserId, batch: BatchId, request: RequestKey | None
    ) -> BatchId | None:
        """Queues the failed and cancelled jobs again; returns None if the request_id is taken.

        Raises FailedPrecondition when there are none, ResourceExhausted when the budget does
        not cover their cheapest offers or too many jobs wait.
        """
        await self.get(user, batch)
        await self._admission.check_backlog(user, DRAWING_LANES)

        async def retry(offer: Offering) -> set[JobId] | None:
            async with self._admission.paying() as tx:
                if request and not await tx.retries.note(user, request, batch=batch):
                    return None
                jobs = all_retryable(await tx.batches.lock(batch))
                if not await self._admission.retry_each(tx, user, jobs, offer):
                    raise batch_not_retryable(batch)
                return jobs

        jobs = await self._admission.within_offers(user, retry)
        if jobs is None:
            return None
        self._signals.tell(jobs)
        self._signals.wake()  # they may wait in other lanes than before
        return batch


async def _answered(tx: Statements, new: NewBatch, checked: bool) -> NewBatch:
    """Returns a batch with its copies; raises OverBudget where one alone could have answered."""
    new = await with_copies(tx, new, checked=checked)
    for job in new.jobs:
        check_covered(job)
    return new


def _traced(batch: NewBatch) -> tuple[NewBatch, Sequence[Span]]:
    """Returns a batch each of whose jobs has a trace of its own, and how those begin.

    They link to the call's, which would be too long to read with all of them. Their first spans end
    when the batch is committed.
    """
    call = current()
    if not call.context:
        return batch, ()
    jobs, spans = [], []
    for job in batch.jobs:
        about = {"imggen.job_id": str(job.id), "imggen.batch_id": str(batch.id)}
        span = call.linked("queue job", Kind.PRODUCER, about)
        jobs.append(replace(job, trace=span.context))
        spans.append(span)
    return replace(batch, jobs=tuple(jobs)), spans


def new_batch(origin: Origin, board: Storyboard, max_concurrent: int) -> NewBatch:
    """Returns the batch that draws a storyboard."""
    batch = BatchId(uuid4())
    jobs = tuple(
        new_job(origin, picture, BatchPlace(batch, place))
        for place, picture in enumerate(reusing(board))
    )
    return NewBatch(
        id=batch,
        user_id=origin.user_id,
        story_id=board.story_id,
        style=board.style.id,
        max_concurrent=max_concurrent,
        request=origin.request,
        jobs=jobs,
        needs=tuple((jobs[one].id, jobs[needed].id) for one, needed in board.needs),
        metadata=origin.metadata,
    )
