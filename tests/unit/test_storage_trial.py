"""A storage is used once before anything depends on it; what only a person mends is told apart."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.storage import StorageFull, StorageRefused, StorageSettings, StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.settings import open_usable
from server.storage.urls import UrlSigner
from tests.small_disk import fill, remount, small_disk


@pytest.fixture(name="disk")
def mounted(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8) as disk:
        yield disk


def folder_at(root: Path) -> FolderStorage:
    return FolderStorage(root, UrlSigner("secret", "http://localhost"))


def settings_of(root: Path) -> StorageSettings:
    return StorageSettings.model_validate(
        {
            "storage_url": root.as_uri(),
            "url_secret": "s" * 32,
            "public_url": "http://localhost:8080",
        }
    )


def left(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def test_a_folder_that_works_is_as_before_after_its_check(tmp_path: Path) -> None:
    async with folder_at(tmp_path) as storage:
        await storage.check()
    assert [path.name for path in tmp_path.iterdir()] == [".incoming"]
    assert left(tmp_path) == []


async def test_a_full_disk_fails_its_check_and_keeps_nothing_of_it(disk: Path) -> None:
    async with folder_at(disk) as storage:
        await storage.check()
        filler = fill(disk)
        with pytest.raises(StorageFull, match=r"could not check the folder \(write: No space left"):
            await storage.check()
        assert left(disk) == [filler]
        filler.unlink()
        await storage.check()


async def test_a_disk_without_room_for_a_picture_is_full(disk: Path) -> None:
    (disk / "others").write_bytes(bytes(5 << 20))
    async with folder_at(disk) as storage:
        with pytest.raises(StorageFull):
            await storage.check()


async def test_a_read_only_folder_is_refused(disk: Path) -> None:
    async with folder_at(disk) as storage:
        remount(disk, "ro")
        with pytest.raises(StorageRefused, match="Read-only file system") as caught:
            await storage.check()
        remount(disk, "rw")
    assert not isinstance(caught.value, StorageFull)


async def test_a_folder_without_hard_links_is_refused(tmp_path: Path, disk: Path) -> None:
    # A file cannot be linked from one file system into another.
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / ".incoming").symlink_to(disk)
    async with folder_at(tmp_path / "pictures") as storage:
        with pytest.raises(StorageRefused, match="its file system makes no hard links"):
            await storage.check()
    assert left(tmp_path) == []


async def test_a_storage_that_refuses_is_not_waited_for(disk: Path) -> None:
    fill(disk)
    with pytest.raises(StorageFull, match=f"could not use {disk.as_uri()} .*No space left"):
        async with open_usable(settings_of(disk)):
            pass


async def test_a_storage_that_is_away_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A folder whose way leads through a link to nowhere is gone, as one that is not yet mounted.
    root = tmp_path / "mounted" / "pictures"
    root.mkdir(parents=True)
    (root / ".incoming").symlink_to(tmp_path / "later")

    async def opened() -> None:
        async with open_usable(settings_of(root)) as storage:
            await storage.check()

    opening = asyncio.create_task(opened())
    async with asyncio.timeout(30):
        while "waiting for the storage" not in caplog.text:
            await asyncio.sleep(0.01)
        (tmp_path / "mounted" / "pictures" / ".incoming").unlink()
        await opening


async def test_a_failure_says_what_it_was_a_step_of() -> None:
    error = StorageRefused("write a/key", "no").during("use file:///pictures")
    assert isinstance(error, StorageRefused)
    assert error.message == (
        "storage: could not use file:///pictures (write: no); mend it, since another try gets the "
        "same answer"
    )
    assert type(StorageUnavailable("a", "b").during("c")) is StorageUnavailable
