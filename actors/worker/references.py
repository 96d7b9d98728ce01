"""References: each character of a picture gets the portrait that it is drawn from."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakValueDictionary

from actors.engine.embedding import encoder_of
from actors.engine.profiles import Profile, profile
from actors.engine.render import PictureUnreadable, PlacedReference, ReferenceEncoder
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.jobs import Claim
from server.domain.references import Reference, ReferenceUse, UsedReference
from server.storage import ObjectMissing, Storage
from server.store.references import References

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The references of a picture: those that the model reads, and what its caller is told."""

    placed: tuple[PlacedReference, ...] = ()
    used: tuple[UsedReference, ...] = ()


class ReferenceResolver:
    """Finds the references of a job, and has the model's encoder read each of them once."""

    def __init__(self, references: References, storage: Storage, encoder: ReferenceEncoder) -> None:
        self._references = references
        self._storage = storage
        self._encoder = encoder
        self._reading: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def resolve(self, claim: Claim, cast: Sequence[FrozenCharacter]) -> Resolved:
        """Returns the references of a job's characters, who stand from left to right in `cast`.

        A character without a usable reference is left to the words, and its entry says why.
        Raises StorageUnavailable, and the encoder's errors.
        """
        if not (claim.spec.use_references and cast):
            return Resolved()
        encoder = await self._encoder.encoder()
        ids = [CharacterId(one.id) for one in cast]
        if not encoder:
            return Resolved(used=tuple(_unused(one, ReferenceUse.UNSUPPORTED) for one in ids))
        known = await self._references.find(ids, claim.spec.style.id, encoder)
        picture = _Picture(profile(claim.spec.model), len(cast))
        for place, one in enumerate(cast):
            found = known.get(CharacterId(one.id))
            why = picture.refusal(one, found)
            if found is None or why is not None:
                picture.leave_out(one, why or ReferenceUse.MISSING, found)
                continue
            embedding = _usable(found, encoder) or await self._embed(claim, found, encoder)
            if embedding is None:
                picture.leave_out(one, ReferenceUse.UNREADABLE, found)
            else:
                picture.add(place, found, embedding)
        return picture.resolved([CharacterId(one.id) for one in claim.spec.characters])

    async def _embed(self, claim: Claim, reference: Reference, encoder: str) -> bytes | None:
        """Computes and keeps an embedding; None, and a mark for redrawing, if it is unreadable."""
        lock = self._reading.setdefault(reference.image_id, asyncio.Lock())
        async with lock:
            # Another page of the same story may have computed it meanwhile.
            style = claim.spec.style.id
            again = await self._references.find([reference.character_id], style, encoder)
            now = again.get(reference.character_id, reference)
            if now.image_id == reference.image_id and (kept := _usable(now, encoder)):
                return kept
            try:
                embedding = await self._encoder.encode(await self._picture(reference))
            except (ObjectMissing, PictureUnreadable) as error:
                _log.warning(
                    "reference unreadable",
                    extra={
                        "job_id": str(claim.job_id),
                        "image_id": str(reference.image_id),
                        "error": error.message,
                    },
                )
                await self._references.mark_unreadable(reference, encoder)
                return None
            await self._references.keep(reference, embedding.encoder, embedding.data)
            return embedding.data

    async def _picture(self, reference: Reference) -> bytes:
        """Returns the bytes of a reference; raises ObjectMissing or PictureUnreadable."""
        png = await self._storage.get(reference.key)
        if hashlib.sha256(png).hexdigest() != reference.sha256:
            raise PictureUnreadable(f"{reference.key}: not the bytes that were stored")
        return png


class _Picture:
    """The references of one picture, gathered from left to right."""

    def __init__(self, model: Profile, characters: int) -> None:
        self._model = model
        self._characters = characters
        self._placed: list[PlacedReference] = []
        self._used: dict[CharacterId, UsedReference] = {}

    def refusal(self, one: FrozenCharacter, found: Reference | None) -> ReferenceUse | None:
        """Returns why a character is left to the words, if that is known without its picture."""
        if found is None:
            return ReferenceUse.MISSING
        if found.description_version != one.version:
            return ReferenceUse.STALE
        if len(self._placed) >= self._model.max_references:
            return ReferenceUse.LEFT_OUT
        return None

    def leave_out(self, one: FrozenCharacter, why: ReferenceUse, found: Reference | None) -> None:
        """Notes a character that is left to the words."""
        each = CharacterId(one.id)
        self._used[each] = UsedReference(each, why, found.image_id if found else None)

    def add(self, place: int, found: Reference, embedding: bytes) -> None:
        """Adds the reference of the character that stands at a place from the left."""
        left, right = place / self._characters, (place + 1) / self._characters
        self._placed.append(PlacedReference(embedding, left, right))
        self._used[found.character_id] = UsedReference(
            found.character_id, ReferenceUse.DRAWN, found.image_id, self._model.reference_scale
        )

    def resolved(self, order: Sequence[CharacterId]) -> Resolved:
        """Returns the references, and what became of each in the order of the request."""
        return Resolved(tuple(self._placed), tuple(self._used[one] for one in order))


def _usable(found: Reference, encoder: str) -> bytes | None:
    """Returns the kept embedding; None if there is none, or its bytes are damaged."""
    whole = found.embedding is not None and encoder_of(found.embedding) == encoder
    return found.embedding if whole else None


def _unused(one: CharacterId, why: ReferenceUse) -> UsedReference:
    return UsedReference(one, why)
