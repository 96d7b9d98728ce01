"""References of characters: found for a picture, and their embeddings kept."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.domain.ids import CharacterId, ImageId
from server.domain.references import Reference, ReferenceUse, UsedReference
from server.store.database import Executor, Record

_FIND = """
SELECT r.id, r.character_id, r.reference_image_id, r.description_version,
  original.storage_key, original.sha256, v.embedding,
  EXISTS (SELECT FROM reference_views u WHERE u.reference_id = r.id AND u.view = 'portrait'
    AND u.image_id = r.reference_image_id AND u.unreadable_at IS NOT NULL) AS unreadable
FROM character_references r
JOIN images i ON i.id = r.reference_image_id AND i.deleted_at IS NULL
JOIN assets original ON original.image_id = i.id AND original.kind = 'original'
LEFT JOIN reference_views v ON v.reference_id = r.id AND v.view = 'portrait'
  AND v.encoder_sha256 = $3 AND v.image_id = r.reference_image_id
WHERE r.character_id = ANY($1) AND r.style = $2
"""

# The lock waits for a portrait that replaces the reference at this moment, and then finds no row:
# so that a late view never takes the place of the new portrait's.
_HELD = """
SELECT id, reference_image_id FROM character_references
WHERE id = $1 AND reference_image_id = $2 FOR NO KEY UPDATE
"""

# That a picture is readable holds for every encoder, and for those that read portraits themselves.
_READABLE = f"""
WITH held AS ({_HELD})
DELETE FROM reference_views v USING held
WHERE v.reference_id = held.id AND v.view = 'portrait' AND v.unreadable_at IS NOT NULL
"""

_KEEP = f"""
WITH held AS ({_HELD}), readable AS (
  DELETE FROM reference_views v USING held
  WHERE v.reference_id = held.id AND v.view = 'portrait' AND v.encoder_sha256 <> $3
    AND v.unreadable_at IS NOT NULL
)
INSERT INTO reference_views (reference_id, view, encoder_sha256, image_id, embedding)
SELECT id, 'portrait', $3, reference_image_id, $4 FROM held
ON CONFLICT (reference_id, view, encoder_sha256) DO UPDATE SET
  image_id = excluded.image_id, embedding = excluded.embedding, unreadable_at = NULL
"""

_MARK_UNREADABLE = f"""
WITH held AS ({_HELD})
INSERT INTO reference_views (reference_id, view, encoder_sha256, image_id, unreadable_at)
SELECT id, 'portrait', $3, reference_image_id, now() FROM held
ON CONFLICT (reference_id, view, encoder_sha256) DO UPDATE SET
  image_id = excluded.image_id, embedding = NULL, unreadable_at = excluded.unreadable_at
"""


class References:
    """Runs the statements of workers on references; the jobs that ask have their owners."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def find(
        self, characters: Sequence[CharacterId], style: str, encoder: str
    ) -> dict[CharacterId, Reference]:
        """Returns the references of characters in a style, with their embeddings by an encoder."""
        rows = await self._database.fetch(_FIND, characters, style, encoder)
        return {row["character_id"]: _reference(row) for row in rows}

    async def keep(self, reference: Reference, encoder: str, embedding: bytes) -> None:
        """Keeps an embedding, unless the portrait was replaced; it is readable from now on."""
        await self._database.execute(_KEEP, reference.id, reference.image_id, encoder, embedding)

    async def note_readable(self, reference: Reference) -> None:
        """Takes the marks from a portrait that was read after all, unless it was replaced."""
        await self._database.execute(_READABLE, reference.id, reference.image_id)

    async def mark_unreadable(self, reference: Reference, encoder: str) -> None:
        """Marks a portrait for redrawing by the next story, unless it was replaced."""
        await self._database.execute(_MARK_UNREADABLE, reference.id, reference.image_id, encoder)


def used_references(rows: Sequence[Mapping[str, Any]] | None) -> tuple[UsedReference, ...]:
    """Reads what became of references, as an attempt has it; None is an attempt that has none."""
    return tuple(_used(row) for row in rows or ())


def used_references_json(references: Sequence[UsedReference]) -> list[dict[str, object]]:
    """Returns what became of references as JSON for an attempt."""
    return [
        {
            "character_id": str(one.character_id),
            "use": one.use,
            "image_id": str(one.image_id) if one.image_id else None,
            "scale": one.scale,
        }
        for one in references
    ]


def _used(row: Mapping[str, Any]) -> UsedReference:
    image = row["image_id"]
    return UsedReference(
        character_id=CharacterId(UUID(row["character_id"])),
        use=ReferenceUse(row["use"]),
        image_id=ImageId(UUID(image)) if image else None,
        scale=row["scale"],
    )


def _reference(row: Record) -> Reference:
    return Reference(
        id=row["id"],
        character_id=row["character_id"],
        image_id=row["reference_image_id"],
        description_version=row["description_version"],
        key=row["storage_key"],
        sha256=row["sha256"],
        embedding=row["embedding"],
        unreadable=row["unreadable"],
    )
