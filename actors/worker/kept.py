"""Kept pictures: drawn, finished and checked, and not signed yet; another attempt delivers them."""

import asyncio
import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from pydantic import TypeAdapter

from actors.finishing.forms import RenderedAsset
from actors.worker.fields import fields_of
from server.domain.jobs import Claim, Outcome
from server.errors import ImggenError, Unavailable
from server.storage import (
    ObjectMissing,
    Storage,
    StorageUnavailable,
    content_type_of,
    object_key,
)
from server.storage.keys import DRAWN, attempt_of

_WITHIN_S = 30.0
_LENGTH_BYTES = 8
_ANY_TIME = datetime.max.replace(tzinfo=UTC)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the forms' bytes: how they were made, and how long each is."""

    outcome: Outcome
    at: datetime
    forms: tuple[RenderedAsset, ...]
    sizes: tuple[int, ...]


_HEAD = TypeAdapter(_Head)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that only has to be signed and stored: its outcome without assets, and its forms.

    `at` is when it was drawn; one that `is_kept` is in the storage.
    """

    outcome: Outcome
    at: datetime
    forms: tuple[RenderedAsset, ...]
    is_kept: bool = False

    def to_bytes(self) -> bytes:
        """Returns it as bytes for another process."""
        forms = tuple(replace(one, data=b"") for one in self.forms)
        sizes = tuple(len(one.data) for one in self.forms)
        head = _HEAD.dump_json(_Head(self.outcome, self.at, forms, sizes))
        length = len(head).to_bytes(_LENGTH_BYTES, "little")
        return b"".join([length, head, *(one.data for one in self.forms)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Reads it back; raises ValueError."""
        start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
        head = _HEAD.validate_json(data[_LENGTH_BYTES:start])
        forms = []
        for one, size in zip(head.forms, head.sizes, strict=True):
            forms.append(replace(one, data=data[start : start + size]))
            start += size
        return cls(head.outcome, head.at, tuple(forms), is_kept=True)


class KeptPictures:
    """Keeps drawn pictures in the storage until they are signed, where no caller can fetch them.

    Each attempt writes under its own number. What cannot be removed is swept after a day.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def keep(self, claim: Claim, drawn: Drawn) -> bool:
        """Keeps a picture for the next attempt; returns False where the storage is away."""
        data = drawn.to_bytes()
        key = object_key(claim.user_id, claim.job_id, claim.attempt, data, DRAWN)
        try:
            await self._storage.put(key, data, DRAWN)
        except ImggenError as error:
            _log.warning("picture not kept", extra={**fields_of(claim), "error": _why(error)})
            return False
        _log.info("picture kept", extra={**fields_of(claim), "bytes": len(data)})
        return True

    async def left(self, claim: Claim) -> Drawn | None:
        """Returns the picture that an earlier attempt has kept; None for none.

        Raises StorageUnavailable: a picture that may be paid is not drawn again because nobody
        could look.
        """
        if claim.attempt == 1:
            return None
        try:
            async with asyncio.timeout(_WITHIN_S):
                for key in await self._keys(claim):
                    with suppress(ObjectMissing):
                        return _read(claim, key, await self._storage.get(key))
        except TimeoutError as error:
            raise StorageUnavailable("read a picture", "no answer in time") from error
        return None

    async def remove(self, claim: Claim) -> None:
        """Removes what earlier attempts of a job that has ended have kept."""
        if claim.attempt == 1:
            return
        try:
            async with asyncio.timeout(_WITHIN_S):
                for key in await self._keys(claim):
                    await self._storage.delete(key)
        except (ImggenError, TimeoutError) as error:
            fields = {"job_id": str(claim.job_id), "attempt": claim.attempt, "error": _why(error)}
            _log.warning("objects not removed", extra=fields)

    async def _keys(self, claim: Claim) -> list[str]:
        """Returns the keys of what earlier attempts have kept, the newest first."""
        found = []
        async for each in self._storage.list(f"{claim.user_id}/{claim.job_id}/", _ANY_TIME):
            made = attempt_of(each.key)
            if made and made[1] < claim.attempt and content_type_of(each.key) == DRAWN:
                found.append((made[1], each.key))
        return [key for _, key in sorted(found, reverse=True)]


def _read(claim: Claim, key: str, data: bytes) -> Drawn | None:
    """Reads what was kept; None, and a line in the log, for what is damaged or too new."""
    try:
        if hashlib.sha256(data).hexdigest() != key.rpartition("/")[2].partition(".")[0]:
            raise ValueError("its bytes are not those that were kept")
        return Drawn.from_bytes(data)
    except ValueError as error:  # pydantic's, too
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        _log.warning("kept picture ignored", extra={**fields_of(claim), "error": why})
        return None


def _why(error: Exception) -> str:
    return error.message if isinstance(error, Unavailable) else type(error).__name__
