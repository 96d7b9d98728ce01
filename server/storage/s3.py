"""S3, or a server that speaks its protocol, as the storage."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

import boto3
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.response import StreamingBody

from server.clock import SYSTEM_CLOCK, Clock
from server.storage.base import (
    CHUNK_SIZE,
    KeyTaken,
    ObjectMissing,
    StorageRefused,
    StorageUnavailable,
    StoredObject,
)
from server.storage.cloudfront import CloudFront
from server.storage.keys import check_key, check_prefix, check_put
from server.storage.s3_client import THREADS, Bucket, Clients, Manner, without_conditions
from server.storage.s3_errors import Exists, lasts, status_of, translated
from server.storage.s3_signing import Signing, fetch
from server.storage.trial import PICTURE_BYTES, use
from server.storage.urls import seconds_until

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

_P = ParamSpec("_P")
_T = TypeVar("_T")
_TRIAL_URL = timedelta(minutes=5)
_REFRESH_S = 30.0
_NO_MANNER = {301, 404, 412, 413}
"""The answers that no other manner of writing changes: by bucket, region, object, or its size."""
_KEPT = "max-age=2592000, immutable"
"""For 30 days in browsers and the CDN: a key never gets other bytes, and URLs end much sooner."""
_NOT_THERE = {403, 404}  # without s3:ListBucket, what is missing is forbidden
_log = logging.getLogger(__name__)


class S3Storage:
    """Keeps objects in a bucket, with boto3's blocking client in a bounded pool of threads."""

    def __init__(
        self,
        session: boto3.Session | Callable[[], boto3.Session],
        bucket: Bucket,
        cdn: CloudFront | None = None,
        *,
        refresh_s: float = _REFRESH_S,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Takes a session, or what makes one, since a session may refuse its profile.

        `refresh_s` is how often temporary credentials are looked at; requests and URLs are
        signed at the time of the clock.
        """
        self._session = session
        self._bucket = bucket
        self._cdn = cdn
        self._clock = clock
        self._refresh_s = refresh_s
        self._refreshing: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")

    async def __aenter__(self) -> Self:
        try:
            await self._run(self._open)
        except BaseException:
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise
        if self._signing.refreshes:
            self._refreshing = asyncio.create_task(self._refresh(), name="s3 credentials")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await self._refreshing
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        self._clients.close()

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores the bytes; raises KeyTaken if others are stored there."""
        check_put(key, content_type)
        await self._run(self._put, key, data, content_type)

    async def get(self, key: str) -> bytes:
        """Returns the bytes; raises ObjectMissing."""
        check_key(key)
        return await self._run(self._get, key)

    async def stream(self, key: str, chunk_size: int = CHUNK_SIZE) -> AsyncGenerator[bytes, None]:
        """Yields the bytes in chunks as they arrive; raises ObjectMissing."""
        check_key(key)
        with closing(await self._run(self._body, key)) as body:
            while chunk := await self._run(self._read, key, body, chunk_size):
                yield chunk

    async def delete(self, key: str) -> None:
        """Removes the object, if it exists."""
        check_key(key)
        await self._run(self._delete, key)

    async def list(self, prefix: str, older_than: datetime) -> AsyncGenerator[StoredObject, None]:
        """Yields the objects under the prefix that were written before `older_than`."""
        check_prefix(prefix)
        paginator = self._clients.client().get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self._bucket.name, Prefix=self._key(prefix)))
        while page := await self._run(self._next_page, prefix, pages):
            for entry in page.get("Contents", ()):
                if entry["LastModified"] < older_than:
                    key = entry["Key"].removeprefix(self._bucket.folder)
                    yield StoredObject(key, entry["Size"], entry["LastModified"])

    def sign(self, key: str, expires_at: datetime) -> str:
        """Returns a URL presigned with Signature Version 4, valid for 7 days at most.

        With temporary credentials it expires with them at the latest.
        """
        check_key(key)
        return self._signing.sign(key, expires_at)

    def sign_cdn(self, key: str, expires_at: datetime) -> str:
        """Returns a URL through CloudFront, or as `sign` does if there is none."""
        if self._cdn is None:
            return self.sign(key, expires_at)
        check_key(key)
        seconds_until(expires_at, self._clock.now())
        return self._cdn.sign(self._key(key), expires_at)

    def lasting(self, expires_at: datetime) -> datetime:
        """Returns `expires_at`, or the end of the credentials, which no URL outlives.

        Raises StorageUnavailable when they have ended.
        """
        return self._signing.lasting(expires_at)

    async def check(self) -> None:
        """Returns when the bucket can be used, and URLs of its region read it.

        Learns what the server lacks. Raises StorageRefused where it takes a person.
        """
        await self._run(self._find)
        try:
            if not await use(self, PICTURE_BYTES, self._fetch_as_callers):
                self._clients.settle(without_conditions(self._clients.manner))
        except StorageUnavailable as error:
            raise error.during("use the bucket") from error

    async def _fetch_as_callers(self, key: str) -> None:
        soon = self._clock.now() + _TRIAL_URL
        try:
            await self._run(fetch, self.sign(key, soon), "a signed URL")
        except StorageRefused:
            raise
        except StorageUnavailable as error:
            if not self._bucket.public_endpoint_url:
                raise
            # Where callers are, it may be there all the same.
            _log.warning("public endpoint not reached", extra={"error": error.message})
        if self._cdn is not None:
            try:
                await self._run(fetch, self.sign_cdn(key, soon), "a URL of the CDN")
            except StorageUnavailable as error:
                _log.error("the CDN does not serve the bucket", extra={"error": error.message})

    async def _run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: call(*args, **kwargs))

    async def _refresh(self) -> None:
        """Keeps the credentials that sign URLs fresh, so that no call waits for new ones."""
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await self._run(self._signing.freeze)
            except StorageUnavailable as error:
                _log.warning("credentials not refreshed", extra={"error": error.message})
            except Exception:
                # What gives credentials is a program of others, and may fail in any way.
                _log.exception("credentials not refreshed")

    def _open(self) -> None:
        """Makes the client, in a thread since credentials may come from the network."""
        with translated("open", "the bucket"):
            session = self._session
            if not isinstance(session, boto3.Session):
                session = session()
            self._clients = Clients(session, self._bucket, self._clock)
            credentials = session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            self._credentials = credentials
            self._address()

    def _address(self) -> None:
        clients = self._clients
        self._signing = Signing(self._credentials, clients.region, clients.base_url(), self._clock)

    def _find(self) -> None:
        if self._clients.ask_region():
            self._address()

    def _key(self, key: str) -> str:
        return self._bucket.folder + key

    def _put(self, key: str, data: bytes, content_type: str) -> None:
        try:
            with translated("write", key):
                self._write(key, data, content_type)
        except Exists:
            try:
                same = self._get(key) == data
            except ObjectMissing as error:  # removed meanwhile, or not to be read yet
                raise StorageUnavailable(f"write {key}", "it was there, and is gone") from error
            if not same:
                raise KeyTaken(key) from None

    def _write(self, key: str, data: bytes, content_type: str) -> None:
        """Writes in the manner of the server; until one write has succeeded, in others too."""
        clients = self._clients
        try:
            self._send(clients.manner, key, data, content_type)
        except ClientError as error:
            if clients.settled or not lasts(error) or status_of(error) in _NO_MANNER:
                raise
            for manner in clients.manner.weaker():
                with suppress(ClientError):
                    self._send(manner, key, data, content_type)
                    clients.settle(manner)
                    return
            raise
        clients.settle(clients.manner)

    def _send(self, manner: Manner, key: str, data: bytes, content_type: str) -> None:
        client, bucket, name = self._clients.sending(manner), self._bucket.name, self._key(key)
        put = partial(
            client.put_object,
            Bucket=bucket,
            Key=name,
            Body=data,
            ContentType=content_type,
            CacheControl=_KEPT,
        )
        if manner.conditions:
            put(IfNoneMatch="*")
            return
        # Keys are made of their bytes: two writers of one key write the same.
        try:
            client.head_object(Bucket=bucket, Key=name)
        except ClientError as error:
            if status_of(error) not in _NOT_THERE:
                raise
            put()
        else:
            raise Exists

    def _get(self, key: str) -> bytes:
        with translated("read", key), closing(self._body(key)) as body:
            return body.read()

    def _body(self, key: str) -> StreamingBody:
        with translated("read", key):
            answer = self._clients.client().get_object(Bucket=self._bucket.name, Key=self._key(key))
            return answer["Body"]

    def _read(self, key: str, body: StreamingBody, size: int) -> bytes:
        with translated("read", key):
            return body.read(size)

    def _delete(self, key: str) -> None:
        with translated("delete", key):
            self._clients.client().delete_object(Bucket=self._bucket.name, Key=self._key(key))

    def _next_page(
        self, prefix: str, pages: "Iterator[ListObjectsV2OutputTypeDef]"
    ) -> "ListObjectsV2OutputTypeDef | None":
        with translated("list", prefix):
            return next(pages, None)
