"""A folder holds only whole files, however the writer ends."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.storage import ObjectMissing, StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner

KEY = "user/job/1/a.png"
LATER = datetime.now(UTC) + timedelta(days=365)

# Files of this process may grow to 64 KiB; at the next byte the kernel kills it or refuses.
WRITE_TOO_MUCH = """
import asyncio, pathlib, resource, signal, sys
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
signal.signal(signal.SIGXFSZ, getattr(signal, sys.argv[2]))
async def main():
    async with FolderStorage(pathlib.Path(sys.argv[1]), UrlSigner("x", "")) as storage:
        await storage.put("user/job/1/a.png", bytes(1_000_000), "image/png")
asyncio.run(main())
"""


def write_too_much(root: Path, on_limit: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WRITE_TOO_MUCH, str(root), on_limit]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(name="storage")
async def open_folder(tmp_path: Path) -> AsyncIterator[FolderStorage]:
    async with FolderStorage(tmp_path, UrlSigner("secret", "http://localhost")) as storage:
        yield storage


async def keys(storage: FolderStorage) -> list[str]:
    return [found.key async for found in storage.list("", LATER)]


async def test_a_writer_killed_halfway_leaves_no_object(
    storage: FolderStorage, tmp_path: Path
) -> None:
    died = write_too_much(tmp_path, "SIG_DFL")
    assert died.returncode == -signal.SIGXFSZ
    half = [path.stat().st_size for path in (tmp_path / ".incoming").iterdir()]
    assert half == [65536]
    assert await keys(storage) == []
    with pytest.raises(ObjectMissing):
        await storage.get(KEY)
    await storage.put(KEY, b"whole", "image/png")
    assert await storage.get(KEY) == b"whole"


async def test_a_full_disk_is_an_error_that_leaves_nothing(
    storage: FolderStorage, tmp_path: Path
) -> None:
    refused = write_too_much(tmp_path, "SIG_IGN")
    assert "StorageRefused: storage: could not write a picture" in refused.stderr
    assert list((tmp_path / ".incoming").iterdir()) == []
    assert await keys(storage) == []


async def test_files_of_a_killed_writer_are_removed_after_a_day(tmp_path: Path) -> None:
    incoming = tmp_path / ".incoming"
    incoming.mkdir()
    yesterday = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    (incoming / "new").touch()
    (incoming / "old").touch()
    os.utime(incoming / "old", (yesterday, yesterday))
    async with FolderStorage(tmp_path, UrlSigner("secret", "")):
        assert [path.name for path in incoming.iterdir()] == ["new"]


async def test_the_last_object_takes_its_folders_with_it(
    storage: FolderStorage, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        await storage.put(f"user/job/{name}.png", b"", "image/png")
    await storage.delete("user/job/a.png")
    assert await keys(storage) == ["user/job/b.png"]
    await storage.delete("user/job/b.png")
    assert not await asyncio.to_thread((tmp_path / "user").exists)


async def test_an_object_deleted_while_it_is_read_is_read_to_its_end(
    storage: FolderStorage,
) -> None:
    await storage.put(KEY, b"0123456789", "image/png")
    chunks = storage.stream(KEY, chunk_size=4)
    read = await anext(chunks)
    await storage.delete(KEY)
    assert read + b"".join([chunk async for chunk in chunks]) == b"0123456789"


async def test_a_missing_folder_is_unavailable(storage: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / ".incoming").rmdir()
    with pytest.raises(StorageUnavailable, match="could not check the folder"):
        await storage.check()
    with pytest.raises(StorageUnavailable, match="could not write"):
        await storage.put(KEY, b"", "image/png")


async def test_a_file_in_the_folders_place_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable, match="could not open the folder"):
        async with FolderStorage(tmp_path / "file", UrlSigner("secret", "")):
            pass


async def test_a_stream_that_is_cancelled_while_it_opens_leaves_no_file_open(
    storage: FolderStorage,
) -> None:
    await storage.put(KEY, b"pixels", "image/png")
    for _ in range(100):
        chunks = storage.stream(KEY)
        reading = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        await chunks.aclose()
    # A thread that still opens a file needs the running loop to close it.
    if opening := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(opening)
    await asyncio.sleep(0)
    # A file closed by the garbage collector warns, which fails the test.
    gc.collect()
