"""Scenes as rows: what was read for a job, and what its picture does not show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from imggen.rules.texts import first_parts
from server.domain.ids import JobId
from server.domain.jobs import Claim
from server.domain.plans import PLAN_KEPT
from server.domain.scenes import LossKind, NotDrawn, Scene, Unsure, share_shown
from server.store.database import Executor, Record

_FIND = "SELECT scene FROM scenes WHERE job_id = $1"
_FIND_LOSSES = "SELECT scene, not_drawn FROM scenes WHERE job_id = $1"
# The first reading counts, also where a worker that has lost its lease reads later.
_KEEP = """
INSERT INTO scenes (job_id, scene)
SELECT id, $3 FROM image_generation_jobs
WHERE id = $1 AND attempt = $2 AND status = 'processing'
ON CONFLICT (job_id) DO NOTHING
"""
_KEEP_LOSSES = """
UPDATE scenes s SET not_drawn = $3 FROM image_generation_jobs j
WHERE j.id = $1 AND j.attempt = $2 AND j.status = 'processing' AND s.job_id = j.id
"""
_SAME_TEXT = """(
  SELECT bool_and(new.spec -> field IS NOT DISTINCT FROM old.spec -> field)
  FROM unnest($2::text[]) AS field
)"""
# A changed style or model changes nothing of what a text says.
_COPY = f"""
INSERT INTO scenes (job_id, scene)
SELECT new.id, s.scene FROM image_generation_jobs new
JOIN images i ON i.id = new.image_id
JOIN image_generation_jobs old ON old.image_id = i.parent_image_id
JOIN scenes s ON s.job_id = old.id
WHERE new.id = $1 AND {_SAME_TEXT}
"""
# As long as a plan is given again for its request_id.
_TAKE_PLANNED = f"""
INSERT INTO scenes (job_id, scene)
SELECT new.id, s.scene FROM image_generation_jobs new
JOIN image_generation_jobs old ON old.story_id = new.story_id AND old.kind = 'plan'
  AND old.user_id = new.user_id AND old.page_id IS NOT DISTINCT FROM new.page_id
JOIN scenes s ON s.job_id = old.id
WHERE new.id = $1 AND new.attempt = $3 AND new.status = 'processing'
  AND s.created_at > now() - $4::interval AND {_SAME_TEXT}
ORDER BY s.created_at DESC LIMIT 1
ON CONFLICT (job_id) DO NOTHING RETURNING scene
"""
_READ = ("image_type", "scene", "page_text", "characters", "others", "before", "fixed")
"""The fields of a spec that a scene is read from."""
_SCENE = TypeAdapter(Scene)
_KINDS = frozenset(kind.value for kind in LossKind)


class Scenes:
    """Runs the statements of workers on scenes."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def find(self, job: JobId) -> Scene | None:
        """Returns what was read for a job; None where nothing was."""
        rows = await self._database.fetch(_FIND, job)
        return read_scene(rows[0]["scene"]) if rows else None

    async def take_planned(self, claim: Claim) -> Scene | None:
        """Keeps for a job what a plan of today read of the same page, and returns it.

        None where no plan has read the same text with the same characters.
        """
        rows = await self._database.fetch(
            _TAKE_PLANNED, claim.job_id, list(_READ), claim.attempt, PLAN_KEPT
        )
        return read_scene(rows[0]["scene"]) if rows else None

    async def keep(self, claim: Claim, scene: Scene) -> None:
        """Keeps what an attempt has read, unless its lease is lost or a scene is there."""
        said = _SCENE.dump_python(scene, mode="json")
        await self._database.execute(_KEEP, claim.job_id, claim.attempt, said)

    async def shown(self, job: JobId) -> dict[str, float]:
        """Returns the share of a job's page that each model shows; empty until its losses are kept.

        A model that cannot draw the page is not there.
        """
        rows = await self._database.fetch(_FIND_LOSSES, job)
        return read_shown(rows[0]) if rows else {}

    async def keep_losses(self, claim: Claim, losses: Mapping[str, Sequence[NotDrawn]]) -> None:
        """Keeps what each model would not show of a page, unless the lease is lost."""
        said = {model: not_drawn_json(parts) for model, parts in losses.items()}
        await self._database.execute(_KEEP_LOSSES, claim.job_id, claim.attempt, said)

    async def copy(self, job: JobId) -> None:
        """Gives a regeneration what was read for its image, unless its text is another one."""
        await self._database.execute(_COPY, job, list(_READ))


def read_scene(row: Mapping[str, Any]) -> Scene:
    """Reads a scene as its row has it."""
    return _SCENE.validate_python(row)


def read_not_drawn(rows: Sequence[Mapping[str, Any]] | None) -> tuple[NotDrawn, ...]:
    """Reads what a picture does not show, as its attempt has it; None is no attempt yet."""
    return tuple(
        NotDrawn(row["phrase"], LossKind(row["kind"]), row["became"])
        for row in rows or ()
        # A worker may be newer than this gateway and know more kinds.
        if row["kind"] in _KINDS
    )


def read_unsure(rows: Sequence[Mapping[str, Any]] | None) -> tuple[Unsure, ...]:
    """Reads what was read without being sure, as a scene has it; None is no scene yet."""
    return tuple(
        Unsure(row["phrase"], LossKind(row["kind"]), row["why"])
        for row in rows or ()
        if row["kind"] in _KINDS
    )


def read_shown(row: Record) -> dict[str, float]:
    """Reads the share that each model shows of a page, from its scene and what each does not."""
    if not row["not_drawn"]:
        return {}
    scene = read_scene(row["scene"])
    return {
        model: share_shown(scene, read_not_drawn(parts))
        for model, parts in row["not_drawn"].items()
    }


def not_drawn_json(parts: Sequence[NotDrawn]) -> list[dict[str, str]]:
    """Returns what a picture does not show as JSON for an attempt, as much as a job keeps."""
    kept = first_parts([(one.phrase, one.became) for one in parts])
    return [asdict(one) for one in parts[:kept]]
