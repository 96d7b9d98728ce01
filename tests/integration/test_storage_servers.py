"""S3 servers that know or allow less than AWS, and addresses that are not the server's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest

from server.storage import KeyTaken, StorageRefused
from server.storage.s3 import S3Storage
from server.storage.s3_client import Bucket, Manner
from tests.integration.strict_s3 import (
    StrictS3,
    of_a_mebibyte,
    strict_s3,
    with_checksums,
    with_conditions,
    with_either,
)
from tests.integration.swift import Swift
from tests.integration.test_storage_start import closed_port

KEY = "user/job/1/a.png"
LACKS = "the storage's server lacks a part of S3"


@pytest.fixture(name="strict")
async def run_strict(swift: Swift) -> AsyncIterator[StrictS3]:
    async with strict_s3(swift.endpoint_url) as strict:
        yield strict


@asynccontextmanager
async def bucket_behind(
    strict: StrictS3, swift: Swift, session: boto3.Session | None = None, **changes: Any
) -> AsyncIterator[S3Storage]:
    """Opens a new bucket of Swift, through the proxy."""
    name = f"strict-{uuid4()}"
    client = swift.session.client("s3", endpoint_url=swift.endpoint_url)
    await asyncio.to_thread(client.create_bucket, Bucket=name)
    client.close()
    bucket = Bucket(name, "live/", **{"endpoint_url": strict.url, **changes})
    async with S3Storage(session or swift.session, bucket) as storage:
        yield storage


@pytest.mark.parametrize(
    ("refuses", "off"),
    [
        (with_checksums, "IMGGEN_STORAGE_CHECKSUMS"),
        (with_conditions, "IMGGEN_STORAGE_IF_NONE_MATCH"),
        (with_either, "IMGGEN_STORAGE_CHECKSUMS, IMGGEN_STORAGE_IF_NONE_MATCH"),
    ],
)
async def test_what_a_server_does_not_know_is_left_out_and_said_once(
    strict: StrictS3, swift: Swift, caplog: pytest.LogCaptureFixture, refuses: Any, off: str
) -> None:
    strict.refuses = refuses
    async with bucket_behind(strict, swift) as storage:
        await storage.check()
        await storage.check()
        await storage.put(KEY, b"picture", "image/png")
        await storage.put(KEY, b"picture", "image/png")
        with pytest.raises(KeyTaken):
            await storage.put(KEY, b"other", "image/png")
        assert await storage.get(KEY) == b"picture"
    [said] = [record for record in caplog.records if record.message == LACKS]
    assert vars(said)["off"] == off


async def test_a_limit_below_the_size_of_a_picture_is_found_by_the_trial(
    strict: StrictS3, swift: Swift
) -> None:
    strict.refuses = of_a_mebibyte
    async with bucket_behind(strict, swift) as storage:
        with pytest.raises(StorageRefused, match=r"takes no object of this size; raise its limit"):
            await storage.check()


async def test_a_server_that_ignores_the_condition_is_asked_for_the_key_first(
    strict: StrictS3, swift: Swift, caplog: pytest.LogCaptureFixture
) -> None:
    strict.drops = frozenset({"if-none-match"})
    async with bucket_behind(strict, swift) as storage:
        await storage.check()
        await storage.put(KEY, b"picture", "image/png")
        with pytest.raises(KeyTaken):
            await storage.put(KEY, b"other", "image/png")
        assert await storage.get(KEY) == b"picture"
    [said] = [record for record in caplog.records if record.message == LACKS]
    assert vars(said)["off"] == "IMGGEN_STORAGE_IF_NONE_MATCH"


async def test_what_is_switched_off_is_never_sent(
    strict: StrictS3, swift: Swift, caplog: pytest.LogCaptureFixture
) -> None:
    refused = []

    def refuses(request: Any) -> tuple[int, str] | None:
        refusal = with_either(request)
        refused.append(refusal)
        return refusal

    strict.refuses = refuses
    manner = Manner(checksums=False, conditions=False)
    async with bucket_behind(strict, swift, manner=manner) as storage:
        await storage.check()
    assert set(refused) == {None}
    assert LACKS not in caplog.text


async def test_a_server_that_refuses_all_writes_is_refused_for_what_it_said_first(
    strict: StrictS3, swift: Swift
) -> None:
    strict.refuses = lambda request: (403, "AccessDenied") if request.method == "PUT" else None
    async with bucket_behind(strict, swift) as storage:
        with pytest.raises(StorageRefused, match=r"write: AccessDenied: .*lack s3:PutObject"):
            await storage.check()
        assert strict.asked.count("PUT") == 4
        strict.refuses = lambda _: None
        await storage.check()


async def test_a_policy_that_refuses_deletes_is_found_at_the_start(
    strict: StrictS3, swift: Swift
) -> None:
    strict.refuses = lambda request: (403, "AccessDenied") if request.method == "DELETE" else None
    async with bucket_behind(strict, swift) as storage:
        with pytest.raises(StorageRefused, match=r"delete: AccessDenied: .*lack s3:DeleteObject"):
            await storage.check()


async def test_a_bucket_in_another_region_is_refused_with_its_region(
    strict: StrictS3, swift: Swift
) -> None:
    strict.tells = {"x-amz-bucket-region": "eu-south-1"}
    async with bucket_behind(strict, swift) as storage:
        with pytest.raises(StorageRefused, match="is in eu-south-1, not in us-east-1; correct"):
            await storage.check()


async def test_a_refused_question_tells_the_region_all_the_same(
    strict: StrictS3, swift: Swift
) -> None:
    strict.refuses = lambda request: (403, "") if request.method == "HEAD" else None
    async with bucket_behind(strict, swift) as storage:
        await storage.check()


async def test_urls_have_the_public_address_and_work_there(strict: StrictS3, swift: Swift) -> None:
    internal: dict[str, Any] = {
        "endpoint_url": swift.endpoint_url,
        "public_endpoint_url": strict.url,
    }
    async with bucket_behind(strict, swift, **internal) as storage:
        await storage.check()
        url = storage.sign(KEY, datetime.now(UTC) + timedelta(minutes=5))
    assert f"http://{urlsplit(url).netloc}" == strict.url
    assert strict.asked == ["GET"]


async def test_a_public_address_that_refuses_is_found_at_the_start(
    strict: StrictS3, swift: Swift
) -> None:
    internal: dict[str, Any] = {
        "endpoint_url": swift.endpoint_url,
        "public_endpoint_url": strict.url,
    }
    strict.refuses = lambda _: (403, "SignatureDoesNotMatch")
    async with bucket_behind(strict, swift, **internal) as storage:
        with pytest.raises(StorageRefused, match="read: HTTP 403 SignatureDoesNotMatch"):
            await storage.check()


async def test_a_public_address_that_only_callers_reach_is_a_warning(
    strict: StrictS3, swift: Swift, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = f"http://127.0.0.1:{await closed_port()}"
    internal: dict[str, Any] = {"endpoint_url": swift.endpoint_url, "public_endpoint_url": nowhere}
    async with bucket_behind(strict, swift, **internal) as storage:
        await storage.check()
    assert [record.message for record in caplog.records] == ["public endpoint not reached"]


async def test_a_wrong_secret_is_refused_in_words(strict: StrictS3, swift: Swift) -> None:
    stranger = boto3.Session(swift.access_key, "wrong", region_name="us-east-1")
    async with bucket_behind(strict, swift, stranger) as storage:
        with pytest.raises(StorageRefused, match="the secret is not that of the key id; correct"):
            await storage.check()
