"""The HTTP endpoint: only signed URLs, until they expire."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from imggen.v1.errors_pb2 import ErrorReason
from server.edge.http import serve_http
from server.edge.media import media_app
from server.errors import Unavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner

KEY = "user/job/1/a.png"
DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def always(_key: str) -> bool:
    return True


class Shown:
    """Says of a key whether an image that is not deleted has it; `away` is a database that is."""

    def __init__(self) -> None:
        self.deleted: set[str] = set()
        self.away = False

    async def __call__(self, key: str) -> bool:
        if self.away:
            raise Unavailable("the database is away", ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE)
        return key not in self.deleted


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A served folder, with a signer of its URLs and a session to call it."""

    storage: FolderStorage
    base: str
    http: aiohttp.ClientSession
    shown: Shown

    async def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        url = URL(self.base + path, encoded=True)
        async with self.http.request(method, url, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    def sign(self, key: str) -> str:
        return self.storage.sign(key, datetime.now(UTC) + timedelta(minutes=5))


@pytest.fixture(name="endpoint")
async def serve_folder(tmp_path: Path) -> AsyncIterator[Endpoint]:
    shown = Shown()
    async with (
        FolderStorage(tmp_path, UrlSigner("secret", "")) as storage,
        serve_http(media_app(storage, shown), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as http,
    ):
        await storage.put(KEY, b"0123456789", "image/png")
        yield Endpoint(storage, f"http://127.0.0.1:{port}", http, shown)


async def test_an_object_has_its_type_and_cache_headers(endpoint: Endpoint) -> None:
    answer = await endpoint.get(endpoint.sign(KEY))
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # Kept by the caller's browser only, which asks each time: the image may be deleted meanwhile.
    assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_head_answers_without_the_bytes(endpoint: Endpoint) -> None:
    answer = await endpoint.get(endpoint.sign(KEY), method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == "10"


async def test_an_object_that_the_caller_has_cached_is_not_sent_again(endpoint: Endpoint) -> None:
    first = await endpoint.get(endpoint.sign(KEY))
    again = await endpoint.get(endpoint.sign(KEY), **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_a_part_beyond_the_end_is_refused(endpoint: Endpoint) -> None:
    answer = await endpoint.get(endpoint.sign(KEY), Range="bytes=10-")
    assert answer.status == 416


@pytest.mark.parametrize(
    "path",
    [
        f"/media/{KEY}",
        f"/media/{KEY}?expires=&signature=",
        f"/media/{KEY}?expires=4102444800&signature=made-up",
        "/media/",
        "/media/%2e%2e/%2e%2e/etc/passwd",
        "/media/.incoming/a.png",
        "/media/%00.png",
        "/media/%ff.png?expires=%ff&signature=%ff",
    ],
)
async def test_an_unsigned_url_is_forbidden_whatever_it_names(
    endpoint: Endpoint, path: str
) -> None:
    answer = await endpoint.get(path)
    assert (answer.status, answer.body) == (
        403,
        b"signature: this address was not signed by this server; "
        b"get the image again for a fresh address\n",
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", f"/{KEY}", f"/media/../{KEY}", "/media/../../etc/passwd"])
async def test_other_paths_are_not_found(endpoint: Endpoint, path: str) -> None:
    answer = await endpoint.get(path)
    assert answer.status in {403, 404}


async def test_an_expired_url_is_distinguished_from_a_forged_one(endpoint: Endpoint) -> None:
    signed = endpoint.storage.sign(KEY, datetime.now(UTC) + timedelta(seconds=1))
    deadline = time.monotonic() + DEADLINE_S
    answer = await endpoint.get(signed)
    while answer.status == 200 and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        answer = await endpoint.get(signed)
    assert answer.status == 403
    assert answer.body.startswith(b"expires: this address expired at 20")


async def test_a_deleted_object_is_not_found_and_not_cached(endpoint: Endpoint) -> None:
    await endpoint.storage.delete(KEY)
    answer = await endpoint.get(endpoint.sign(KEY))
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")
    assert answer.body == b"image: it was deleted; generate it again\n"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_address_of_a_deleted_image_ends_before_its_bytes_are_swept(
    endpoint: Endpoint, method: str
) -> None:
    signed = endpoint.sign(KEY)
    first = await endpoint.get(signed, method=method)
    endpoint.shown.deleted.add(KEY)
    kept = {"If-None-Match": first.headers["ETag"]}
    for headers in ({}, kept, {"Range": "bytes=0-3"}):
        answer = await endpoint.get(signed, method=method, **headers)
        assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")
    assert await endpoint.storage.get(KEY) == b"0123456789"


async def test_nothing_is_shown_while_nobody_knows_whether_it_was_deleted(
    endpoint: Endpoint,
) -> None:
    endpoint.shown.away = True
    answer = await endpoint.get(endpoint.sign(KEY))
    assert (answer.status, answer.headers["Cache-Control"]) == (503, "no-store")
    endpoint.shown.away = False
    assert (await endpoint.get(endpoint.sign(KEY))).status == 200


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_nothing_is_written_through_it(endpoint: Endpoint, method: str) -> None:
    answer = await endpoint.get(endpoint.sign(KEY), method=method)
    assert answer.status == 405
    assert await endpoint.storage.get(KEY) == b"0123456789"


async def test_its_port_is_free_after_its_end(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path, UrlSigner("secret", ""))
    async with serve_http(media_app(storage, always), "127.0.0.1", 0) as port:
        pass
    async with serve_http(media_app(storage, always), "127.0.0.1", port) as again:
        assert again == port
