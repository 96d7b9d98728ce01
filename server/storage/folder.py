"""A folder as the storage, on one machine or mounted by many."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BufferedReader
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import BinaryIO, Self
from uuid import uuid4

from server.storage.base import (
    CHUNK_SIZE,
    KeyTaken,
    ObjectMissing,
    StorageFull,
    StorageRefused,
    StorageUnavailable,
    StoredObject,
)
from server.storage.keys import check_key, check_prefix, check_put
from server.storage.trial import PICTURE_BYTES, use
from server.storage.urls import UrlSigner

# No key starts with a dot, so a file that is being written is never an object.
_INCOMING = ".incoming"
_LEFTOVERS_AFTER_S = 24 * 3600
_LIST_BATCH = 256
_PUBLISH_TRIES = 10
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK}
_REFUSED = {
    *(errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.ENAMETOOLONG, errno.ENOTDIR),
    *(errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS),
}
"""What another try gets again; EIO, ESTALE and the like may be the moment's."""


class FolderStorage:
    """Keeps objects as files; a file appears whole, by a hard link, or not at all."""

    def __init__(self, root: Path, signer: UrlSigner) -> None:
        self.signer = signer
        self._root = root
        self._incoming = root / _INCOMING

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def path(self, key: str) -> Path:
        """Returns where the object is or would be; raises ValueError for a bad key."""
        check_key(key)
        return self._root / key

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores the bytes durably; raises KeyTaken if others are stored there."""
        check_put(key, content_type)
        await asyncio.to_thread(self._put, key, data)

    async def get(self, key: str) -> bytes:
        """Returns the bytes; raises ObjectMissing."""
        path = self.path(key)
        with _translated("read", key, self._root):
            return await asyncio.to_thread(path.read_bytes)

    async def stream(self, key: str, chunk_size: int = CHUNK_SIZE) -> AsyncGenerator[bytes, None]:
        """Yields the bytes in chunks, to the end even if the object is deleted meanwhile."""
        path = self.path(key)
        with _translated("read", key, self._root), await _opened(path) as file:
            while chunk := await asyncio.to_thread(file.read, chunk_size):
                yield chunk

    async def delete(self, key: str) -> None:
        """Removes the object, if it exists, and the folders that this empties."""
        await asyncio.to_thread(self._delete, key)

    async def list(self, prefix: str, older_than: datetime) -> AsyncGenerator[StoredObject, None]:
        """Yields the objects under the prefix that were written before `older_than`."""
        check_prefix(prefix)
        objects = self._walk(prefix, older_than)
        with _translated("list", prefix):
            while batch := await asyncio.to_thread(_take, objects):
                for found in batch:
                    yield found

    def sign(self, key: str, expires_at: datetime) -> str:
        """Returns a URL that the gateway's HTTP endpoint answers until it expires."""
        return self.signer.sign(key, expires_at)

    def sign_cdn(self, key: str, expires_at: datetime) -> str:
        """Returns the same as `sign`: a folder has no CDN."""
        return self.signer.sign(key, expires_at)

    def lasting(self, expires_at: datetime) -> datetime:
        """Returns `expires_at`: the secret that signs has no end."""
        return expires_at

    async def check(self) -> None:
        """Returns when a file could be written, linked, read and removed again.

        Raises StorageRefused where it takes a person, StorageFull without room for a picture.
        """
        try:
            await use(self, PICTURE_BYTES)
        except StorageUnavailable as error:
            raise error.during("check the folder") from error

    def _open(self) -> None:
        with _translated("open", "the folder"):
            self._incoming.mkdir(parents=True, exist_ok=True)
            for leftover in self._incoming.iterdir():
                # Another process may be writing here, though no write takes a day.
                with suppress(FileNotFoundError):
                    if leftover.stat().st_mtime < self._now_s() - _LEFTOVERS_AFTER_S:
                        leftover.unlink()

    def _now_s(self) -> float:
        return self.signer.clock.now().timestamp()

    def _put(self, key: str, data: bytes) -> None:
        temporary = self._incoming / uuid4().hex
        with _translated("write", key):
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    # Sweeps compare it with times of the database. Some file systems refuse it.
                    with suppress(PermissionError):
                        os.utime(file.fileno(), (self._now_s(), self._now_s()))
                    os.fsync(file.fileno())
                self._publish(temporary, key, data)
            finally:
                temporary.unlink(missing_ok=True)

    def _publish(self, temporary: Path, key: str, data: bytes) -> None:
        for _ in range(_PUBLISH_TRIES):
            # A delete may remove the folder, with its last object, between the two steps.
            with suppress(FileNotFoundError):
                return self._link(temporary, key, data)
        raise StorageUnavailable(f"write {key}", "its folder was removed at each try")

    def _link(self, temporary: Path, key: str, data: bytes) -> None:
        target = self.path(key)
        self._make_folders(target.parent)
        try:
            # Unlike a rename, a link never replaces a file.
            target.hardlink_to(temporary)
        except FileExistsError:
            if target.read_bytes() != data:
                raise KeyTaken(key) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            lacks = f"its file system makes no hard links: {error.strerror}"
            raise StorageRefused(f"write {key}", lacks) from error
        _sync_folder(target.parent)

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for level in reversed(missing):
            # Not `exist_ok`, which checks again and raises after a concurrent delete.
            with suppress(FileExistsError):
                level.mkdir()
            _sync_folder(level.parent)

    def _delete(self, key: str) -> None:
        path = self.path(key)
        with _translated("delete", key):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty, or another process removed it
            for folder in path.parents:
                if folder == self._root:
                    return
                folder.rmdir()

    def _walk(self, prefix: str, older_than: datetime) -> Iterator[StoredObject]:
        for folder, folders, names in os.walk(self._root / prefix):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(folder, name)
                # Objects are files: a link that others made may lead in a circle, or out of here.
                with suppress(FileNotFoundError, PermissionError):
                    stat = path.lstat()
                    if not S_ISREG(stat.st_mode):
                        continue
                    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                    if modified < older_than:
                        key = path.relative_to(self._root).as_posix()
                        yield StoredObject(key, stat.st_size, modified)


async def _opened(path: Path) -> BinaryIO:
    opening = asyncio.ensure_future(asyncio.to_thread(path.open, "rb"))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread goes on, and nothing else would close the file.
        opening.add_done_callback(_close)
        raise


def _close(opening: "asyncio.Task[BufferedReader]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _take(objects: Iterator[StoredObject]) -> tuple[StoredObject, ...]:
    return tuple(islice(objects, _LIST_BATCH))


def _sync_folder(folder: Path) -> None:
    """Flushes a folder, so that a new name in it survives a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated(action: str, what: str, root: Path | None = None) -> Iterator[None]:
    """Raises errors of the operating system as the storage's.

    With a `root`, a missing file is a missing object, unless the folder as a whole is away: every
    opened folder has one for incoming files.
    """
    try:
        yield
    except FileNotFoundError as error:
        if root is not None and (root / _INCOMING).is_dir():
            raise ObjectMissing(what) from error
        raise StorageUnavailable(f"{action} {what}", "the folder is gone") from error
    except OSError as error:
        kind = _kind(error)
        raise kind(f"{action} {what}", error.strerror or "I/O error") from error


def _kind(error: OSError) -> type[StorageUnavailable]:
    if error.errno in _FULL:
        return StorageFull
    return StorageRefused if error.errno in _REFUSED else StorageUnavailable
