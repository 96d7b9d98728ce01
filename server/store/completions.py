"""Completions: jobs end with what they made, many in one statement and one commit."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from server.domain.finishing import STEPS, steps_json
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.timings import step_times_json
from server.store.database import Executor
from server.store.money import HOLDS
from server.store.references import used_references_json
from server.store.scenes import not_drawn_json
from server.store.upscalings import upscaling_json

_ASSETS = """jsonb_to_recordset(ended.assets) AS a (
    kind text, storage_key text, content_type text, sha256 text, size_bytes bigint,
    width integer, height integer
  )"""

# Each row is fenced by its attempt: one whose lease is lost changes nothing, and does not affect
# the others. Locks are taken in one order everywhere: jobs by batch and id, then what belongs to
# them, then references by character and style, then the budget.
_COMPLETE = f"""
WITH asked AS (
  SELECT * FROM jsonb_to_recordset($1) AS asked (
    id uuid, attempt integer, micros bigint, prompt text, negative_prompt text, stage_ms jsonb,
    assets jsonb, not_drawn jsonb, used_references jsonb, generation_params jsonb,
    seed bigint, content_digest bytea, shown uuid[], bill jsonb, provider text, model text,
    cropped_from text, checked_by text, upscaling jsonb, step_times jsonb, quality numeric
  )
), held AS (
  SELECT asked.* FROM image_generation_jobs j JOIN asked USING (id)
  WHERE j.attempt = asked.attempt AND j.status = 'processing'
  ORDER BY j.batch_id, j.id FOR UPDATE OF j
), ended AS (
  UPDATE image_generation_jobs j SET
    status = 'completed', completed_at = now(), lease_expires_at = NULL, worker = NULL,
    processing_time_ms = extract(epoch FROM now() - j.started_at) * 1000,
    actual_micros = job_cost(j.id, j.attempt, held.micros),
    ai_provider = held.provider, ai_model = held.model,
    cropped_from = coalesce(held.cropped_from, j.cropped_from),
    error_reason = NULL, error_message = NULL, updated_at = now()
  FROM held WHERE j.id = held.id
  RETURNING j.id, j.user_id, j.image_id, j.attempt, j.ai_provider, j.estimated_micros, j.queued_at,
    (j.spec -> 'characters' -> 0 ->> 'version')::integer AS description_version,
    j.actual_micros, j.ai_model, held.micros, held.bill, held.prompt, held.negative_prompt,
    held.stage_ms, held.assets, held.not_drawn, held.used_references, held.generation_params,
    held.seed, held.content_digest, held.shown, held.checked_by, held.upscaling, held.step_times,
    j.created_at, held.quality
), asset AS (
  INSERT INTO assets (
    image_id, kind, storage_key, content_type, sha256, size_bytes, width, height, job_id, attempt
  ) SELECT ended.image_id, a.*, ended.id, ended.attempt FROM ended, {_ASSETS}
), image AS (
  UPDATE images i SET
    status = 'completed', completed_at = now(), updated_at = now(),
    cost_micros = ended.actual_micros, prompt = ended.prompt,
    negative_prompt = ended.negative_prompt,
    generation_params = ended.generation_params, seed = ended.seed,
    ai_provider = ended.ai_provider, ai_model = ended.ai_model,
    content_digest = ended.content_digest, checked_by = ended.checked_by,
    quality_score = ended.quality,
    character_ids = coalesce(ended.shown, i.character_ids),
    url = a.storage_key, width = a.width, height = a.height, file_size_bytes = a.size_bytes,
    format = CASE a.content_type WHEN 'image/png' THEN 'PNG' ELSE 'JPEG' END
  FROM ended, {_ASSETS}
  WHERE i.id = ended.image_id AND a.kind = 'display'
  RETURNING i.id, i.character_id, i.style, i.image_type, i.deleted_at,
    ended.description_version, ended.queued_at, ended.used_references
), gone AS (
  DELETE FROM image_characters c USING ended
  WHERE c.image_id = ended.image_id AND c.created_at = ended.created_at
    AND c.character_id <> ALL (ended.shown)
), come AS (
  INSERT INTO image_characters (character_id, created_at, image_id)
  SELECT DISTINCT character, created_at, image_id FROM ended, unnest(shown) AS character
  ON CONFLICT DO NOTHING
), portrait AS (
  SELECT DISTINCT ON (character_id, style) character_id, style, id, description_version
  FROM image WHERE image_type = 'portrait' AND deleted_at IS NULL
  ORDER BY character_id, style, description_version DESC, queued_at DESC
), used AS (
  SELECT one.character_id, image.style, array_agg(one.image_id) AS images
  FROM image, jsonb_to_recordset(image.used_references) AS one (
    character_id uuid, use text, image_id uuid
  ) WHERE one.use = 'drawn' GROUP BY 1, 2
), reference AS MATERIALIZED (
  SELECT complete_reference(character_id, style, images, id, description_version)
  FROM (
    SELECT * FROM portrait FULL JOIN used USING (character_id, style)
    ORDER BY character_id, style
  ) AS touched
), attempt AS (
  UPDATE attempts a SET finished_at = now(),
    outcome = CASE WHEN ended.image_id IS NULL THEN 'read' ELSE 'completed' END,
    prompt = ended.prompt, negative_prompt = ended.negative_prompt,
    stage_ms = ended.stage_ms, step_times = ended.step_times, cost_micros = ended.micros,
    not_drawn = ended.not_drawn, used_references = ended.used_references,
    provider = ended.ai_provider, model = ended.ai_model, upscaling = ended.upscaling
  FROM ended WHERE a.job_id = ended.id AND a.attempt = ended.attempt
), preview AS (
  DELETE FROM job_previews v USING ended WHERE v.job_id = ended.id
), money AS MATERIALIZED (
  SELECT settle_money({HOLDS}, array_agg(micros), array_agg(bill)) AS above FROM ended
  WHERE (SELECT count(*) FROM reference) >= 0  -- locked last, and so after image
)
SELECT id, attempt, id = ANY(above) AS above FROM ended, money
"""

_log = logging.getLogger(__name__)


async def complete_each(database: Executor, ended: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
    """Ends jobs with their images, assets, references and money; False for each lost lease."""
    rows = await database.fetch(_COMPLETE, [_asked(claim, outcome) for claim, outcome in ended])
    for row in rows:
        if row["above"]:
            _log.error(
                "call above its hold", extra={"job_id": str(row["id"]), "attempt": row["attempt"]}
            )
    done = {(row["id"], row["attempt"]) for row in rows}
    return [(claim.job_id, claim.attempt) in done for claim, _ in ended]


def _asked(claim: Claim, outcome: Outcome) -> dict[str, object]:
    # What really drew it, which is what an equal request asks for.
    drawn = replace(claim.spec, model=outcome.model or claim.spec.model)
    return {
        "id": str(claim.job_id),
        "attempt": claim.attempt,
        "micros": outcome.cost_micros,
        "bill": {
            "estimated": outcome.estimated,
            "usage": dict(outcome.usage),
            "request_id": outcome.call_id,
        },
        "provider": outcome.provider or claim.provider,
        "model": drawn.model,
        "cropped_from": outcome.cropped_from,
        "checked_by": outcome.checked_by or None,
        "quality": outcome.quality,
        "seed": drawn.seed,
        "shown": _shown(claim, outcome),
        "content_digest": rf"\x{drawn.content_digest().hex()}",
        "prompt": outcome.prompt,
        "negative_prompt": outcome.negative_prompt,
        "stage_ms": dict(outcome.stage_ms),
        "not_drawn": not_drawn_json(outcome.not_drawn),
        "used_references": used_references_json(outcome.references),
        "generation_params": _made_by(outcome),
        "assets": [asset_json(asset) for asset in outcome.assets],
        "upscaling": upscaling_json(outcome.upscaling),
        "step_times": step_times_json(outcome.step_times),
    }


def _made_by(outcome: Outcome) -> dict[str, object]:
    """Returns how a picture was sampled, what was done to it, and how its files were written."""
    found = asdict(outcome.sampling) if outcome.sampling else {}
    if done := steps_json(outcome.post_processing):
        found[STEPS] = done
    if files := files_json(outcome.assets):
        found["files"] = files
    return found


def _shown(claim: Claim, outcome: Outcome) -> list[str] | None:
    """Returns the characters of the picture; None for those of the request."""
    asked = [one.id for one in claim.spec.characters]
    shown = list(asked if outcome.characters is None else outcome.characters)
    return None if set(shown) == set(asked) else [str(one) for one in shown]


def files_json(assets: Iterable[NewAsset]) -> dict[str, str]:
    """Returns how the pixels of assets were written, by their kinds, where that is known."""
    return {one.kind.value: one.encoding for one in assets if one.encoding}


def asset_json(asset: NewAsset) -> dict[str, object]:
    """Returns a stored asset as JSON for the database."""
    return {
        "kind": asset.kind,
        "storage_key": asset.storage_key,
        "content_type": asset.content_type,
        "sha256": asset.sha256,
        "size_bytes": asset.size_bytes,
        "width": asset.width,
        "height": asset.height,
    }
