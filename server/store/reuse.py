"""Reuse: stored pictures that answer equal requests, and the images that share their bytes.

Every method runs inside the transaction that the answer commits with: the images found stay locked
against deletion until then, so that a sweep which no longer counts them sees those that share
their bytes.
"""

from collections.abc import Sequence
from uuid import UUID

from server.domain.ids import ImageId, JobId
from server.domain.jobs import Copy, NewJob
from server.domain.reuse import Stored
from server.store.database import Executor
from server.store.lanes import lanes_json

# The newest picture of each seed, then the one whose turn it is. An image that is deleted at this
# moment is waited for, and left out if it is gone. Images are locked in the order of their jobs, as
# a retry of a batch locks them.
_FIND = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, user_id uuid, content_digest bytea, seed bigint, place integer, lineage_id uuid,
    style text, shows jsonb, checked boolean
  )
), found AS (
  SELECT asked.id, picture.image_id FROM asked CROSS JOIN LATERAL (
    SELECT newest.image_id FROM (
      SELECT DISTINCT ON (i.seed) i.seed, i.completed_at, i.id AS image_id
      FROM images i JOIN image_generation_jobs j ON j.image_id = i.id
      JOIN attempts a ON a.job_id = j.id AND a.attempt = j.attempt
      WHERE i.user_id = asked.user_id AND i.content_digest = asked.content_digest
        AND i.status = 'completed' AND i.deleted_at IS NULL
        AND (i.checked_by IS NOT NULL OR NOT asked.checked)
        AND (i.seed = asked.seed OR asked.seed IS NULL AND NOT EXISTS (
          SELECT FROM images l WHERE l.lineage_id = asked.lineage_id AND l.seed = i.seed
        ))
        AND (asked.shows IS NULL
          OR jsonb_array_length(a.used_references) = cardinality(i.character_ids)
          AND same_references(a.used_references, asked.shows, asked.style))
        AND NOT EXISTS (
          SELECT FROM character_references r JOIN reference_views v ON v.reference_id = r.id
          WHERE r.character_id = i.character_id AND r.style = i.style
            AND v.unreadable_at IS NOT NULL AND drawn_image(v.image_id) = drawn_image(i.id)
        )
      ORDER BY i.seed, i.completed_at DESC, i.id DESC
    ) AS newest ORDER BY newest.completed_at DESC, newest.image_id DESC
    LIMIT 1 OFFSET asked.place
  ) AS picture
)
SELECT found.id, i.id AS image_id, drawn_image(i.id) AS drawn, i.seed
FROM found JOIN images i ON i.id = found.image_id
JOIN image_generation_jobs j ON j.image_id = i.id
WHERE i.status = 'completed' AND i.deleted_at IS NULL ORDER BY j.id FOR SHARE OF i
"""

# What the picture is comes from its image, what it is for from the request. Jobs are inserted in
# the order of their request_ids, as a submit does it. An insert of a job is an event by itself, an
# insert of an image is not.
_COPY = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, user_id uuid, image_id uuid, origin_id uuid, priority integer, spec jsonb,
    spec_version integer, batch_id uuid, batch_position integer, request_id uuid,
    request_hash bytea, story_id uuid, page_id uuid, page_number integer, character_id uuid,
    parent_image_id uuid, lineage_id uuid, version integer, metadata jsonb, lanes job_lane[],
    limits jsonb, route jsonb
  )
), job AS (
  INSERT INTO image_generation_jobs (
    id, user_id, image_id, kind, lane, priority, status, spec, spec_version, ai_provider, ai_model,
    completed_at, request_id, request_hash, batch_id, batch_position, story_id, page_id, metadata,
    cropped_from, reused_from_image_id, lanes, limits, route
  ) SELECT asked.id, asked.user_id, asked.image_id, o.kind, o.lane, asked.priority, 'completed',
    asked.spec, asked.spec_version, o.ai_provider, o.ai_model, now(), asked.request_id,
    asked.request_hash, asked.batch_id, asked.batch_position, asked.story_id, asked.page_id,
    asked.metadata, o.cropped_from, drawn_image(o.image_id), asked.lanes, asked.limits, asked.route
  FROM asked JOIN image_generation_jobs o ON o.image_id = asked.origin_id
  ORDER BY asked.user_id, asked.request_id
  ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
  RETURNING id, created_at
), made AS (
  SELECT asked.*, job.created_at FROM asked JOIN job USING (id)
), image AS (
  INSERT INTO images (
    id, user_id, image_type, status, ai_provider, ai_model, story_id, page_id, page_number,
    character_id, character_ids, style, style_version, seed, parent_image_id, lineage_id, version,
    prompt, negative_prompt, generation_params, url, width, height, file_size_bytes, format,
    content_digest, checked_by, quality_score, completed_at
  ) SELECT made.image_id, made.user_id, o.image_type, 'completed', o.ai_provider, o.ai_model,
    made.story_id, made.page_id, made.page_number, made.character_id, o.character_ids, o.style,
    o.style_version, o.seed, made.parent_image_id, made.lineage_id, made.version,
    o.prompt, o.negative_prompt, o.generation_params, o.url, o.width, o.height, o.file_size_bytes,
    o.format, o.content_digest, o.checked_by, o.quality_score, now()
  FROM made JOIN images o ON o.id = made.origin_id
  RETURNING id, user_id, changed_in, status
), told AS (
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status)
  SELECT changed_in, user_id, 'image', id, status FROM image
), asset AS (
  INSERT INTO assets (
    image_id, kind, storage_key, content_type, sha256, size_bytes, width, height, job_id, attempt
  ) SELECT made.image_id, o.kind, o.storage_key, o.content_type, o.sha256, o.size_bytes, o.width,
    o.height, made.id, 0
  FROM made JOIN assets o ON o.image_id = made.origin_id
), attempt AS (
  INSERT INTO attempts (
    job_id, attempt, worker, provider, model, prompt, negative_prompt, seed, outcome, finished_at,
    not_drawn, used_references
  ) SELECT made.id, 0, '', o.provider, o.model, o.prompt, o.negative_prompt, o.seed, 'reused',
    now(), o.not_drawn, o.used_references
  FROM made JOIN image_generation_jobs j ON j.image_id = made.origin_id
  JOIN attempts o ON o.job_id = j.id AND o.attempt = j.attempt
), scene AS (
  INSERT INTO scenes (job_id, scene)
  SELECT made.id, s.scene FROM made
  JOIN image_generation_jobs j ON j.image_id = made.origin_id JOIN scenes s ON s.job_id = j.id
), shown AS (
  INSERT INTO image_characters (character_id, created_at, image_id)
  SELECT DISTINCT character, made.created_at, made.image_id
  FROM made JOIN images o ON o.id = made.origin_id, unnest(o.character_ids) AS character
), pair AS (
  INSERT INTO job_metadata (user_id, key, value, created_at, job_id, image_id)
  SELECT made.user_id, pair.key, pair.value, made.created_at, made.id, made.image_id
  FROM made, jsonb_each_text(made.metadata) AS pair
)
SELECT id FROM job
"""

# As the completion of a drawn picture: its portrait becomes the reference, and the references that
# it shows are counted. A statement of its own, since it refers to rows of the copy.
_REFER = """
WITH image AS (
  SELECT i.id, i.character_id, i.style, i.image_type, a.used_references,
    (j.spec -> 'characters' -> 0 ->> 'version')::integer AS shows
  FROM image_generation_jobs j JOIN images i ON i.id = j.image_id
  JOIN attempts a ON a.job_id = j.id AND a.attempt = j.attempt
  WHERE j.id = ANY($1)
), portrait AS (
  SELECT DISTINCT ON (character_id, style) character_id, style, id, shows
  FROM image WHERE image_type = 'portrait' ORDER BY character_id, style, shows DESC
), used AS (
  SELECT r.character_id, r.style, array_agg(r.reference_image_id) AS images
  FROM image, jsonb_to_recordset(image.used_references) AS one (character_id uuid, use text),
    character_references r
  WHERE one.use = 'drawn' AND r.character_id = one.character_id AND r.style = image.style
  GROUP BY 1, 2
)
SELECT complete_reference(character_id, style, images, id, shows)
FROM (
  SELECT * FROM portrait FULL JOIN used USING (character_id, style) ORDER BY character_id, style
) AS touched
"""


class Reuses:
    """Runs the statements of admission on stored pictures, inside its transaction."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def find(self, jobs: Sequence[NewJob], *, checked: bool) -> dict[JobId, Stored]:
        """Returns the stored images that answer jobs, and locks them against deletion.

        `checked` is whether only those will do that a classifier has looked at.
        """
        asked = [{**_asked(job), "checked": checked} for job in jobs if job.reuse is not None]
        rows = await self._database.fetch(_FIND, asked) if asked else []
        return {
            row["id"]: Stored(ImageId(row["image_id"]), ImageId(row["drawn"]), row["seed"])
            for row in rows
        }

    async def copy(self, copies: Sequence[Copy]) -> list[JobId]:
        """Stores completed jobs with images that share the bytes of those that were found.

        Returns the jobs stored: those whose request_ids were not taken.
        """
        if not copies:
            return []
        rows = await self._database.fetch(_COPY, [_copied(copy) for copy in copies])
        stored = [JobId(row["id"]) for row in rows]
        await self._database.fetch(_REFER, stored)
        return stored


def _asked(job: NewJob) -> dict[str, object]:
    spec, reuse = job.spec, job.reuse
    from_references = spec.use_references and spec.cast
    lineage = job.placement.lineage_id
    return {
        "id": str(job.id),
        "user_id": str(job.user_id),
        "content_digest": rf"\x{spec.content_digest().hex()}",
        "seed": reuse.seed if reuse else None,
        "place": reuse.place if reuse else 0,
        "lineage_id": str(lineage) if lineage else None,
        "style": spec.style.id,
        "shows": [{"id": str(one.id), "version": one.version} for one in spec.cast]
        if from_references
        else None,
    }


def _copied(copy: Copy) -> dict[str, object]:
    job, place = copy.job, copy.job.placement
    spec, batch, request = copy.job.spec, copy.job.batch, copy.job.request
    return {
        "id": str(job.id),
        "user_id": str(job.user_id),
        "image_id": str(job.image_id),
        "origin_id": str(copy.origin.image_id),
        "priority": job.priority,
        "spec": {**spec.to_json(), "seed": copy.origin.seed},
        "spec_version": spec.version(batched=batch is not None, cropped=bool(job.cropped_from)),
        "batch_id": str(batch.batch_id) if batch else None,
        "batch_position": batch.position if batch else None,
        "request_id": str(request.id) if request else None,
        "request_hash": rf"\x{request.digest.hex()}" if request else None,
        "story_id": _text(place.story_id),
        "page_id": _text(place.page_id),
        "page_number": place.page_number,
        "character_id": _text(place.character_id),
        "parent_image_id": _text(place.parent_image_id),
        "lineage_id": str(place.lineage_id or job.image_id),
        "version": place.version,
        "metadata": dict(job.metadata),
        "lanes": lanes_json(job.lanes),
        "limits": job.limits.to_json(),
        "route": job.route.to_json(),
    }


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)
