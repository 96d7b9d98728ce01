"""Images for callers: read, listed, deleted; and what a sweep asks about them."""

from collections.abc import Mapping
from uuid import UUID

from server.domain.finishing import STEPS, read_steps
from server.domain.ids import CharacterId, ImageId, JobId, UserId
from server.domain.images import Image, ImageFilter, NewAsset
from server.domain.paging import Listing, PageRequest
from server.domain.states import AssetKind, ImageStatus, ImageType
from server.store.database import Executor, Record
from server.store.lists import Arguments, Filters, Source, fetch_page
from server.store.references import used_references
from server.store.scenes import read_not_drawn, read_unsure

_SELECT = """
SELECT i.*, j.id AS job_id, j.metadata, j.reused_from_image_id, a.used_references, a.not_drawn,
  (SELECT p.page_number FROM story_pages p WHERE p.id = i.page_id) AS page_now,
  (SELECT max(l.version) FROM images l WHERE l.lineage_id = i.lineage_id) AS lineage_versions,
  (SELECT jsonb_object_agg(s.kind, s.storage_key) FROM assets s WHERE s.image_id = i.id) AS keys,
  (SELECT s.scene -> 'unsure' FROM scenes s WHERE s.job_id = j.id AND j.status = 'completed')
    AS unsure,
  EXISTS (SELECT FROM character_references r WHERE r.reference_image_id = i.id) AS is_reference
FROM images i JOIN image_generation_jobs j ON j.image_id = i.id
LEFT JOIN attempts a ON a.job_id = j.id AND a.attempt = j.attempt
"""

# Locks of a transaction; the first number keeps them apart from other advisory locks.
_LOCK_LINEAGE = "SELECT pg_advisory_xact_lock(5018, hashtext($1))"

# Bytes may be those of several images, of which one is enough.
_SHOWS = """
SELECT FROM assets s JOIN images i ON i.id = s.image_id
WHERE s.storage_key = $1 AND i.deleted_at IS NULL LIMIT 1
"""

_DELETE = """
WITH image AS (
  UPDATE images SET deleted_at = coalesce(deleted_at, now()), updated_at = now()
  WHERE id = $1 AND user_id = $2 RETURNING id, image_type, character_id, style
), reference AS MATERIALIZED (
  SELECT drop_reference(character_id, style, id) FROM image WHERE image_type = 'portrait'
)
SELECT j.id FROM image JOIN image_generation_jobs j ON j.image_id = image.id
WHERE (SELECT count(*) FROM reference) >= 0  -- read, or it would not run
"""

_UNSWEPT = """
SELECT i.id, array_remove(array_agg(s.storage_key), NULL) AS keys FROM images i
JOIN image_generation_jobs j ON j.image_id = i.id
  AND j.status IN ('completed', 'failed', 'cancelled')
LEFT JOIN assets s ON s.image_id = i.id AND NOT EXISTS (
  SELECT FROM assets shared JOIN images k ON k.id = shared.image_id AND k.deleted_at IS NULL
  WHERE shared.storage_key = s.storage_key
)
WHERE i.deleted_at IS NOT NULL AND i.swept_at IS NULL AND i.id > $1
  AND NOT EXISTS (
    SELECT FROM image_generation_jobs u
    WHERE u.upscales_image_id = i.id AND u.status IN ('queued', 'processing')
  )
GROUP BY i.id ORDER BY i.id LIMIT $2
"""


_ORPHANS = """
SELECT key FROM unnest($1::text[], $2::uuid[], $3::integer[]) AS stored (key, job, attempt)
WHERE NOT EXISTS (SELECT FROM assets WHERE storage_key = key)
  AND NOT EXISTS (
    SELECT FROM image_generation_jobs j
    WHERE j.id = stored.job AND (
      j.attempt = stored.attempt AND j.status = 'processing'
      -- It is drawn, and waits to be signed.
      OR j.status IN ('queued', 'processing') AND stored.key LIKE '%.drawn'
      -- Of a history that a restore has undone: this one may still come to that attempt.
      OR j.attempt < stored.attempt
    )
  )
"""


class Images:
    """Runs the statements on images; those of callers are scoped to their user."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def get(self, user: UserId, image: ImageId) -> Image | None:
        """Returns an image of the user that is not deleted."""
        row = await self._database.fetchrow(
            f"{_SELECT} WHERE i.id = $1 AND i.user_id = $2 AND i.deleted_at IS NULL", image, user
        )
        return None if row is None else _image(row)

    async def page(self, user: UserId, page: PageRequest, wanted: ImageFilter) -> Listing[Image]:
        """Lists the user's images, the newest first."""
        arguments = Arguments()
        filters = _filters(arguments, user, wanted)
        return await fetch_page(self._database, _SELECT, filters, arguments, page, _image)

    async def asset(self, user: UserId, image: ImageId, kind: AssetKind) -> NewAsset | None:
        """Returns an asset of an image of the user."""
        row = await self._database.fetchrow(
            "SELECT s.* FROM assets s JOIN images i ON i.id = s.image_id"
            " WHERE i.id = $1 AND i.user_id = $2 AND i.deleted_at IS NULL AND s.kind = $3",
            image,
            user,
            kind,
        )
        return None if row is None else _asset(row)

    async def shows(self, key: str) -> bool:
        """Returns whether an image that is not deleted has the asset with a storage key."""
        row = await self._database.fetchrow(_SHOWS, key)
        return row is not None

    async def delete(self, user: UserId, image: ImageId) -> JobId | None:
        """Hides an image permanently and returns its job; None when the user has no such image."""
        row = await self._database.fetchrow(_DELETE, image, user)
        return None if row is None else JobId(row["id"])

    async def lock_lineage(self, lineage: ImageId) -> int:
        """Locks a lineage until the transaction ends and returns its newest version."""
        # Not the row itself, which the end of a job changes before it locks the budget: a
        # regeneration that held it and waited for the budget would deadlock with it. A gateway of
        # the version before locks the row FOR UPDATE, which FOR KEY SHARE keeps out.
        await self._database.execute(_LOCK_LINEAGE, str(lineage))
        await self._database.fetchrow("SELECT FROM images WHERE id = $1 FOR KEY SHARE", lineage)
        row = await self._database.fetchrow(
            "SELECT max(version) AS version FROM images WHERE lineage_id = $1", lineage
        )
        return int(row["version"]) if row else 0

    async def unswept(self, after: ImageId, limit: int) -> dict[ImageId, list[str]]:
        """Returns deleted images whose jobs have ended, with the storage keys they leave.

        Keys that another image still shares are not among them: the last image leaves them. They
        are in the order of their ids, starting after the id `after`.
        """
        rows = await self._database.fetch(_UNSWEPT, after, limit)
        return {row["id"]: row["keys"] for row in rows}

    async def swept(self, images: list[ImageId]) -> None:
        """Marks deleted images of which nothing is left in the storage."""
        await self._database.execute(
            "UPDATE images SET swept_at = now() WHERE id = ANY($1)", images
        )

    async def orphans(self, keys: Mapping[str, tuple[UUID, int]]) -> list[str]:
        """Returns those storage keys that no asset points to, and none is about to.

        `keys` have their jobs and attempts: what a running one has stored may wait for the rest.
        """
        jobs = [job for job, _ in keys.values()]
        attempts = [attempt for _, attempt in keys.values()]
        rows = await self._database.fetch(_ORPHANS, list(keys), jobs, attempts)
        return [row["key"] for row in rows]


def _filters(arguments: Arguments, user: UserId, wanted: ImageFilter) -> Filters:
    owner = arguments.add(user, "uuid")
    own = f"user_id = {owner} AND deleted_at IS NULL"
    asked, sources = [own], []
    for column, place in (("story_id", wanted.story_id), ("page_id", wanted.page_id)):
        if place is not None:
            asked.append(f"{column} = {arguments.add(place, 'uuid')}")
            sources.append(Source("images", f"{own} AND {asked[-1]}"))
    if wanted.type is not None or wanted.status is not None:
        sources.append(_by_kind(arguments, own, asked, wanted))
    if wanted.character_id is not None:
        character = arguments.add(wanted.character_id, "uuid")
        known = f"SELECT id FROM characters WHERE id = {character} AND user_id = {owner}"
        asked.append(f"{character} = ANY(character_ids)")
        sources.append(Source("image_characters", f"character_id = ({known})", id="image_id"))
    if wanted.metadata is not None:
        key, value = (arguments.add(text, "text") for text in wanted.metadata)
        asked.append(
            f"(SELECT metadata ->> {key} = {value} FROM image_generation_jobs"
            " WHERE image_id = images.id)"
        )
        pair = f"user_id = {owner} AND key = {key} AND value = {value} AND image_id IS NOT NULL"
        sources.append(Source("job_metadata", pair, id="image_id"))
    if not sources:
        return Filters([Source("images", own)])
    if [source.table for source in sources] == ["images"]:
        return Filters(sources)
    return Filters(sources, f"SELECT {' AND '.join(asked)} FROM images WHERE id = candidate.id")


def _by_kind(arguments: Arguments, own: str, asked: list[str], wanted: ImageFilter) -> Source:
    """Returns the images of a type, of a status, or of both, and adds what they are asked."""
    types = arguments.add([wanted.type] if wanted.type else list(ImageType), "text[]")
    statuses = arguments.add([wanted.status] if wanted.status else list(ImageStatus), "text[]")
    asked += [f"image_type = ANY({types})", f"status = ANY({statuses})"]
    return Source(
        "images",
        f"{own} AND image_type = kind.type AND status = any_of.status",
        each=f"unnest({types}) AS kind (type), unnest({statuses}) AS any_of (status)",
    )


def _asset(row: Record) -> NewAsset:
    return NewAsset(
        kind=AssetKind(row["kind"]),
        storage_key=row["storage_key"],
        content_type=row["content_type"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        width=row["width"],
        height=row["height"],
    )


def _image(row: Record) -> Image:
    return Image(
        id=row["id"],
        job_id=row["job_id"],
        type=ImageType(row["image_type"]),
        status=ImageStatus(row["status"]),
        story_id=row["story_id"],
        character_id=row["character_id"],
        character_ids=tuple(CharacterId(character) for character in row["character_ids"]),
        page_id=row["page_id"],
        page_number=row["page_now"],
        style=row["style"],
        model=row["ai_model"],
        provider=row["ai_provider"],
        prompt=row["prompt"],
        seed=row["seed"],
        width=row["width"],
        height=row["height"],
        file_size=row["file_size_bytes"],
        version=row["version"],
        lineage_id=row["lineage_id"],
        lineage_versions=row["lineage_versions"],
        parent_image_id=row["parent_image_id"],
        is_reference=row["is_reference"],
        cost_micros=row["cost_micros"],
        created_at=row["created_at"],
        completed_at=row["completed_at"],
        keys={AssetKind(kind): key for kind, key in (row["keys"] or {}).items()},
        metadata=row["metadata"],
        references=used_references(row["used_references"]),
        not_drawn=read_not_drawn(row["not_drawn"]),
        unsure=read_unsure(row["unsure"]),
        reused_from=row["reused_from_image_id"],
        checked_by=row["checked_by"] or "",
        post_processing=read_steps(row["generation_params"].get(STEPS)),
        quality=None if row["quality_score"] is None else float(row["quality_score"]),
    )
