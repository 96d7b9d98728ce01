"""What admins do to the jobs of others: each change is audited in its own transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from imggen.rules.admin import target_of_lane
from imggen.rules.retries import retried_with
from imggen.rules.states import request_id_reused
from server.admission.jobs import Admission, Offering
from server.domain.actions import ActionId, ActionKind, BegunAction, NewAction, Selection
from server.domain.batches import Node
from server.domain.ids import JobId, UserId
from server.domain.states import DRAWING_LANES, JobStatus, Lane
from server.errors import ResourceExhausted
from server.store import Store
from server.store.signals import Signals
from server.store.store import Statements


@dataclass(frozen=True, slots=True)
class Requeued:
    """What became of the jobs of a requeue, or would.

    `skipped` were left alone, `unknown` of them since a paid call may be billed. `stopped` is why
    it ended before all were looked at, empty where it did not.
    """

    jobs: int = 0
    skipped: int = 0
    unknown: int = 0
    stopped: str = ""

    def and_(self, other: "Requeued") -> "Requeued":
        """Returns both together."""
        return Requeued(
            self.jobs + other.jobs,
            self.skipped + other.skipped,
            self.unknown + other.unknown,
            other.stopped,
        )


class Steering:
    """Cancels and requeues the jobs of others, batch by batch.

    What an admin asked for is written down before anything changes, and each job with its change.
    """

    def __init__(self, store: Store, signals: Signals, admission: Admission) -> None:
        self._store = store
        self._signals = signals
        self._admission = admission

    async def begin(self, action: NewAction) -> BegunAction:
        """Begins an action, or goes on with that of the same request.

        Raises AlreadyExists when its request_id was used with another request.
        """
        begun = await self._store.actions.begin(action)
        if begun is None:
            raise request_id_reused(action.request.id if action.request else UUID(int=0))
        return begun

    async def cancel(self, action: BegunAction, selected: Sequence[Selection]) -> None:
        """Cancels jobs that wait, and asks those that run to stop.

        What was queued since the action began is left alone.
        """
        for one in selected:
            async with self._store.transaction() as tx:
                if one.batch_id is not None:
                    await tx.batches.lock(one.batch_id)
                cancelled = await tx.jobs.cancel_each(one.user_id, one.jobs, action.at)
                await tx.actions.note(action.id, cancelled)
            self._signals.tell(cancelled)

    async def requeue(
        self, action: BegunAction | None, selected: Sequence[Selection], *, repeat_unknown: bool
    ) -> Requeued:
        """Queues failed jobs again with their money held, and in a batch those that they need.

        Without an action it changes nothing and counts. A job with a paid call whose outcome is
        unknown is left alone unless `repeat_unknown`, and so is one that has failed again or was
        cancelled since the action began. It stops where a budget does not cover the next, or too
        many jobs wait.
        """
        found = Requeued()
        for one in selected:
            try:
                found = found.and_(await self._requeue(action, one, repeat_unknown))
            except ResourceExhausted as error:
                return replace(found, stopped=error.message)
        return found

    async def pause(self, lane: Lane, by: UserId) -> ActionId | None:
        """Pauses a lane; returns None if it was paused."""
        async with self._store.transaction() as tx:
            if not await tx.paused_lanes.pause(lane, by):
                return None
            return await _noted(tx, NewAction(by, ActionKind.PAUSE_LANE, target_of_lane(lane)))

    async def resume(self, lane: Lane, by: UserId) -> ActionId | None:
        """Resumes a lane, and wakes its workers; returns None if it was not paused."""
        async with self._store.transaction() as tx:
            if not await tx.paused_lanes.resume(lane):
                return None
            new = NewAction(by, ActionKind.RESUME_LANE, target_of_lane(lane))
            action = await _noted(tx, new)
        self._signals.wake([lane])
        return action

    async def drain(self, worker: str, by: UserId) -> ActionId | None:
        """Tells a worker to claim no more; returns None if it was told."""
        async with self._store.transaction() as tx:
            if not await tx.workers.drain(worker):
                return None
            return await _noted(tx, NewAction(by, ActionKind.DRAIN_WORKER, f"worker:{worker}"))

    async def _requeue(
        self, action: BegunAction | None, one: Selection, repeat_unknown: bool
    ) -> Requeued:
        again: Collection[JobId] = ()

        async def retry(offer: Offering) -> Requeued:
            nonlocal again
            async with self._admission.paying() as tx:
                until = action.at if action else None
                again, left, unknown = await _chosen(tx, one, until, repeat_unknown)
                if action is not None and again:
                    await self._admission.retry_each(tx, one.user_id, again, offer)
                    await tx.actions.note(action.id, again)
            return Requeued(len(again), len(left), len(left & unknown))

        if action is not None:
            await self._admission.check_backlog(one.user_id, DRAWING_LANES)
        found = await self._admission.within_offers(one.user_id, retry)
        if action is not None and again:
            self._signals.tell(again)
            self._signals.wake()
        return found


async def _noted(tx: Statements, new: NewAction) -> ActionId | None:
    begun = await tx.actions.begin(new)
    return begun.id if begun else None


async def _chosen(
    tx: Statements, one: Selection, until: datetime | None, repeat_unknown: bool
) -> tuple[set[JobId], set[JobId], set[JobId]]:
    """Locks jobs; returns those to queue again, those of the selection that stay, and the unknown.

    The unknown are those that have a paid call whose outcome nobody knows. The selection is older
    than the locks: of its jobs, those count that are still failed, and since before `until`.
    """
    graph = await _graph(tx, one)
    later = await tx.selections.ended_since(list(graph), until) if until else set()
    failed = {job for job, node in graph.items() if node.status is JobStatus.FAILED}
    asked = failed.intersection(one.jobs) - later
    unknown = set() if repeat_unknown else await tx.selections.with_unknown_calls(list(graph))
    closed = unknown | later
    # As those whose images are gone: they cannot be queued again, and neither can what needs them.
    open_to = {
        job: replace(node, deleted=True) if job in closed else node for job, node in graph.items()
    }
    again = set[JobId]().union(*(retried_with(open_to, job) for job in asked))
    return again, asked - again, unknown


async def _graph(tx: Statements, one: Selection) -> dict[JobId, Node]:
    if one.batch_id is not None:
        return await tx.batches.lock(one.batch_id)
    return await tx.selections.lock(one.jobs)
