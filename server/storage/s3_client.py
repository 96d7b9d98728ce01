"""How a bucket is reached: its region and addresses, and what its server knows of the protocol."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from server.clock import SYSTEM_CLOCK, Clock
from server.storage.base import StorageRefused
from server.storage.s3_errors import code_of, lasts, translated
from server.storage.s3_signing import sign_at

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 16
_PROBE = "probe"
_NO_BUCKET = {"NoSuchBucket", "404"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manner:
    """What a write sends beside the bytes: their checksum, and `If-None-Match`.

    Servers other than AWS may know neither.
    """

    checksums: bool = True
    conditions: bool = True

    def weaker(self) -> Iterator["Manner"]:
        """Yields manners that send less, the nearest first."""
        for checksums, conditions in ((False, True), (True, False), (False, False)):
            if checksums <= self.checksums and conditions <= self.conditions:
                weaker = Manner(checksums, conditions)
                if weaker != self:
                    yield weaker

    @property
    def lacks(self) -> str:
        """What is left out, as its settings."""
        names = (
            ("IMGGEN_STORAGE_CHECKSUMS", self.checksums),
            ("IMGGEN_STORAGE_IF_NONE_MATCH", self.conditions),
        )
        return ", ".join(name for name, sent in names if not sent)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the objects are: a bucket, and the folder in it (empty, or ending in a slash).

    `endpoint_url` is set for a server other than AWS, `public_endpoint_url` where callers reach it
    by another address.
    """

    name: str
    folder: str = ""
    endpoint_url: str | None = None
    public_endpoint_url: str | None = None
    manner: Manner = Manner()


class Clients:
    """The clients of a bucket; they change with what is learnt of its region and its server."""

    def __init__(self, session: boto3.Session, bucket: Bucket, clock: Clock = SYSTEM_CLOCK) -> None:
        self._session = session
        self._clock = clock
        self._bucket = bucket
        self._region: str | None = session.region_name
        self._made: dict[tuple[str | None, bool], S3Client] = {}
        self._making = Lock()
        self.manner = bucket.manner
        self.settled = False
        """Whether a write has succeeded in this manner."""

    @property
    def region(self) -> str:
        """The region that requests are signed for."""
        return self.client().meta.region_name

    def client(self) -> "S3Client":
        """Returns the client for writes in the present manner, and for all else."""
        return self.sending(self.manner)

    def sending(self, manner: Manner) -> "S3Client":
        """Returns a client that writes in a manner."""
        key = (self._region, manner.checksums)
        # boto3's sessions are not made for several threads; its clients are.
        with self._making:
            if key not in self._made:
                self._made[key] = self._make(self._bucket.endpoint_url, manner)
            return self._made[key]

    def base_url(self) -> str:
        """Returns the address of the folder as callers reach it, which keys follow."""
        public, manner = self._bucket.public_endpoint_url, self.manner
        client = self._make(public, manner) if public else self.client()
        url = client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket.name, "Key": self._bucket.folder + _PROBE}
        )
        if public:
            client.close()
        return url.partition("?")[0].removesuffix(_PROBE)

    def ask_region(self) -> bool:
        """Asks the bucket for its region; returns whether it is another one than was known.

        Raises StorageRefused where another region is set than the bucket's, or without a bucket.
        """
        found = self._found_region()
        if not found or found == self.region:
            return False
        set_to: str | None = self._session.region_name
        if set_to is not None:
            problem = f"the bucket is in {found}, not in {set_to}; correct AWS_DEFAULT_REGION"
            raise StorageRefused("check the bucket", problem)
        self._region = found
        _log.info("region of the bucket", extra={"region": found})
        return True

    def _found_region(self) -> str:
        with translated("check", "the bucket"):
            try:
                answer = self.client().head_bucket(Bucket=self._bucket.name)
            except ClientError as error:
                # A refusal tells the region, too, and a write will say why it is one.
                if code_of(error) in _NO_BUCKET or not lasts(error):
                    raise
                headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
            else:
                headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return str(headers.get("x-amz-bucket-region", ""))

    def settle(self, manner: Manner) -> None:
        """Writes in this manner from now on, and says once what it leaves out."""
        if manner != self.manner:
            self.manner = manner
            fields = {"bucket": self._bucket.name, "off": manner.lacks}
            _log.warning("the storage's server lacks a part of S3", extra=fields)
        self.settled = True

    def close(self) -> None:
        """Closes all clients."""
        for client in self._made.values():
            client.close()

    def _make(self, endpoint_url: str | None, manner: Manner) -> "S3Client":
        config = _config(self._bucket, manner)
        client: S3Client = self._session.client(
            "s3", region_name=self._region, endpoint_url=endpoint_url, config=config
        )
        sign_at(client, self._clock)
        return client


def without_conditions(manner: Manner) -> Manner:
    """Returns the manner without `If-None-Match`."""
    return replace(manner, conditions=False)


def _config(bucket: Bucket, manner: Manner) -> Config:
    sent: Literal["when_supported", "when_required"]
    sent = "when_supported" if manner.checksums else "when_required"
    elsewhere = bucket.endpoint_url or bucket.public_endpoint_url
    return Config(
        signature_version="s3v4",
        connect_timeout=5,
        read_timeout=20,
        # A stream holds a connection between its reads, without a thread.
        max_pool_connections=2 * THREADS,
        retries={"mode": "standard", "total_max_attempts": 3},
        request_checksum_calculation=sent,
        response_checksum_validation=sent,
        # Servers other than AWS have no host name for each bucket. At AWS, regions since 2019
        # answer at their own address only, which botocore 1.44 signs for in this style alone.
        s3={
            "addressing_style": "path" if elsewhere else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
    )
