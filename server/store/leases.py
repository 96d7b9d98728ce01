"""Leases: how workers hold jobs. Every write of a worker names its attempt.

`attempt` is the fencing token: a claim raises it, and a write that names an older one changes
nothing and reports that the lease is lost. Times are the database's.
"""

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from imggen.rules.texts import shortened
from server.domain.ids import JobId
from server.domain.jobs import Claim, Failure, Outcome, Progress
from server.domain.lanes import JobLane, Reroute, WaitingJob
from server.domain.routes import Route
from server.domain.spec import SPEC_VERSION
from server.domain.states import JobStatus, Lane
from server.errors import Unavailable
from server.store.claims import CLAIM, OPEN, REFUSED, REFUSED_PICTURE, claim_of
from server.store.completions import complete_each
from server.store.database import UNFIT, Executor, Record
from server.store.endings import (
    CANCELLED,
    FAIL,
    FAIL_UNCLAIMABLE,
    GIVE_BACK,
    RELEASE,
    RESCUE,
)
from server.store.lanes import lanes_json, reroute_each, waiting_after

_NOW = timedelta(0)

# Statements that lock many jobs do so in one order, by batch and id, so that they cannot
# deadlock.
_HEARTBEAT = """
WITH held AS (
  SELECT j.id FROM image_generation_jobs j
  JOIN unnest($1::uuid[], $2::integer[]) AS held (id, attempt) USING (id)
  WHERE j.attempt = held.attempt AND j.status = 'processing'
  ORDER BY j.batch_id, j.id FOR UPDATE OF j
)
UPDATE image_generation_jobs j SET lease_expires_at = now() + $3 FROM held WHERE j.id = held.id
RETURNING j.id, j.cancel_requested
"""

_PROGRESS = """
WITH held AS (
  SELECT id, attempt, cancel_requested FROM image_generation_jobs
  WHERE id = $1 AND attempt = $2 AND status = 'processing'
), report AS (
  INSERT INTO job_progress AS p (job_id, attempt, seq, stage, step, steps, fraction)
  SELECT id, attempt, $3, $4, $5, $6, $7 FROM held
  ON CONFLICT (job_id) DO UPDATE SET
    attempt = excluded.attempt, seq = excluded.seq, stage = excluded.stage,
    step = excluded.step, steps = excluded.steps, fraction = excluded.fraction,
    updated_at = now()
  WHERE (p.attempt, p.seq) < (excluded.attempt, excluded.seq)
), picture AS (
  INSERT INTO job_previews AS v (job_id, attempt, seq, jpeg, checked_by)
  SELECT id, attempt, $3, $8, nullif($9, '') FROM held WHERE $8::bytea IS NOT NULL
  ON CONFLICT (job_id) DO UPDATE SET
    attempt = excluded.attempt, seq = excluded.seq, jpeg = excluded.jpeg,
    checked_by = excluded.checked_by
  WHERE (v.attempt, v.seq) < (excluded.attempt, excluded.seq)
)
SELECT cancel_requested,
  EXISTS (SELECT FROM job_watches WHERE job_id = $1 AND watched_until > now()) AS watched
FROM held
"""

_REFUSAL = """
SELECT a.error_message AS message FROM attempts a JOIN image_generation_jobs j ON %s
WHERE j.id = $1 ORDER BY a.attempt LIMIT 1
"""

_NOT_AGAIN = f"""
SELECT a.model FROM attempts a JOIN image_generation_jobs j ON {REFUSED} WHERE j.id = $1
UNION
SELECT a.model FROM attempts a
JOIN image_generation_jobs j ON j.id = a.job_id AND a.started_at >= j.queued_at
JOIN calls c ON (c.job_id, c.attempt) = (a.job_id, a.attempt)
WHERE j.id = $1 AND a.outcome = 'failed' AND c.call = 'render' AND c.state IN ('settled', 'unknown')
"""

_CHOSEN = """
WITH held AS (
  UPDATE image_generation_jobs SET ai_provider = $3, ai_model = $4
  WHERE id = $1 AND attempt = $2 AND status = 'processing' RETURNING id, attempt
)
UPDATE attempts a SET provider = $3, model = $4, route = $5 FROM held
WHERE a.job_id = held.id AND a.attempt = held.attempt RETURNING true
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The answer to a report: whether to stop, and whether anyone wants previews."""

    cancel_requested: bool
    watched: bool


class Leases:
    """Runs the statements of workers on jobs."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def claim(
        self,
        worker: str,
        lane: Lane,
        slots: int,
        lease: timedelta,
        leaving: Collection[JobId] = (),
        *,
        models: Collection[str] | None = None,
    ) -> list[Claim]:
        """Claims the most urgent waiting jobs of a lane, at most `slots`, for one lease.

        A worker that an admin drains gets none, and jobs that are named as `leaving` stay. So do
        those that none of its `models` may draw, where a worker is ready that holds one which may;
        a worker that does not tell its models claims them. A job whose picture was broken or
        refused has another seed in its spec than the one it asked for. A job of a known spec
        version whose spec cannot be read is FAILED instead.
        """
        held = None if models is None else list(models)
        query = (CLAIM, lane, SPEC_VERSION, slots, worker, lease, list(leaving), held)
        rows = await self._take(lane, query)
        if rows[0]["id"] is None and rows[0]["opened"]:
            rows = await self._take(lane, query)
        claims = [await self._read(row) for row in rows if row["id"] is not None]
        return [claim for claim in claims if claim is not None]

    async def open_due(self, lane: Lane, most: int) -> int:
        """Opens waiting jobs of a lane whose time has come; returns how many, at most `most`."""
        return len(await self._database.fetch(OPEN, lane, most))

    async def heartbeat(self, held: Sequence[Claim], lease: timedelta) -> dict[JobId, bool]:
        """Renews leases; returns the jobs still held, and whether each should be cancelled."""
        rows = await self._database.fetch(
            _HEARTBEAT, [claim.job_id for claim in held], [claim.attempt for claim in held], lease
        )
        return {row["id"]: row["cancel_requested"] for row in rows}

    async def report(
        self,
        claim: Claim,
        progress: Progress,
        preview: bytes | None = None,
        checked_by: str = "",
    ) -> ReportAnswer | None:
        """Writes progress and a preview; returns None when the lease is lost.

        `checked_by` is the classifier that has looked at the preview; empty where none has.
        """
        row = await self._database.fetchrow(
            _PROGRESS,
            claim.job_id,
            claim.attempt,
            progress.sequence,
            progress.stage,
            progress.step,
            progress.steps,
            progress.fraction,
            preview,
            checked_by,
        )
        return None if row is None else ReportAnswer(row["cancel_requested"], row["watched"])

    async def complete(self, claim: Claim, outcome: Outcome) -> bool:
        """Ends a job with its image, assets, reference and money; False if the lease is lost."""
        return (await self.complete_each([(claim, outcome)]))[0]

    async def complete_each(self, ended: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """Completes many jobs as `complete` does; an error ends none of them."""
        return await complete_each(self._database, ended)

    async def fail(
        self, claim: Claim, failure: Failure, *, retryable: bool, backoff: timedelta
    ) -> JobStatus | None:
        """Ends an attempt with a failure; returns the job's new status, None for a lost lease.

        The job is QUEUED again with full jitter, or CANCELLED if that was requested, or FAILED
        if it has no retries left, is not `retryable`, or had its second picture that was broken
        or refused. `backoff` is the ceiling of the first wait. All models may draw it again, but
        for those whose providers refused it.
        """
        return await self._fail(claim.job_id, claim.attempt, failure, retryable, backoff)

    async def cancelled(self, claim: Claim) -> bool:
        """Ends a job whose cancel was requested; returns False if the lease is lost."""
        return await self._database.fetchrow(CANCELLED, claim.job_id, claim.attempt) is not None

    async def release(
        self, held: Sequence[Claim], why: str = "its worker stopped, and gave it back"
    ) -> list[JobId]:
        """Gives jobs back to the queue without spending a retry, as a draining worker does.

        The attempts keep `why`. A job whose cancel was requested is CANCELLED instead.
        """
        rows = await self._database.fetch(
            RELEASE,
            [claim.job_id for claim in held],
            [claim.attempt for claim in held],
            shortened(why),
        )
        return [row["id"] for row in rows]

    async def give_back(
        self, claim: Claim, lanes: Sequence[JobLane], *, why: str = "", nothing: bool = False
    ) -> bool:
        """Releases a job that its lane has no offer for now, with new lanes; False if it is lost.

        The attempt keeps `why`.

        A job keeps its turn in the lanes that it had before, and gets the next one in others.
        `nothing` is whether no lane has an offer for it; how long that lasts is kept with it.
        """
        told = shortened(why) or None
        return await self._give_back(claim, lanes, outcome="released", nothing=nothing, why=told)

    async def fail_over(self, claim: Claim, failure: Failure, lanes: Sequence[JobLane]) -> bool:
        """Ends an attempt whose model failed; the job is QUEUED at once for the others.

        It costs no retry. Returns False if the lease is lost.
        """
        message = shortened(failure.message)
        return await self._give_back(
            claim,
            lanes,
            outcome="failed",
            model=claim.spec.model,
            reason=failure.reason,
            message=message,
        )

    async def wait(self, claim: Claim, failure: Failure, lanes: Sequence[JobLane]) -> bool:
        """Ends an attempt whose model failed; the job is QUEUED for it, and for all others, too.

        It costs no retry, and counts as time without an offer, or, where the failure says so,
        without a check. Returns False if the lease is lost.
        """
        return await self._give_back(
            claim,
            lanes,
            outcome="failed",
            nothing=True,
            afresh=True,
            reason=failure.reason,
            message=shortened(failure.message),
        )

    async def refusal(self, claim: Claim) -> str:
        """Returns how a provider first refused a job since it was queued; empty if none did."""
        if not claim.passed_over:
            return ""
        row = await self._database.fetchrow(_REFUSAL % REFUSED, claim.job_id)
        return "" if row is None else str(row["message"])

    async def not_again(self, job: JobId) -> frozenset[str]:
        """Returns the models that a job is not drawn by again, since it was queued.

        Their providers have refused it, or their failed calls may have to be paid.
        """
        rows = await self._database.fetch(_NOT_AGAIN, job)
        return frozenset(row["model"] for row in rows)

    async def refused_picture(self, claim: Claim) -> str:
        """Returns why a picture of a job was refused since it was queued; empty if none was."""
        row = await self._database.fetchrow(_REFUSAL % REFUSED_PICTURE, claim.job_id)
        return "" if row is None else str(row["message"])

    async def chosen(self, claim: Claim, route: Route) -> bool:
        """Keeps which model an attempt draws with, and why; returns False if its lease is lost."""
        best = route.offers[0]
        row = await self._database.fetchrow(
            _CHOSEN, claim.job_id, claim.attempt, best.provider, best.model, route.to_json()
        )
        return row is not None

    async def _give_back(
        self, claim: Claim, lanes: Sequence[JobLane], **ending: str | bool | None
    ) -> bool:
        asked = {"id": str(claim.job_id), "attempt": claim.attempt, "lanes": lanes_json(lanes)}
        return bool(await self._database.fetch(GIVE_BACK, [{**asked, **ending}]))

    async def reroute(self, job: JobId, seen: Sequence[JobLane], lanes: Sequence[JobLane]) -> bool:
        """Sets the lanes of a waiting job; returns False if it runs, or had others than `seen`."""
        return bool(await self.reroute_each([Reroute(job, seen, lanes)]))

    async def reroute_each(self, changes: Sequence[Reroute]) -> list[JobId]:
        """Sets the lanes of many jobs as `reroute` does; returns those that were set.

        A job keeps its turn in the lanes that it had before, and gets the next one in others.
        """
        return await reroute_each(self._database, changes)

    async def waiting_after(self, job: JobId, most: int) -> list[WaitingJob]:
        """Returns jobs that wait in lanes, in the order of their ids, from after one on."""
        return await waiting_after(self._database, job, most)

    async def rescue(self, backoff: timedelta) -> list[JobId]:
        """Takes jobs from workers whose leases ran out; each costs a retry."""
        return [row["id"] for row in await self._database.fetch(RESCUE, backoff)]

    async def _take(self, lane: Lane, query: tuple[Any, ...]) -> list[Record]:
        try:
            return await self._database.fetch(*query)
        except UNFIT:
            await self._fail_unclaimable(lane)
            return await self._database.fetch(*query)

    async def _read(self, row: Record) -> Claim | None:
        try:
            return claim_of(row)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            _log.error("spec damaged", extra={"job_id": str(row["id"])}, exc_info=error)
            # If the database is away, the lease runs out and the job is claimed again.
            with suppress(Unavailable):
                await self._fail(row["id"], row["attempt"], _unreadable(repr(error)), False, _NOW)
            return None

    async def _fail(
        self, job: JobId, attempt: int, failure: Failure, retryable: bool, backoff: timedelta
    ) -> JobStatus | None:
        message = shortened(failure.message)
        row = await self._database.fetchrow(
            *(FAIL, job, attempt, failure.reason, message, retryable, backoff),
            *(failure.picture_sha256 or None, failure.picture_categories or None),
        )
        return None if row is None else JobStatus(row["status"])

    async def _fail_unclaimable(self, lane: Lane) -> None:
        failure = _unreadable("it has no seed, or one that is not a whole number")
        for row in await self._database.fetch(
            FAIL_UNCLAIMABLE, lane, SPEC_VERSION, failure.reason, failure.message
        ):
            _log.error("spec damaged", extra={"job_id": str(row["id"])})


def _unreadable(problem: str) -> Failure:
    message = f"the stored content of this job is damaged ({problem}); generate a new image"
    return Failure("CONTENT_INVALID", message)
