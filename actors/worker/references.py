"""References: each character of a picture gets the portrait that it is drawn from."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakValueDictionary

from actors.engine.embedding import encoder_of
from actors.engine.render import PictureUnreadable, ReferenceEncoder
from actors.providers.base import CharacterReference, ReferenceReading
from actors.worker.patience import STORE_PAUSES_S
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.jobs import Claim
from server.domain.references import Reference, ReferenceUse, UsedReference
from server.errors import ImggenError
from server.storage import ObjectMissing, Storage, StorageUnavailable
from server.store.references import References

_MOST_BYTES = 64 * 1024 * 1024
"""No model's picture is larger."""
_NO_PICTURE = (ObjectMissing, PictureUnreadable, StorageUnavailable)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The references of a picture: those that its provider reads, and what its caller is told."""

    placed: tuple[CharacterReference, ...] = ()
    used: tuple[UsedReference, ...] = ()


class ReferenceResolver:
    """Finds the references of a job, as the provider that draws it reads them.

    An encoder reads each of them once; where there is none, the portraits themselves are read.
    """

    def __init__(
        self,
        references: References,
        storage: Storage,
        pauses_s: Sequence[float] = STORE_PAUSES_S,
    ) -> None:
        """Takes the pauses before each retry of a read that fails."""
        self._references = references
        self._pauses_s = pauses_s
        self._storage = storage
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def resolve(
        self, claim: Claim, cast: Sequence[FrozenCharacter], reading: ReferenceReading
    ) -> Resolved:
        """Returns the references of a job's characters, who stand from left to right in `cast`.

        A character without a usable reference is left to the words, and its entry says why.
        Raises StorageUnavailable, and the encoder's errors.
        """
        if not (claim.spec.use_references and cast):
            return Resolved()
        encoder = await reading.encoder.encoder() if reading.encoder else ""
        if reading.most == 0 or (reading.encoder and not encoder):
            return _unsupported(claim, cast)
        ids = [CharacterId(one.id) for one in cast]
        known = await self._references.find(ids, claim.spec.style.id, encoder)
        picture = _Picture(reading, len(cast))
        for place, one in enumerate(cast):
            found = known.get(CharacterId(one.id))
            why = picture.refusal(one, found)
            if found is None or why is not None:
                picture.leave_out(one, why or ReferenceUse.MISSING, found)
                continue
            if reading.encoder is None:
                data = await self._portrait(claim, found)
            else:
                data = _usable(found, encoder)
                data = data or await self._embed(claim, found, reading.encoder, encoder)
            if data is None:
                picture.leave_out(one, ReferenceUse.UNREADABLE, found)
            else:
                picture.add(place, found, data)
        return picture.resolved(_in_order(claim, cast))

    async def _portrait(self, claim: Claim, reference: Reference) -> bytes | None:
        """Returns a portrait; None, and a mark for redrawing, if it is unreadable."""
        try:
            picture = await self._picture(reference)
        except _NO_PICTURE as error:
            await self._mark(claim, reference, "", error)
            return None
        if reference.unreadable:
            await self._references.note_readable(reference)
        return picture

    async def _embed(
        self, claim: Claim, reference: Reference, reader: ReferenceEncoder, encoder: str
    ) -> bytes | None:
        """Computes and keeps an embedding; None, and a mark for redrawing, if it is unreadable."""
        lock = self._locks.setdefault(reference.image_id, asyncio.Lock())
        async with lock:
            # Another page of the same story may have read it meanwhile, or have failed to.
            style = claim.spec.style.id
            again = await self._references.find([reference.character_id], style, encoder)
            now = again.get(reference.character_id, reference)
            if now.image_id != reference.image_id:
                now = reference
            if kept := _usable(now, encoder):
                return kept
            try:
                embedding = await reader.encode(await self._picture(now))
            except _NO_PICTURE as error:
                await self._mark(claim, now, encoder, error)
                return None
            await self._references.keep(now, embedding.encoder, embedding.data)
            return embedding.data

    async def _mark(
        self, claim: Claim, reference: Reference, encoder: str, error: ImggenError
    ) -> None:
        """Marks a reference for redrawing; raises StorageUnavailable in an outage of all files."""
        if isinstance(error, StorageUnavailable):
            await self._storage.check()  # an outage is no fault of the file
        _log.warning(
            "reference unreadable",
            extra={
                "job_id": str(claim.job_id),
                "image_id": str(reference.image_id),
                "error": error.message,
            },
        )
        await self._references.mark_unreadable(reference, encoder)

    async def _picture(self, reference: Reference) -> bytes:
        """Returns the bytes of a reference; raises ObjectMissing or PictureUnreadable.

        Raises StorageUnavailable for one that cannot be read for half a minute, or, if the last
        try failed as well, at once.
        """
        for pause in () if reference.unreadable else self._pauses_s:
            with suppress(StorageUnavailable):
                return await self._checked(reference)
            await asyncio.sleep(pause)
        return await self._checked(reference)

    async def _checked(self, reference: Reference) -> bytes:
        png, digest = bytearray(), hashlib.sha256()
        async with aclosing(self._storage.stream(reference.key)) as chunks:
            async for chunk in chunks:
                png += chunk
                digest.update(chunk)
                if len(png) > _MOST_BYTES:
                    break
        if digest.hexdigest() != reference.sha256:
            raise PictureUnreadable("its bytes are not those that were stored")
        return bytes(png)


class _Picture:
    """The references of one picture, gathered from left to right."""

    def __init__(self, reading: ReferenceReading, characters: int) -> None:
        self._reading = reading
        self._characters = characters
        self._placed: list[CharacterReference] = []
        self._used: dict[CharacterId, UsedReference] = {}

    def refusal(self, one: FrozenCharacter, found: Reference | None) -> ReferenceUse | None:
        """Returns why a character is left to the words, if that is known without its picture."""
        if found is None:
            return ReferenceUse.MISSING
        if found.description_version != one.version:
            return ReferenceUse.STALE
        if len(self._placed) >= self._reading.most:
            return ReferenceUse.LEFT_OUT
        return None

    def leave_out(self, one: FrozenCharacter, why: ReferenceUse, found: Reference | None) -> None:
        """Notes a character that is left to the words."""
        each = CharacterId(one.id)
        self._used[each] = UsedReference(each, why, found.image_id if found else None)

    def add(self, place: int, found: Reference, data: bytes) -> None:
        """Adds the reference of the character that stands at a place from the left."""
        left, right = place / self._characters, (place + 1) / self._characters
        self._placed.append(CharacterReference(found.character_id, data, left, right))
        self._used[found.character_id] = UsedReference(
            found.character_id, ReferenceUse.DRAWN, found.image_id, self._reading.scale
        )

    def resolved(self, order: Sequence[CharacterId]) -> Resolved:
        """Returns the references, and what became of each in the order of the request."""
        return Resolved(tuple(self._placed), tuple(self._used[one] for one in order))


def _usable(found: Reference, encoder: str) -> bytes | None:
    """Returns the kept embedding; None if there is none, or its bytes are damaged."""
    whole = found.embedding is not None and encoder_of(found.embedding) == encoder
    return found.embedding if whole else None


def _unsupported(claim: Claim, cast: Sequence[FrozenCharacter]) -> Resolved:
    ids = _in_order(claim, cast)
    return Resolved(used=tuple(UsedReference(one, ReferenceUse.UNSUPPORTED) for one in ids))


def _in_order(claim: Claim, cast: Sequence[FrozenCharacter]) -> list[CharacterId]:
    """Returns the characters of a picture in the order of its request."""
    there = {one.id for one in cast}
    return [CharacterId(one.id) for one in claim.spec.cast if one.id in there]
