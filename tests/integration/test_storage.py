"""One suite for all storages: a folder with its HTTP endpoint, and Swift as S3."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import boto3
import pytest
from yarl import URL

from server.edge.http import serve_http
from server.edge.media import media_app
from server.storage import KeyTaken, ObjectMissing, Storage, StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.s3 import S3Storage
from server.storage.s3_client import Bucket
from server.storage.urls import UrlSigner
from tests.integration.swift import Swift

KEY = "user/job/1/a.png"
PICTURE = bytes(range(256)) * 4096
SECRET = "a secret of more than thirty-two characters"
DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class OpenedStorage:
    """A storage under test, with the signer of its URLs."""

    storage: Storage
    signed_by: tuple[str, ...]


@pytest.fixture(name="opened", params=["folder", "s3"])
async def open_each(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenedStorage]:
    if request.param == "folder":
        async with open_folder(tmp_path) as folder:
            yield OpenedStorage(folder, ("expires", "signature"))
    else:
        async with open_bucket(request.getfixturevalue("swift")) as bucket:
            yield OpenedStorage(bucket, ("X-Amz-Expires", "X-Amz-Signature"))


@pytest.fixture(name="storage")
def of_opened(opened: OpenedStorage) -> Storage:
    return opened.storage


@pytest.fixture(name="http")
async def open_http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def _always(_key: str) -> bool:
    return True


@asynccontextmanager
async def open_folder(root: Path) -> AsyncIterator[FolderStorage]:
    # The address is known once the port is; the same secret serves and signs.
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(FolderStorage(root, UrlSigner(SECRET, "")))
        port = await stack.enter_async_context(
            serve_http(media_app(served, _always), "127.0.0.1", 0)
        )
        signer = UrlSigner(SECRET, f"http://127.0.0.1:{port}")
        yield await stack.enter_async_context(FolderStorage(root, signer))


@asynccontextmanager
async def open_bucket(swift: Swift, folder: str = "live/") -> AsyncIterator[S3Storage]:
    name = f"test-{uuid4()}"
    client = swift.session.client("s3", endpoint_url=swift.endpoint_url)
    client.create_bucket(Bucket=name)
    client.close()
    async with S3Storage(swift.session, Bucket(name, folder, swift.endpoint_url)) as storage:
        yield storage


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


async def keys(storage: Storage, prefix: str = "", older_than: datetime | None = None) -> set[str]:
    return {found.key async for found in storage.list(prefix, older_than or soon())}


async def test_an_object_is_read_as_it_was_put(storage: Storage) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    await storage.put("user/job/1/empty.jpg", b"", "image/jpeg")
    assert await storage.get(KEY) == PICTURE
    assert await storage.get("user/job/1/empty.jpg") == b""


async def test_a_stream_is_the_object_in_chunks(storage: Storage) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    chunks = [chunk async for chunk in storage.stream(KEY, chunk_size=300_000)]
    assert b"".join(chunks) == PICTURE
    assert len(chunks) == 4
    assert max(map(len, chunks)) == 300_000


async def test_a_stream_that_is_abandoned_does_no_harm(storage: Storage) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    for _ in range(40):
        chunks = storage.stream(KEY, chunk_size=1000)
        assert await anext(chunks) == PICTURE[:1000]
        await chunks.aclose()
    assert await storage.get(KEY) == PICTURE


async def test_a_key_without_an_object_is_missing(storage: Storage) -> None:
    with pytest.raises(ObjectMissing, match="its bytes are gone"):
        await storage.get(KEY)
    with pytest.raises(ObjectMissing, match="its bytes are gone"):
        await anext(storage.stream(KEY))


async def test_a_key_is_written_once(storage: Storage) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    await storage.put(KEY, PICTURE, "image/png")
    with pytest.raises(KeyTaken, match="a key is written once"):
        await storage.put(KEY, b"other", "image/png")
    assert await storage.get(KEY) == PICTURE


async def test_writers_of_the_same_bytes_all_succeed(storage: Storage) -> None:
    await asyncio.gather(*(storage.put(KEY, PICTURE, "image/png") for _ in range(8)))
    assert await storage.get(KEY) == PICTURE
    assert await keys(storage) == {KEY}


async def test_one_of_several_writers_of_different_bytes_is_kept_whole(
    opened: OpenedStorage,
) -> None:
    pictures = [bytes([number]) * 500_000 for number in range(8)]
    outcomes = await asyncio.gather(
        *(opened.storage.put(KEY, picture, "image/png") for picture in pictures),
        return_exceptions=True,
    )
    winners = [picture for picture, error in zip(pictures, outcomes, strict=True) if not error]
    assert {type(outcome) for outcome in outcomes} <= {type(None), KeyTaken}
    assert await opened.storage.get(KEY) in winners
    # Swift checks before it writes, so two writers may both get a success.
    if isinstance(opened.storage, FolderStorage):
        assert len(winners) == 1


async def test_deleting_twice_is_no_error(storage: Storage) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    await storage.delete(KEY)
    await storage.delete(KEY)
    assert await keys(storage) == set()
    with pytest.raises(ObjectMissing):
        await storage.get(KEY)


async def test_writes_and_deletes_in_one_folder_do_not_conflict(storage: Storage) -> None:
    # Writers of one folder, whose last object is deleted again and again. Without a retry
    # about one write in fifty would fail.
    rounds = 100 if isinstance(storage, FolderStorage) else 3

    async def write_and_delete(number: int) -> None:
        for _ in range(rounds):
            key = f"user/job/1/{number}.png"
            await storage.put(key, b"picture", "image/png")
            await storage.delete(key)

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(write_and_delete(number))
    assert await keys(storage) == set()


async def test_a_listing_has_the_objects_under_its_prefix(storage: Storage) -> None:
    for key in ("one/job/a.png", "one/other/b.png", "onemore/c.png"):
        await storage.put(key, b"12345", "image/png")
    assert await keys(storage) == {"one/job/a.png", "one/other/b.png", "onemore/c.png"}
    assert await keys(storage, "one/") == {"one/job/a.png", "one/other/b.png"}
    assert await keys(storage, "two/") == set()


async def test_a_listing_has_the_older_objects(storage: Storage) -> None:
    await storage.put(KEY, b"12345", "image/png")
    [found] = [found async for found in storage.list("", soon())]
    assert (found.key, found.size) == (KEY, 5)
    assert abs(found.modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert await keys(storage, older_than=found.modified) == set()
    assert await keys(storage, older_than=found.modified + timedelta(milliseconds=1)) == {KEY}


async def test_a_listing_goes_beyond_a_page(storage: Storage) -> None:
    # Swift's pages are 100 keys here, the folder's batches 256.
    expected = {f"user/job/{number}.png" for number in range(260)}
    await asyncio.gather(*(storage.put(key, b"", "image/png") for key in expected))
    assert await keys(storage) == expected


@pytest.mark.parametrize("key", ["../a.png", "/a.png", "user//a.png", "user/a"])
async def test_an_unsafe_key_reaches_no_storage(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        await storage.put(key, b"", "image/png")
    with pytest.raises(ValueError, match="is not a key"):
        await storage.get(key)
    with pytest.raises(ValueError, match="is not a key"):
        await anext(storage.stream(key))
    with pytest.raises(ValueError, match="is not a key"):
        await storage.delete(key)
    with pytest.raises(ValueError, match="is not a key"):
        storage.sign(key, soon())
    with pytest.raises(ValueError, match="is not a key"):
        storage.sign_cdn(key, soon())


async def test_a_content_type_that_differs_from_the_key_is_refused(storage: Storage) -> None:
    with pytest.raises(ValueError, match="does not fit the key"):
        await storage.put(KEY, b"", "text/html")


async def test_a_working_storage_passes_its_check(storage: Storage) -> None:
    await storage.check()


async def test_an_address_reads_the_object_without_a_token(
    storage: Storage, http: aiohttp.ClientSession
) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    for url in (storage.sign(KEY, soon()), storage.sign_cdn(KEY, soon())):
        async with http.get(URL(url, encoded=True)) as answer:
            assert answer.status == 200
            assert answer.content_type == "image/png"
            assert await answer.read() == PICTURE


async def test_an_address_reads_a_part(storage: Storage, http: aiohttp.ClientSession) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    part = {"Range": "bytes=1000-1999"}
    async with http.get(URL(storage.sign(KEY, soon()), encoded=True), headers=part) as answer:
        assert answer.status == 206
        assert await answer.read() == PICTURE[1000:2000]


async def test_a_signed_address_without_an_object_is_not_found(
    storage: Storage, http: aiohttp.ClientSession
) -> None:
    async with http.get(URL(storage.sign(KEY, soon()), encoded=True)) as answer:
        assert answer.status == 404


async def test_a_tampered_address_is_forbidden(
    opened: OpenedStorage, http: aiohttp.ClientSession
) -> None:
    await opened.storage.put(KEY, PICTURE, "image/png")
    await opened.storage.put("user/job/1/b.png", b"another's", "image/png")
    url = URL(opened.storage.sign(KEY, soon()), encoded=True)
    tampered = [URL(str(url).replace("a.png", "b.png"), encoded=True)]
    for name in opened.signed_by:
        value = url.query[name]
        tampered.append(url.update_query({name: f"{value[:-1]}{(int(value[-1], 36) + 1) % 10}"}))
    for changed in tampered:
        assert changed != url
        async with http.get(changed) as answer:
            assert answer.status == 403, changed


async def test_an_address_is_forbidden_once_it_expired(
    storage: Storage, http: aiohttp.ClientSession
) -> None:
    await storage.put(KEY, PICTURE, "image/png")
    expires_at = datetime.now(UTC) + timedelta(seconds=2)
    url = URL(storage.sign(KEY, expires_at), encoded=True)
    statuses = [await status(http, url)]
    deadline = time.monotonic() + DEADLINE_S
    while statuses[-1] == 200 and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        statuses.append(await status(http, url))
    assert (statuses[0], statuses[-1]) == (200, 403)
    assert datetime.now(UTC) > expires_at - timedelta(seconds=1)


async def status(http: aiohttp.ClientSession, url: URL) -> int:
    async with http.get(url) as answer:
        await answer.read()
        return answer.status


async def test_a_bucket_without_a_folder_works_too(swift: Swift) -> None:
    async with open_bucket(swift, folder="") as storage:
        await storage.put(KEY, PICTURE, "image/png")
        assert await storage.get(KEY) == PICTURE
        assert await keys(storage, "user/") == {KEY}


async def test_a_missing_or_foreign_bucket_is_unavailable(swift: Swift) -> None:
    async with S3Storage(swift.session, Bucket("none", "", swift.endpoint_url)) as storage:
        with pytest.raises(StorageUnavailable, match=r"check the bucket \(404: there is no"):
            await storage.check()
        with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
            await storage.get(KEY)
    stranger = boto3.Session(swift.access_key, "wrong", region_name="us-east-1")
    async with S3Storage(stranger, Bucket("none", "", swift.endpoint_url)) as storage:
        with pytest.raises(StorageUnavailable, match="SignatureDoesNotMatch"):
            await storage.get(KEY)
