"""Admission of batches: all of a story is committed in one transaction, or nothing of it is."""

from imggen.v1 import errors_pb2 as reasons
from server.admission.jobs import Admission
from server.admission.replay import same_request
from server.domain.batches import Batch, NewBatch, all_revived
from server.domain.ids import BatchId, JobId, UserId
from server.domain.jobs import RequestKey
from server.domain.states import BatchStatus, Lane
from server.errors import FailedPrecondition, NotFound, ResourceExhausted
from server.store import Store
from server.store.signals import CHANGED, WAKE, Signals


class BatchAdmission:
    """Admits, cancels and retries batches; money is held and freed with their jobs."""

    def __init__(self, store: Store, signals: Signals, admission: Admission) -> None:
        self._store = store
        self._signals = signals
        self._admission = admission

    async def admit(self, order: NewBatch) -> Batch:
        """Commits a batch with its jobs, or returns the one that the same request made before.

        Raises Conflict when its request_id was used with another request, ResourceExhausted
        when the budget does not cover all of it, or too many jobs wait already.
        """
        try:
            await self._admission.check_room(order.user_id, _lane(order))
        except ResourceExhausted:
            earlier = await self.replay(order.user_id, order.request) if order.request else None
            if earlier is None:
                raise
            return earlier
        async with self._store.transaction() as tx:
            created = await tx.batches.create(order)
            # Budget rows are locked last, so that nobody waits for them longer than a commit.
            if created and order.price_micros:
                jobs = [job.id for job in order.jobs]
                await self._admission.hold(tx, jobs, order.price_micros)
        if created:
            self._admission.note(order.user_id, len(order.jobs))
            self._wake(_lane(order))
            return await self.get(order.user_id, order.id)
        earlier = await self.replay(order.user_id, order.request) if order.request else None
        if earlier is None:
            raise ValueError(f"batch {order.id} was neither stored nor there before")
        return earlier

    async def replay(self, user: UserId, request: RequestKey) -> Batch | None:
        """Returns the batch that a request made before; raises Conflict for another request's."""
        found = await self._store.batches.replay(user, request)
        return None if found is None else same_request(request, found)

    async def get(self, user: UserId, batch: BatchId) -> Batch:
        """Returns a batch of the user; raises NotFound."""
        found = await self._store.batches.get(user, batch)
        if found is None:
            raise NotFound(
                f"batch_id: you have no batch {batch}", reasons.ERROR_REASON_BATCH_NOT_FOUND
            )
        return found

    async def cancel(self, user: UserId, batch: BatchId) -> Batch:
        """Cancels what waits and asks what runs to stop; raises FailedPrecondition at the end."""
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
        self._tell(cancelled)
        return await self.get(user, batch)

    async def retry(self, user: UserId, batch: BatchId) -> Batch:
        """Queues what failed or was cancelled again.

        Raises FailedPrecondition when that is nothing, ResourceExhausted when the budget does
        not cover it, or too many jobs wait already.
        """
        await self.get(user, batch)
        await self._admission.check_room(user, Lane.LOCAL)
        async with self._store.transaction() as tx:
            jobs = all_revived(await tx.batches.lock(batch))
            retried = await self._admission.revive(tx, user, jobs)
        if not retried:
            raise FailedPrecondition(
                "batch_id: none of its jobs can be retried; only failed and cancelled ones whose"
                " images were not deleted can",
                reasons.ERROR_REASON_BATCH_NOT_RETRYABLE,
            )
        self._tell(list(jobs))
        self._wake(Lane.LOCAL)
        return await self.get(user, batch)

    def _tell(self, jobs: list[JobId]) -> None:
        for job in jobs:
            self._signals.say(CHANGED, str(job))

    def _wake(self, lane: Lane) -> None:
        self._signals.say(WAKE, lane)


def _lane(order: NewBatch) -> Lane:
    return order.jobs[0].lane if order.jobs else Lane.LOCAL
