"""S3, or a server that speaks its protocol, as the storage."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.response import StreamingBody

from server.storage.base import (
    CHUNK_SIZE,
    KeyTaken,
    ObjectMissing,
    StorageUnavailable,
    StoredObject,
)
from server.storage.cloudfront import CloudFront
from server.storage.keys import check_key, check_prefix, check_put
from server.storage.urls import seconds_until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

_P = ParamSpec("_P")
_T = TypeVar("_T")
_THREADS = 16
_PROBE = "probe"
_REFUSED = {"403", "AccessDenied", "Forbidden"}  # the answer to a HEAD has no code but its status
_LACKING = {
    "read": "the object is missing, or the credentials lack s3:GetObject; without s3:ListBucket S3"
    " does not say which",
    "write": "the credentials lack s3:PutObject",
    "delete": "the credentials lack s3:DeleteObject",
    "list": "the credentials lack s3:ListBucket",
    "check": "the credentials lack s3:ListBucket",
}
"""What a refusal of each action means."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the objects are: a bucket, and the folder in it (empty, or ending in a slash).

    `endpoint_url` is set for a server other than AWS.
    """

    name: str
    folder: str = ""
    endpoint_url: str | None = None


class S3Storage:
    """Keeps objects in a bucket, with boto3's blocking client in a bounded pool of threads."""

    def __init__(
        self, session: boto3.Session, bucket: Bucket, cdn: CloudFront | None = None
    ) -> None:
        self._session = session
        self._bucket = bucket
        self._cdn = cdn
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")

    async def __aenter__(self) -> Self:
        try:
            await self._run(self._open)
        except BaseException:
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        self._client.close()

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
        paginator = self._client.get_paginator("list_objects_v2")
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
        seconds = seconds_until(expires_at, time.time())
        # The client's generate_presigned_url resolves the endpoint each time, which takes longer
        # than the signature.
        request = AWSRequest("GET", self._base_url + key)
        S3SigV4QueryAuth(
            self._credentials.get_frozen_credentials(), "s3", self._region, expires=seconds
        ).add_auth(request)
        return str(request.url)

    def sign_cdn(self, key: str, expires_at: datetime) -> str:
        """Returns a URL through CloudFront, or as `sign` does if there is none."""
        if self._cdn is None:
            return self.sign(key, expires_at)
        check_key(key)
        seconds_until(expires_at, time.time())
        return self._cdn.sign(self._key(key), expires_at)

    async def check(self) -> None:
        """Returns when the bucket answers."""
        await self._run(self._check)

    async def _run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: call(*args, **kwargs))

    def _open(self) -> None:
        """Makes the client, in a thread since credentials may come from the network."""
        with _translated("open", "the bucket"):
            self._client: S3Client = self._session.client(
                "s3", endpoint_url=self._bucket.endpoint_url, config=_config(self._bucket)
            )
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            self._credentials = credentials
            self._region = self._client.meta.region_name
            probe = self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket.name, "Key": self._key(_PROBE)}
            )
            self._base_url = probe.partition("?")[0].removesuffix(_PROBE)

    def _key(self, key: str) -> str:
        return self._bucket.folder + key

    def _put(self, key: str, data: bytes, content_type: str) -> None:
        try:
            with _translated("write", key):
                self._client.put_object(
                    Bucket=self._bucket.name,
                    Key=self._key(key),
                    Body=data,
                    ContentType=content_type,
                    IfNoneMatch="*",
                )
        except _Exists:
            if self._get(key) != data:
                raise KeyTaken(key) from None

    def _get(self, key: str) -> bytes:
        with _translated("read", key), closing(self._body(key)) as body:
            return body.read()

    def _body(self, key: str) -> StreamingBody:
        with _translated("read", key):
            answer = self._client.get_object(Bucket=self._bucket.name, Key=self._key(key))
            return answer["Body"]

    def _read(self, key: str, body: StreamingBody, size: int) -> bytes:
        with _translated("read", key):
            return body.read(size)

    def _delete(self, key: str) -> None:
        with _translated("delete", key):
            self._client.delete_object(Bucket=self._bucket.name, Key=self._key(key))

    def _next_page(
        self, prefix: str, pages: "Iterator[ListObjectsV2OutputTypeDef]"
    ) -> "ListObjectsV2OutputTypeDef | None":
        with _translated("list", prefix):
            return next(pages, None)

    def _check(self) -> None:
        with _translated("check", "the bucket"):
            self._client.head_bucket(Bucket=self._bucket.name)


class _Exists(Exception):
    """Raised when the key is taken, by these bytes or others."""


def _config(bucket: Bucket) -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=5,
        read_timeout=20,
        # A stream holds a connection between its reads, without a thread.
        max_pool_connections=2 * _THREADS,
        retries={"mode": "standard", "total_max_attempts": 3},
        # Servers other than AWS have no host name for each bucket.
        s3={"addressing_style": "path" if bucket.endpoint_url else "auto"},
    )


@contextmanager
def _translated(action: str, what: str) -> Iterator[None]:
    """Raises botocore's errors as the storage's."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code == "NoSuchKey":
            raise ObjectMissing(what) from error
        if code in {"412", "PreconditionFailed"}:
            raise _Exists from error
        if code in _REFUSED and action in _LACKING:
            code = f"{code}: {_LACKING[action]}"
        raise StorageUnavailable(f"{action} {what}", code) from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{action} {what}", type(error).__name__) from error
