"""Records of renders in the object storage: an attempt goes on where a lost one has stopped."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from actors.engine.render import RecordPace
from actors.providers.base import NO_RECORDS, RenderRecords
from actors.worker.fields import fields_of
from actors.worker.kept import KeptPictures
from server.domain.ids import JobId
from server.domain.jobs import Claim
from server.errors import ImggenError, Unavailable
from server.storage import ObjectMissing, Storage, content_type_of, object_key
from server.storage.keys import attempt_of

_TYPE = "application/octet-stream"
_READ_WITHIN_S = 10.0
_REMOVED_WITHIN_S = 20.0
_ANY_TIME = datetime.max.replace(tzinfo=UTC)
_log = logging.getLogger(__name__)


class JobRecords:
    """Keeps the newest record of each render, and removes those of jobs that have ended.

    Each attempt writes under its own number, so that one that has lost its lease replaces nothing
    of the one after it. What it cannot remove is swept after a day.
    """

    def __init__(self, storage: Storage, pace: RecordPace) -> None:
        self.kept = KeptPictures(storage)
        """The pictures that wait to be signed."""
        self._storage = storage
        self._pace = pace
        self._attempts: dict[tuple[JobId, int], AttemptRecords] = {}

    @asynccontextmanager
    async def keeping(self, claim: Claim) -> AsyncIterator[RenderRecords]:
        """Yields the records of an attempt, which are written until the block ends."""
        if not self._pace.every:
            yield NO_RECORDS
            return
        records = AttemptRecords(claim, self._storage, self._pace)
        self._attempts[claim.job_id, claim.attempt] = records
        task = asyncio.create_task(records.run(), name=f"records {claim.job_id}")
        try:
            yield records
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def leave(self, claim: Claim) -> None:
        """Leaves the records of an attempt to the next one, once they are written."""
        records = self._attempts.pop((claim.job_id, claim.attempt), None)
        if records is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_REMOVED_WITHIN_S):
                    await records.written()

    async def remove(self, claim: Claim) -> None:
        """Removes the records of a job that has ended, of its earlier attempts, too."""
        await self.kept.remove(claim)
        records = self._attempts.pop((claim.job_id, claim.attempt), None)
        if not self._pace.every:
            return
        try:
            async with asyncio.timeout(_REMOVED_WITHIN_S):
                keys = await records.written() if records is not None else []
                if claim.attempt > 1:
                    keys = [*keys, *await _left(self._storage, claim)]
                for key in keys:
                    await self._storage.delete(key)
        except (ImggenError, TimeoutError) as error:
            fields = {"job_id": str(claim.job_id), "attempt": claim.attempt, "error": _why(error)}
            _log.warning("objects not removed", extra=fields)


class AttemptRecords:
    """The records of one attempt: the newest is written, the one before it is removed."""

    def __init__(self, claim: Claim, storage: Storage, pace: RecordPace) -> None:
        self.pace = pace
        self._claim = claim
        self._storage = storage
        self._newest = b""
        self._news = asyncio.Event()
        self._writes: dict[str, asyncio.Task[None]] = {}
        self._is_told = False

    async def left(self) -> bytes:
        """Returns the newest record that an earlier attempt has left; empty for none."""
        if self._claim.attempt == 1:
            return b""
        try:
            async with asyncio.timeout(_READ_WITHIN_S):
                for key in await _left(self._storage, self._claim):
                    with suppress(ObjectMissing):  # its attempt is still alive
                        record = await self._storage.get(key)
                        if _is_whole(key, record):
                            return record
        except Exception as error:  # whatever it is, the picture is drawn without
            fields = {**fields_of(self._claim), "error": _why(error)}
            _log.warning("record not read", extra=fields)
        return b""

    def keep(self, record: bytes) -> None:
        """Keeps a record in place of the one before, soon and without waiting."""
        self._newest = record
        self._news.set()

    def went_on(self, step: int, steps: int) -> None:
        """Logs that the render has gone on after a step of an earlier one."""
        fields = {**fields_of(self._claim), "step": step, "steps": steps}
        _log.info("render goes on", extra=fields)

    async def run(self) -> None:
        """Writes the newest record, never a backlog, until it is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._write(self._newest)

    async def written(self) -> list[str]:
        """Returns the keys of its records, once nothing writes them any more."""
        await asyncio.gather(*self._writes.values(), return_exceptions=True)
        return list(self._writes)

    async def _write(self, record: bytes) -> None:
        claim, older = self._claim, list(self._writes)
        key = object_key(claim.user_id, claim.job_id, claim.attempt, record, _TYPE)
        writing = asyncio.create_task(self._storage.put(key, record, _TYPE))
        self._writes[key] = writing
        try:
            # Its thread goes on when nobody awaits it, and would write what was removed.
            await asyncio.shield(writing)
            for one in older:
                await self._storage.delete(one)
                del self._writes[one]
        except Exception as error:  # whatever it is, the picture is drawn without
            if not self._is_told:
                fields = {**fields_of(claim), "bytes": len(record), "error": _why(error)}
                _log.warning("record not kept", extra=fields)
                self._is_told = True


async def _left(storage: Storage, claim: Claim) -> list[str]:
    """Returns the keys of the records of a job's earlier attempts, the newest first."""
    found = []
    async for each in storage.list(f"{claim.user_id}/{claim.job_id}/", _ANY_TIME):
        made = attempt_of(each.key)
        if made and made[1] < claim.attempt and content_type_of(each.key) == _TYPE:
            found.append((made[1], each.modified, each.key))
    return [key for _, _, key in sorted(found, reverse=True)]


def _is_whole(key: str, record: bytes) -> bool:
    """Returns whether a record is what its key says: the storage is not asked to tell."""
    digest = key.rpartition("/")[2].partition(".")[0]
    return hashlib.sha256(record).hexdigest() == digest


def _why(error: Exception) -> str:
    return error.message if isinstance(error, Unavailable) else type(error).__name__
