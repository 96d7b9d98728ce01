"""Jobs for callers: read, listed, cancelled, retried."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from server.domain.finishing import read_steps
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Failure, Job, JobFilter, Outlook, Progress, RequestKey
from server.domain.joined import at_once
from server.domain.models import Size
from server.domain.paging import Listing, PageRequest
from server.domain.spec import RenderSpec
from server.domain.states import JobKind, JobStatus, Lane, Stage
from server.domain.timings import read_step_times
from server.store.database import Executor, Record
from server.store.joined import drawn_in_lanes, gain_of, overlap_of
from server.store.lanes import lanes_from_json
from server.store.lists import Arguments, Filters, Source, fetch_page
from server.store.money import HOLDS
from server.store.paused import PAUSED
from server.store.references import used_references
from server.store.scenes import read_not_drawn, read_unsure
from server.store.upscalings import read_upscaling
from server.store.workers import COLD_START, DRAWN_SPECS, READY

_SNAPSHOT = """
SELECT j.id, j.user_id, coalesce(j.image_id, j.upscales_image_id) AS image_id, j.kind, j.lane,
  to_jsonb(lanes_of(j)) AS lanes, j.status,
  j.priority, j.attempt, j.retry_count, j.max_retries, j.cancel_requested, j.ai_model,
  j.ai_provider, j.estimated_micros,
  j.actual_micros, j.created_at, j.started_at, j.completed_at, j.error_reason, j.error_message,
  j.batch_id, j.request_id, j.request_hash, j.story_id, j.page_id, j.metadata, j.cropped_from,
  j.spec_version, p.seq, p.stage, p.step, p.steps, p.fraction, a.stage_ms, a.not_drawn,
  a.step_times, a.used_references, a.upscaling, j.reused_from_image_id, j.print_width,
  j.print_height,
  (SELECT i.generation_params -> 'post_processing' FROM images i WHERE i.id = j.image_id)
    AS post_processing,
  (SELECT s.scene -> 'unsure' FROM scenes s WHERE s.job_id = j.id AND j.status = 'completed')
    AS unsure
FROM image_generation_jobs j
LEFT JOIN job_progress p ON p.job_id = j.id AND p.attempt = j.attempt
LEFT JOIN attempts a ON a.job_id = j.id AND a.attempt = j.attempt
"""

_CANCEL = f"""
WITH asked AS (
  SELECT id FROM image_generation_jobs WHERE id = ANY($1) AND user_id = $2 AND kind <> 'plan'
  ORDER BY batch_id, id FOR NO KEY UPDATE
), job AS (
  UPDATE image_generation_jobs SET
    cancel_requested = true,
    status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END,
    completed_at = CASE status WHEN 'queued' THEN now() END,
    error_reason = CASE status WHEN 'queued' THEN 'JOB_CANCELLED' END,
    error_message = CASE status WHEN 'queued' THEN 'cancelled before it started' END,
    updated_at = now()
  WHERE id IN (SELECT id FROM asked) AND status IN ('queued', 'processing')
    AND ($3::timestamptz IS NULL OR queued_at <= $3 AND NOT cancel_requested)
  RETURNING id, user_id, image_id, attempt, status, estimated_micros, ai_provider, queued_at
), ended AS (
  SELECT * FROM job WHERE status = 'cancelled'
), image AS (
  UPDATE images SET status = 'cancelled', updated_at = now() FROM ended
  WHERE images.id = ended.image_id RETURNING images.id
), money AS MATERIALIZED (
  SELECT release_money({HOLDS}) FROM ended
  WHERE (SELECT count(*) FROM image) >= 0  -- locked last
)
SELECT id FROM job, money
"""

_RETRY = """
WITH job AS (
  UPDATE image_generation_jobs j SET
    status = 'queued', priority = coalesce($3, j.priority), queued_at = now(), run_after = now(),
    completed_at = NULL, cancel_requested = false, retry_count = 0, passed_over = '{{}}',
    no_offer_since = NULL,
    error_reason = NULL, error_message = NULL, updated_at = now(),
    ready = j.batch_id IS NULL, (lanes, lane, turn) = (
      SELECT lanes, lanes[1].lane, lanes[1].turn FROM take_turns(ARRAY[
        (j.id, j.user_id, coalesce($3, j.priority), without_turns(lanes_of(j)))::turn_wanted
      ])
    )
  FROM images i
  WHERE j.id = ANY($1) AND j.user_id = $2 AND j.status IN ('failed', 'cancelled')
    AND i.id = coalesce(j.image_id, j.upscales_image_id) AND i.deleted_at IS NULL
  RETURNING j.id, j.image_id, j.estimated_micros
), image AS (
  UPDATE images SET status = 'queued', updated_at = now() FROM job
  WHERE images.id = job.image_id
)
SELECT sum(estimated_micros) AS micros FROM job
"""

_OUTLOOK = f"""
WITH latest AS ({drawn_in_lanes(50)})
SELECT
  (SELECT count(DISTINCT job_id) FROM job_lanes WHERE lane = ANY($1) AND open)
    + (SELECT count(*) FROM image_generation_jobs
      WHERE status = 'queued' AND NOT ready AND lane = ANY($1)) AS waiting,
  (SELECT coalesce(sum((slots ->> asked)::integer), 0)
    FROM workers, unnest($1::text[]) AS asked WHERE {READY}) AS slots,
  CASE WHEN '{Lane.LOCAL}' = ANY($1) THEN {gain_of()} END AS gain,
  {DRAWN_SPECS} AS spec_version,
  {COLD_START} AS cold_start,
  {PAUSED} AS paused,
  {overlap_of("latest")} AS overlap,
  (SELECT avg(finished_at - started_at) FROM latest) AS mean
"""


class Jobs:
    """Runs the statements of callers on jobs; each is scoped to its user."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def replay_each(
        self, requests: Sequence[tuple[UserId, RequestKey]]
    ) -> list[tuple[Job, bool] | None]:
        """Returns the job of each request_id, and whether it came from the same request."""
        rows = await self._database.fetch(
            f"{_SNAPSHOT} JOIN unnest($1::uuid[], $2::uuid[]) AS asked (user_id, request_id)"
            " ON (j.user_id, j.request_id) = (asked.user_id, asked.request_id)",
            [user for user, _ in requests],
            [request.id for _, request in requests],
        )
        found = {(row["user_id"], row["request_id"]): row for row in rows}
        return [_replayed(found.get((user, key.id)), key) for user, key in requests]

    async def get(self, user: UserId | None, job: JobId) -> Job | None:
        """Returns a job of the user, or of anybody for None."""
        row = await self._database.fetchrow(
            f"{_SNAPSHOT} WHERE j.id = $1 AND ($2::uuid IS NULL OR j.user_id = $2)"
            " AND j.kind <> 'plan'",
            job,
            user,
        )
        return None if row is None else _job(row)

    async def get_each(self, asked: Sequence[tuple[UserId, JobId]]) -> list[Job | None]:
        """Returns jobs of users as `get` does; one that is another user's is None."""
        wanted = dict.fromkeys(asked)
        rows = await self._database.fetch(
            f"{_SNAPSHOT} JOIN unnest($1::uuid[], $2::uuid[]) AS asked (user_id, id)"
            " ON (j.user_id, j.id) = (asked.user_id, asked.id) WHERE j.kind <> 'plan'",
            [user for user, _ in wanted],
            [job for _, job in wanted],
        )
        found = {(row["user_id"], row["id"]): _job(row) for row in rows}
        return [found.get(one) for one in asked]

    async def snapshots(self, jobs: Sequence[JobId]) -> list[Job]:
        """Returns jobs of any user, for watches, which were authorised before."""
        return [
            _job(row)
            for row in await self._database.fetch(f"{_SNAPSHOT} WHERE j.id = ANY($1)", jobs)
        ]

    async def page(self, user: UserId, page: PageRequest, wanted: JobFilter) -> Listing[Job]:
        """Lists the user's jobs, the newest first."""
        arguments = Arguments()
        filters = _filters(arguments, user, wanted)
        return await fetch_page(self._database, _SNAPSHOT, filters, arguments, page, _job)

    async def cancel(self, user: UserId, job: JobId) -> bool:
        """Cancels a waiting job or asks a running one to stop; returns False if it had ended."""
        return bool(await self.cancel_each(user, [job]))

    async def cancel_each(
        self, user: UserId, jobs: Sequence[JobId], until: datetime | None = None
    ) -> list[JobId]:
        """Cancels many jobs as `cancel` does; returns those that had not ended.

        With a time, those that were queued after it, or whose cancel was requested, are left alone.
        """
        return [row["id"] for row in await self._database.fetch(_CANCEL, jobs, user, until)]

    async def retry(self, user: UserId, job: JobId, priority: int | None) -> int | None:
        """Queues a failed or cancelled job again and returns its price, for the caller to hold.

        Returns None when it is neither, or when its image was deleted.
        """
        return await self.retry_each(user, [job], priority)

    async def retry_each(
        self, user: UserId, jobs: Sequence[JobId], priority: int | None
    ) -> int | None:
        """Retries many jobs as `retry` does; returns their price, None if none was queued."""
        row = await self._database.fetchrow(_RETRY, jobs, user, priority)
        return None if row is None or row["micros"] is None else int(row["micros"])

    async def spec_of(self, user: UserId, image: ImageId) -> RenderSpec | None:
        """Returns the spec of an image of the user."""
        row = await self._database.fetchrow(
            "SELECT j.spec FROM image_generation_jobs j JOIN images i ON i.id = j.image_id"
            " WHERE i.id = $1 AND i.user_id = $2 AND i.deleted_at IS NULL",
            image,
            user,
        )
        return None if row is None else RenderSpec.from_json(row["spec"])

    async def waiting(self) -> dict[UserId, int]:
        """Returns the number of waiting jobs of all lanes but that of plans, by user."""
        rows = await self._database.fetch(
            "SELECT user_id, count(*) AS jobs FROM image_generation_jobs"
            " WHERE status = 'queued' AND kind <> 'plan' GROUP BY user_id"
        )
        return {row["user_id"]: row["jobs"] for row in rows}

    async def outlook(self, lane: Lane) -> Outlook:
        """Returns how busy a lane is, and the mean time of its latest jobs."""
        row = await self._database.fetchrow(_OUTLOOK, [lane])
        if row is None:
            return Outlook(0, 0, None)
        return Outlook(
            row["waiting"],
            at_once(row["slots"], row["gain"], float(row["overlap"] or 1.0)),
            row["mean"],
            row["spec_version"],
            row["cold_start"] or timedelta(0),
            paused=row["paused"],
        )


def _filters(arguments: Arguments, user: UserId, wanted: JobFilter) -> Filters:
    own = f"user_id = {arguments.add(user, 'uuid')}"
    sources, asked = [], [own]
    if wanted.metadata is not None:
        key, value = (arguments.add(text, "text") for text in wanted.metadata)
        pair = f"{own} AND key = {key} AND value = {value}"
        sources.append(Source("job_metadata", pair, id="job_id"))
        asked.append(f"metadata ->> {key} = {value}")
    if wanted.story_id is not None:
        own += f" AND story_id = {arguments.add(wanted.story_id, 'uuid')}"
    if wanted.statuses or wanted.story_id is not None or not sources:
        statuses = arguments.add(list(wanted.statuses or JobStatus), "text[]")
        sources.append(
            Source(
                "image_generation_jobs",
                f"{own} AND status = any_of.status AND kind <> 'plan'",
                each=f"unnest({statuses}) AS any_of (status)",
            )
        )
        asked += [own, f"status = ANY({statuses})"]
    if len(sources) == 1:
        return Filters(sources)
    conditions = " AND ".join(asked)
    return Filters(
        sources, f"SELECT {conditions} FROM image_generation_jobs WHERE id = candidate.id"
    )


_STAGES = frozenset(Stage)
"""The stages that this version knows; a newer worker may report others."""


def _job(row: Record) -> Job:
    reason = row["error_reason"]
    return Job(
        id=row["id"],
        user_id=row["user_id"],
        image_id=row["image_id"],
        kind=JobKind(row["kind"]),
        lane=Lane(row["lane"]),
        lanes=lanes_from_json(row["lanes"]),
        status=JobStatus(row["status"]),
        priority=row["priority"],
        attempt=row["attempt"],
        retry_count=row["retry_count"],
        max_retries=row["max_retries"],
        cancel_requested=row["cancel_requested"],
        model=row["ai_model"],
        provider=row["ai_provider"],
        estimated_micros=row["estimated_micros"],
        actual_micros=row["actual_micros"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        progress=_progress(row) if row["stage"] in _STAGES else None,
        failure=Failure(reason, row["error_message"]) if reason is not None else None,
        stage_ms={Stage(key): ms for key, ms in (row["stage_ms"] or {}).items() if key in _STAGES},
        batch_id=row["batch_id"],
        not_drawn=read_not_drawn(row["not_drawn"]),
        unsure=read_unsure(row["unsure"]),
        references=used_references(row["used_references"]),
        story_id=row["story_id"],
        page_id=row["page_id"],
        metadata=row["metadata"],
        cropped_from=row["cropped_from"],
        reused_from=row["reused_from_image_id"],
        spec_version=row["spec_version"],
        post_processing=read_steps(row["post_processing"]),
        print_size=_print_size(row),
        upscaling=read_upscaling(row["upscaling"]),
        step_times=read_step_times(row["step_times"]),
    )


def _print_size(row: Record) -> Size | None:
    width, height = row["print_width"], row["print_height"]
    return None if width is None else Size(width, height)


def _replayed(row: Record | None, request: RequestKey) -> tuple[Job, bool] | None:
    return None if row is None else (_job(row), row["request_hash"] == request.digest)


def _progress(row: Record) -> Progress:
    return Progress(row["seq"], Stage(row["stage"]), row["step"], row["steps"], row["fraction"])
