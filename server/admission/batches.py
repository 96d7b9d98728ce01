"""Admission of batches: a whole story is committed in one transaction, or nothing."""

from uuid import uuid4

from imggen.v1 import errors_pb2 as reasons
from server.admission.jobs import Admission, new_job
from server.domain.batches import Batch, NewBatch, all_retryable
from server.domain.ids import BatchId, UserId
from server.domain.jobs import BatchPlace
from server.domain.states import BatchStatus, Lane
from server.errors import FailedPrecondition
from server.requests.missing import missing_batch
from server.requests.origin import Origin
from server.requests.stories import Storyboard
from server.store import Store
from server.store.signals import Signals


class BatchAdmission:
    """Admits, cancels and retries batches; their jobs' money is held and released with them."""

    def __init__(self, store: Store, signals: Signals, admission: Admission) -> None:
        self._store = store
        self._signals = signals
        self._admission = admission

    async def admit(self, new: NewBatch) -> Batch | None:
        """Commits a batch with its jobs; returns None when its request_id is taken.

        Raises ResourceExhausted when the budget does not cover all of it, or too many jobs wait.
        """
        lanes = {job.lane for job in new.jobs}
        await self._admission.check_backlog(new.user_id, lanes)
        async with self._store.transaction() as tx:
            created = await tx.batches.create(new)
            # Budget rows are locked last, so that others wait for them no longer than a commit.
            if created and new.price_micros:
                jobs = [job.id for job in new.jobs]
                await self._admission.hold(tx, jobs, new.price_micros)
        if not created:
            return None
        self._admission.note(new.user_id, len(new.jobs))
        self._signals.wake(lanes)
        return await self.get(new.user_id, new.id)

    async def get(self, user: UserId, batch: BatchId) -> Batch:
        """Returns a batch of the user; raises NotFound."""
        found = await self._store.batches.get(user, batch)
        if found is None:
            raise missing_batch(batch)
        return found

    async def cancel(self, user: UserId, batch: BatchId) -> Batch:
        """Cancels waiting jobs and asks running ones to stop.

        Raises FailedPrecondition when the batch has ended.
        """
        before = await self.get(user, batch)
        async with self._store.transaction() as tx:
            graph = await tx.batches.lock(batch)
            running = [node.id for node in graph.values() if not node.status.ended]
            cancelled = await tx.jobs.cancel_each(user, running)
        if not cancelled and before.status is not BatchStatus.CANCELLED:
            raise FailedPrecondition(
                f"batch_id: the batch has ended, {before.status}; only one that waits or runs"
                " can be cancelled",
                reasons.ERROR_REASON_BATCH_ENDED,
            )
        self._signals.tell(cancelled)
        return await self.get(user, batch)

    async def retry(self, user: UserId, batch: BatchId) -> Batch:
        """Queues the failed and cancelled jobs again.

        Raises FailedPrecondition when there are none, ResourceExhausted when the budget does
        not cover them or too many jobs wait.
        """
        await self.get(user, batch)
        await self._admission.check_backlog(user, tuple(Lane))
        async with self._store.transaction() as tx:
            graph = await tx.batches.lock(batch)
            jobs = all_retryable(graph)
            retried = await self._admission.retry_each(tx, user, jobs)
        if not retried:
            raise FailedPrecondition(
                "batch_id: none of its jobs can be retried; only failed and cancelled ones whose"
                " images were not deleted can",
                reasons.ERROR_REASON_BATCH_NOT_RETRYABLE,
            )
        self._signals.tell(jobs)
        self._signals.wake({graph[job].lane for job in jobs})
        return await self.get(user, batch)


def new_batch(origin: Origin, board: Storyboard, max_concurrent: int) -> NewBatch:
    """Returns the batch that draws a storyboard."""
    batch = BatchId(uuid4())
    jobs = tuple(
        new_job(origin, picture, BatchPlace(batch, place))
        for place, picture in enumerate(board.pictures)
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
    )
