"""Upscales: jobs that make the print asset of an image anew, admitted and ended."""

from server.domain.finishing import steps_json
from server.domain.ids import ImageId, JobId
from server.domain.jobs import Claim, NewUpscale, Outcome
from server.domain.lanes import JobLane
from server.domain.spec import UPSCALE_VERSION
from server.domain.states import Lane
from server.domain.timings import step_times_json
from server.store.completions import asset_json, files_json
from server.store.database import Executor
from server.store.lanes import lanes_json
from server.store.upscalings import upscaling_json

# Its image is locked against deletion, so that what deletes it sees the job and cancels it. It is
# claimed by a worker that holds the image's model, if there is one: that has the upscaler which
# was made for it. The job itself has no model, since it says nothing of a model's speed.
_SUBMIT = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, user_id uuid, image_id uuid, priority integer, print_width integer,
    print_height integer, request_id uuid, request_hash bytea, metadata jsonb, lanes job_lane[],
    traceparent text
  )
), image AS (
  SELECT i.id AS image_id, i.story_id, i.page_id, j.spec, j.spec_version
  FROM asked JOIN images i ON i.id = asked.image_id AND i.user_id = asked.user_id
  JOIN image_generation_jobs j ON j.image_id = i.id
  WHERE i.status = 'completed' AND i.deleted_at IS NULL FOR SHARE OF i
), placed AS (
  SELECT job_id AS id, lanes FROM take_turns((
    SELECT array_agg((id, user_id, priority, lanes)::turn_wanted)
    FROM asked JOIN image USING (image_id)
  ))
), job AS (
  INSERT INTO image_generation_jobs (
    id, user_id, upscales_image_id, print_width, print_height, kind, lane, lanes, turn, priority,
    spec, spec_version, ai_provider, ai_model, request_id, request_hash, story_id, page_id,
    metadata, traceparent
  ) SELECT id, user_id, image_id, print_width, print_height, 'upscale', 'upscale', placed.lanes,
    (placed.lanes)[1].turn, priority, image.spec, greatest(image.spec_version, $2), 'local', '',
    request_id, request_hash, story_id, page_id, metadata, traceparent
  FROM asked JOIN image USING (image_id) JOIN placed USING (id)
  ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
  RETURNING id, user_id, created_at, metadata
), pair AS (
  INSERT INTO job_metadata (user_id, key, value, created_at, job_id)
  SELECT user_id, pair.key, pair.value, created_at, id FROM job, jsonb_each_text(metadata) AS pair
)
SELECT id FROM job
"""

# Fenced by its attempt, as all ends are. The row of the old print asset becomes that of the new
# one: nothing points to the old object then, which is swept once it is a day old, unless another
# image shares it. What is said of the old one, how it was written and its dots per inch, becomes
# what is said of the new one. It holds no money.
_COMPLETE = """
WITH ended AS (
  UPDATE image_generation_jobs SET
    status = 'completed', completed_at = now(), lease_expires_at = NULL, worker = NULL,
    processing_time_ms = extract(epoch FROM now() - started_at) * 1000,
    error_reason = NULL, error_message = NULL, updated_at = now()
  WHERE id = $1 AND attempt = $2 AND status = 'processing'
  RETURNING id, attempt, upscales_image_id AS image_id
), asset AS (
  INSERT INTO assets (
    image_id, kind, storage_key, content_type, sha256, size_bytes, width, height, job_id, attempt
  ) SELECT ended.image_id, a.*, ended.id, ended.attempt FROM ended, jsonb_to_recordset($3) AS a (
    kind text, storage_key text, content_type text, sha256 text, size_bytes bigint,
    width integer, height integer
  )
  ON CONFLICT (image_id, kind) DO UPDATE SET
    storage_key = excluded.storage_key, content_type = excluded.content_type,
    sha256 = excluded.sha256, size_bytes = excluded.size_bytes, width = excluded.width,
    height = excluded.height, job_id = excluded.job_id, attempt = excluded.attempt
), image AS (
  UPDATE images i SET updated_at = now(), generation_params = i.generation_params
    || jsonb_build_object('files', coalesce(i.generation_params -> 'files', '{}') - 'print' || $7)
    || jsonb_build_object('post_processing', (
      SELECT coalesce(jsonb_agg(one ORDER BY place), '[]') || $8
      FROM jsonb_array_elements(i.generation_params -> 'post_processing')
        WITH ORDINALITY AS done (one, place)
      WHERE one ->> 'step' <> 'print_check'
    ))
  FROM ended WHERE i.id = ended.image_id
), attempt AS (
  UPDATE attempts a SET finished_at = now(), outcome = 'upscaled', stage_ms = $4, upscaling = $5,
    step_times = $6
  FROM ended WHERE a.job_id = ended.id AND a.attempt = ended.attempt
)
SELECT id FROM ended
"""

_OPEN = """
SELECT id FROM image_generation_jobs
WHERE upscales_image_id = $1 AND status IN ('queued', 'processing')
"""


class Upscales:
    """Runs the statements on upscales that those on all jobs do not cover."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def submit(self, new: NewUpscale) -> bool:
        """Commits an upscale of a COMPLETED image of its user.

        Returns False when the request_id is taken, or the user has no such image any more.
        """
        return await self._database.fetchrow(_SUBMIT, [_asked(new)], UPSCALE_VERSION) is not None

    async def complete(self, claim: Claim, outcome: Outcome) -> bool:
        """Ends an upscale with the print asset it made; returns False if the lease is lost.

        Of the steps of post-processing the outcome has the print check alone.
        """
        row = await self._database.fetchrow(
            *(_COMPLETE, claim.job_id, claim.attempt),
            [asset_json(asset) for asset in outcome.assets],
            dict(outcome.stage_ms),
            upscaling_json(outcome.upscaling),
            step_times_json(outcome.step_times),
            files_json(outcome.assets),
            steps_json(outcome.post_processing),
        )
        return row is not None

    async def open_jobs(self, image: ImageId) -> list[JobId]:
        """Returns the upscales of an image that wait or run."""
        return [row["id"] for row in await self._database.fetch(_OPEN, image)]


def _asked(new: NewUpscale) -> dict[str, object]:
    request = new.request
    return {
        "id": str(new.id),
        "user_id": str(new.user_id),
        "image_id": str(new.upscale.image_id),
        "priority": new.priority,
        "print_width": new.upscale.print_size.width,
        "print_height": new.upscale.print_size.height,
        "request_id": str(request.id) if request else None,
        "request_hash": rf"\x{request.digest.hex()}" if request else None,
        "metadata": dict(new.metadata),
        "lanes": lanes_json([JobLane(Lane.UPSCALE, (new.model,))]),
        "traceparent": new.trace or None,
    }
