"""Jobs that callers submit: each is stored with its image, in its lanes."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from server.domain.jobs import Job, NewJob
from server.domain.states import JobKind, JobStatus
from server.store.database import Executor, Record
from server.store.lanes import lanes_json

# A submit is one statement for any number of jobs, so that it is one round trip and one commit.
# The foreign key from the job to its image is checked at the statement's end, when both rows
# exist. Jobs are inserted in the order of their request_ids, so that two statements with the
# same ones cannot deadlock.
_STORED = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, user_id uuid, image_id uuid, kind text, lane text, priority integer, spec jsonb,
    spec_version integer, batch_id uuid, batch_position integer,
    provider text, model text, micros bigint, request_id uuid, request_hash bytea,
    story_id uuid, page_id uuid, page_number integer, character_id uuid, character_ids uuid[],
    style text, style_version integer, seed bigint,
    parent_image_id uuid, lineage_id uuid, version integer, metadata jsonb, cropped_from text,
    lanes job_lane[], limits jsonb, route jsonb, traceparent text
  )
), placed AS (
  SELECT job_id AS id, lanes FROM take_turns((
    SELECT array_agg((id, user_id, priority, lanes)::turn_wanted) FROM asked
    WHERE batch_id IS NULL
  ))
), job AS (
  INSERT INTO image_generation_jobs (
    id, user_id, image_id, kind, lane, priority, spec, spec_version, ai_provider, ai_model,
    estimated_micros, request_id, request_hash, batch_id, batch_position, ready, turn,
    story_id, page_id, metadata, cropped_from, lanes, limits, route, traceparent
  ) SELECT id, user_id, image_id, kind, lane, priority, spec, spec_version, provider, model,
    micros, request_id, request_hash, batch_id, batch_position, batch_id IS NULL,
    coalesce((placed.lanes)[1].turn, 0),
    story_id, page_id, metadata, cropped_from, coalesce(placed.lanes, asked.lanes), limits, route,
    traceparent
  FROM asked LEFT JOIN placed USING (id) ORDER BY user_id, request_id
  ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
  RETURNING id, created_at, max_retries
), image AS (
  INSERT INTO images (
    id, user_id, image_type, ai_provider, ai_model, story_id, page_id, page_number, character_id,
    character_ids, style, style_version, seed, parent_image_id, lineage_id, version
  ) SELECT image_id, user_id, kind, provider, model, story_id, page_id, page_number, character_id,
    character_ids, style, style_version, seed, parent_image_id, lineage_id, version
  FROM asked JOIN job USING (id)
  RETURNING images.id
), shown AS (
  INSERT INTO image_characters (character_id, created_at, image_id)
  SELECT DISTINCT character, job.created_at, image_id
  FROM asked JOIN job USING (id), unnest(character_ids) AS character
  RETURNING image_id
), pair AS (
  INSERT INTO job_metadata (user_id, key, value, created_at, job_id, image_id)
  SELECT user_id, pair.key, pair.value, job.created_at, id, image_id
  FROM asked JOIN job USING (id), jsonb_each_text(metadata) AS pair
  RETURNING job_id
)
"""

_SUBMIT = f"{_STORED} SELECT id, created_at, max_retries FROM job"

# One round trip with the holds, too. The function sees the rows that this statement has written.
# Budgets are locked after all of them, so that others wait only for the statement's triggers and
# its commit.
_SUBMIT_PAID = f"""
{_STORED}, money AS MATERIALIZED (
  SELECT hold_or_refuse(array_agg((
    id, 0, '', 'hold', 'first', provider, model, user_id, current_date, micros, 0
  )::movement), $2)
  FROM asked JOIN job USING (id)
  WHERE micros > 0 AND (
    (SELECT count(*) FROM image) + (SELECT count(*) FROM shown) + (SELECT count(*) FROM pair)
  ) >= 0
)
SELECT id, created_at, max_retries FROM job, money
"""

_NOT_COVERED = "IG001"


class NotCovered(Exception):
    """Raised for jobs that a budget does not cover; `scope` is the budget's."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class Submits:
    """Stores jobs with their images."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def submit(self, job: NewJob) -> Job | None:
        """Stores a job and its image; returns None when the request_id is taken.

        The caller holds its price with `Money.hold`, in the same transaction.
        """
        return (await self.submit_each([job]))[0]

    async def submit_each(self, jobs: Sequence[NewJob]) -> list[Job | None]:
        """Submits many jobs as `submit` does; an error stores none of them."""
        rows = await self._database.fetch(_SUBMIT, [_asked(job) for job in jobs])
        return _those_admitted(jobs, rows)

    async def submit_paid_each(self, jobs: Sequence[NewJob], limit_micros: int) -> list[Job | None]:
        """Submits many jobs with their prices held, as `submit_each` and `Money.hold` do.

        Raises NotCovered for a budget that does not cover them all, and stores none of them.
        """
        asked = [_asked(job) for job in jobs]
        try:
            rows = await self._database.fetch(_SUBMIT_PAID, asked, limit_micros)
        except asyncpg.PostgresError as error:
            if error.sqlstate != _NOT_COVERED:
                raise
            raise NotCovered(str(error)) from None
        return _those_admitted(jobs, rows)


def _those_admitted(jobs: Sequence[NewJob], rows: Sequence[Record]) -> list[Job | None]:
    stored = {row["id"]: row for row in rows}
    return [_admitted(job, stored[job.id]) if job.id in stored else None for job in jobs]


def _asked(job: NewJob) -> dict[str, object]:
    spec, place = job.spec, job.placement
    return {
        "id": str(job.id),
        "user_id": str(job.user_id),
        "image_id": str(job.image_id),
        "kind": spec.image_type,
        "lanes": lanes_json(job.lanes),
        "limits": job.limits.to_json(),
        "route": job.route.to_json(),
        "lane": job.lanes[0].lane,
        "priority": job.priority,
        "spec": spec.to_json(),
        "spec_version": _spec_version(job),
        "batch_id": _text(job.batch.batch_id if job.batch else None),
        "batch_position": job.batch.position if job.batch else None,
        "provider": job.provider,
        "model": spec.model,
        "micros": job.price_micros,
        "request_id": _text(job.request.id if job.request else None),
        "request_hash": rf"\x{job.request.digest.hex()}" if job.request else None,
        "story_id": _text(place.story_id),
        "page_id": _text(place.page_id),
        "page_number": place.page_number,
        "character_id": _text(place.character_id),
        "character_ids": [str(character.id) for character in spec.characters],
        "style": spec.style.id,
        "style_version": spec.style.version,
        "seed": spec.seed,
        "parent_image_id": _text(place.parent_image_id),
        "lineage_id": str(place.lineage_id or job.image_id),
        "version": place.version,
        "metadata": dict(job.metadata),
        "cropped_from": job.cropped_from,
        "traceparent": job.trace or None,
    }


def _spec_version(job: NewJob) -> int:
    return job.spec.version(batched=job.batch is not None, cropped=bool(job.cropped_from))


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)


def _admitted(job: NewJob, row: Record) -> Job:
    return Job(
        id=job.id,
        user_id=job.user_id,
        image_id=job.image_id,
        kind=JobKind(job.spec.image_type),
        lane=job.lanes[0].lane,
        lanes=job.lanes,
        status=JobStatus.QUEUED,
        priority=job.priority,
        attempt=0,
        retry_count=0,
        max_retries=row["max_retries"],
        cancel_requested=False,
        model=job.spec.model,
        provider=job.provider,
        estimated_micros=job.price_micros,
        actual_micros=0,
        created_at=row["created_at"],
        stage_ms={},
        batch_id=job.batch.batch_id if job.batch else None,
        story_id=job.placement.story_id,
        page_id=job.placement.page_id,
        metadata=job.metadata,
        cropped_from=job.cropped_from,
        spec_version=_spec_version(job),
    )
