"""Batches, and the graphs of their jobs; advance_batch (schema.sql) moves them on."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from server.domain.batches import Batch, BatchImage, NewBatch, Node, Pace
from server.domain.ids import BatchId, CharacterId, JobId, StoryId, UserId
from server.domain.jobs import Job, RequestKey
from server.domain.paging import Listing, PageRequest
from server.domain.states import BatchStatus, ImageType, JobStatus, Lane
from server.store.database import Executor, Record
from server.store.jobs import Jobs
from server.store.joined import drawn_in_lanes, overlap_of
from server.store.lists import Arguments, Filters, Source, fetch_page
from server.store.paused import PAUSED
from server.store.reuse import Reuses
from server.store.submits import Submits
from server.store.workers import COLD_START, DRAWN_SPECS

_CREATE = """
INSERT INTO batches
  (id, user_id, story_id, style, max_concurrent, request_id, request_hash, metadata)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, request_id) DO NOTHING RETURNING id
"""

_SELECT = """
SELECT b.*, jobs.*, lanes.*
FROM batches b, LATERAL (
  SELECT
    coalesce(sum(1) FILTER (WHERE j.status = 'queued'), 0) AS queued,
    coalesce(sum(1) FILTER (WHERE j.status = 'processing'), 0) AS processing,
    coalesce(sum(1) FILTER (WHERE j.status = 'completed'), 0) AS completed,
    coalesce(sum(1) FILTER (WHERE j.status = 'failed'), 0) AS failed,
    coalesce(sum(1) FILTER (WHERE j.status = 'cancelled'), 0) AS cancelled,
    coalesce(sum(rest.part) FILTER (WHERE j.kind = 'portrait'), 0) AS portraits_left,
    coalesce(sum(rest.part) FILTER (WHERE j.kind <> 'portrait'), 0) AS pages_left,
    coalesce(sum(j.estimated_micros), 0)::bigint AS estimated_micros,
    coalesce(sum(j.actual_micros), 0)::bigint AS actual_micros,
    min(j.started_at) AS started_at,
    coalesce(max(j.spec_version) FILTER (WHERE j.status = 'queued'), 0) AS spec_version
  FROM image_generation_jobs j
  LEFT JOIN job_progress p
    ON p.job_id = j.id AND p.attempt = j.attempt AND j.status = 'processing'
  CROSS JOIN LATERAL (SELECT CASE
    WHEN j.status IN ('queued', 'processing') THEN 1 - coalesce(p.fraction, 0) ELSE 0
  END AS part) AS rest
  WHERE j.batch_id = b.id
) AS jobs, LATERAL (
  SELECT coalesce(array_agg(DISTINCT one.lane), '{}') AS lanes
  FROM image_generation_jobs j, unnest(lanes_of(j)) AS one
  WHERE j.batch_id = b.id AND (
    j.status = 'queued' OR j.status = 'processing' AND one.lane = j.lane
  )
) AS lanes
"""

_IMAGES = """
SELECT j.id, i.character_id,
  (SELECT p.page_number FROM story_pages p WHERE p.id = i.page_id) AS page_number, ARRAY(
  SELECT needs_job_id FROM job_dependencies d WHERE d.job_id = j.id ORDER BY 1
) AS needs
FROM image_generation_jobs j JOIN images i ON i.id = j.image_id
WHERE j.batch_id = $1 ORDER BY j.batch_position
"""

# Jobs are locked in the order of their ids, and the batch after its jobs, as everywhere. Their
# images are locked too: a retry holds money for jobs whose images must not be deleted meanwhile.
_LOCK = """
SELECT j.id, j.status, j.cancel_requested, j.error_reason,
  i.deleted_at IS NOT NULL AS deleted, ARRAY(
  SELECT needs_job_id FROM job_dependencies d WHERE d.job_id = j.id
) AS needs
FROM image_generation_jobs j JOIN images i ON i.id = j.image_id
WHERE j.batch_id = $1 ORDER BY j.id FOR NO KEY UPDATE OF j, i
"""

_FRESH = """
SELECT r.character_id FROM character_references r
JOIN characters c ON c.id = r.character_id
JOIN images i ON i.id = r.reference_image_id AND i.deleted_at IS NULL
WHERE r.character_id = ANY($1) AND r.style = $2
  AND r.description_version >= c.description_version
  AND NOT EXISTS (
    SELECT FROM reference_views v WHERE v.reference_id = r.id
      AND v.image_id = r.reference_image_id AND v.unreadable_at IS NOT NULL
  )
"""

# Measured on the latest jobs of batches, or on any jobs if there were none. `overlap` leaves out
# the time in which nothing ran.
_PACE = f"""
WITH latest AS (
{drawn_in_lanes(100)}
), measured AS (
  SELECT * FROM latest WHERE batched OR NOT EXISTS (SELECT FROM latest WHERE batched)
  ORDER BY finished_at DESC LIMIT 50
)
SELECT
  (SELECT jsonb_object_agg(kind, seconds) FROM (
    SELECT kind, extract(epoch FROM avg(finished_at - started_at)) AS seconds
    FROM measured GROUP BY kind
  ) AS kinds) AS takes,
  {overlap_of("measured")} AS overlap,
  ARRAY(
    SELECT count(DISTINCT id) FROM (
      SELECT user_id, job_id AS id FROM job_lanes WHERE lane = ANY($1) AND open
      UNION ALL SELECT user_id, id FROM image_generation_jobs
      WHERE lane = ANY($1) AND status = 'processing' AND ready
    ) AS unended WHERE user_id <> $2 GROUP BY user_id
  ) AS ahead,
  {DRAWN_SPECS} AS spec_version,
  {COLD_START} AS cold_start,
  {PAUSED} AS paused
"""

_STUCK = """
SELECT b.id FROM batches b WHERE b.status = 'processing'
  AND NOT EXISTS (
    SELECT FROM image_generation_jobs j
    WHERE j.batch_id = b.id AND j.ready AND j.status IN ('queued', 'processing')
  )
"""


class Batches:
    """Runs the statements on batches; those of callers are scoped to their user."""

    def __init__(self, database: Executor) -> None:
        self._database = database
        self._jobs = Jobs(database)
        self._submits = Submits(database)
        self._reuses = Reuses(database)

    async def create(self, batch: NewBatch) -> bool:
        """Stores a batch with its jobs; returns False when the request_id is taken.

        It takes several statements, so it runs inside a transaction.
        """
        created = await self._database.fetchrow(
            _CREATE,
            batch.id,
            batch.user_id,
            batch.story_id,
            batch.style,
            batch.max_concurrent,
            batch.request.id if batch.request else None,
            batch.request.digest if batch.request else None,
            dict(batch.metadata),
        )
        if created is None:
            return False
        if batch.jobs:
            await self._submits.submit_each(batch.jobs)
        await self._reuses.copy(batch.copies)
        await self._database.execute(
            "INSERT INTO job_dependencies (job_id, needs_job_id)"
            " SELECT * FROM unnest($1::uuid[], $2::uuid[])",
            [job for job, _ in batch.needs],
            [needed for _, needed in batch.needs],
        )
        await self.advance(batch.id)
        return True

    async def advance(self, batch: BatchId) -> None:
        """Makes jobs ready that can run, and ends those that never can; safe at any time."""
        await self._database.execute("SELECT advance_batch($1)", batch)

    async def advance_stuck(self) -> list[BatchId]:
        """Advances open batches without a ready or running job; there should be none.

        Each in a statement of its own: a budget that one has locked would keep the next waiting.
        """
        stuck = [BatchId(row["id"]) for row in await self._database.fetch(_STUCK)]
        for batch in stuck:
            await self.advance(batch)
        return stuck

    async def replay(self, user: UserId, request: RequestKey) -> tuple[Batch, bool] | None:
        """Returns the batch of a request_id, and whether it came from the same request."""
        row = await self._database.fetchrow(
            f"{_SELECT} WHERE b.user_id = $1 AND b.request_id = $2", user, request.id
        )
        return None if row is None else (_batch(row), row["request_hash"] == request.digest)

    async def get(self, user: UserId, batch: BatchId) -> Batch | None:
        """Returns a batch of the user."""
        row = await self._database.fetchrow(
            f"{_SELECT} WHERE b.id = $1 AND b.user_id = $2", batch, user
        )
        return None if row is None else _batch(row)

    async def snapshots(self, batches: Sequence[BatchId]) -> list[Batch]:
        """Returns batches of any user, for watches, which were authorised before."""
        rows = await self._database.fetch(f"{_SELECT} WHERE b.id = ANY($1)", batches)
        return [_batch(row) for row in rows]

    async def images(self, batch: BatchId) -> list[BatchImage]:
        """Returns the images of a batch in order, each with its job."""
        rows = await self._database.fetch(_IMAGES, batch)
        jobs = {job.id: job for job in await self._jobs.snapshots([row["id"] for row in rows])}
        return [_image(row, jobs[row["id"]]) for row in rows]

    async def page(
        self, user: UserId, page: PageRequest, story: StoryId | None = None
    ) -> Listing[Batch]:
        """Lists the user's batches, the newest first."""
        arguments = Arguments()
        where = f"user_id = {arguments.add(user, 'uuid')}"
        if story is not None:
            where += f" AND story_id = {arguments.add(story, 'uuid')}"
        filters = Filters([Source("batches", where)])
        return await fetch_page(self._database, _SELECT, filters, arguments, page, _batch)

    async def lock(self, batch: BatchId) -> dict[JobId, Node]:
        """Locks a batch and its jobs until the transaction ends; returns their graph."""
        rows = await self._database.fetch(_LOCK, batch)
        await self._database.fetchrow("SELECT FROM batches WHERE id = $1 FOR NO KEY UPDATE", batch)
        return {row["id"]: _node(row) for row in rows}

    async def prices(self, jobs: Sequence[JobId]) -> dict[JobId, tuple[str, int]]:
        """Returns whom jobs would pay, and the most that each may cost, for those that cost."""
        rows = await self._database.fetch(
            "SELECT id, ai_provider, estimated_micros FROM image_generation_jobs"
            " WHERE id = ANY($1) AND estimated_micros > 0",
            jobs,
        )
        return {row["id"]: (row["ai_provider"], row["estimated_micros"]) for row in rows}

    async def fresh_portraits(
        self, characters: Sequence[CharacterId], style: str
    ) -> set[CharacterId]:
        """Returns the characters whose reference in a style is neither stale nor unreadable."""
        rows = await self._database.fetch(_FRESH, characters, style)
        return {row["character_id"] for row in rows}

    async def pace(self, user: UserId, lanes: Collection[Lane]) -> Pace:
        """Returns how fast lanes draw batches, and how many jobs other users have there."""
        row = await self._database.fetchrow(_PACE, sorted(lanes), user)
        if row is None:
            return Pace({}, 1.0, ())
        return Pace(
            takes={
                ImageType(kind): timedelta(seconds=float(seconds))
                for kind, seconds in (row["takes"] or {}).items()
            },
            overlap=float(row["overlap"] or 1.0),
            ahead=tuple(row["ahead"]),
            spec_version=row["spec_version"],
            cold_start=row["cold_start"] or timedelta(0),
            paused=row["paused"],
        )


def _batch(row: Record) -> Batch:
    return Batch(
        id=row["id"],
        user_id=row["user_id"],
        story_id=row["story_id"],
        style=row["style"],
        status=BatchStatus(row["status"]),
        lanes=frozenset(map(Lane, row["lanes"])),
        max_concurrent=row["max_concurrent"],
        counts={status: int(row[status]) for status in JobStatus},
        portraits_left=float(row["portraits_left"]),
        pages_left=float(row["pages_left"]),
        estimated_micros=row["estimated_micros"],
        actual_micros=row["actual_micros"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        metadata=row["metadata"],
        spec_version=row["spec_version"],
    )


def _image(row: Record, job: Job) -> BatchImage:
    return BatchImage(job, row["page_number"], row["character_id"], tuple(row["needs"]))


def _node(row: Record) -> Node:
    return Node(
        id=row["id"],
        status=JobStatus(row["status"]),
        cancel_requested=row["cancel_requested"],
        dependency_failed=row["error_reason"] == "DEPENDENCY_FAILED",
        deleted=row["deleted"],
        needs=frozenset(row["needs"]),
    )
