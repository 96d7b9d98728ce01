"""The settings of the storage, and the storage that they name."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.causes import CannotStart, cause_of
from server.clock import SYSTEM_CLOCK, Clock
from server.hidden import without_secrets
from server.storage.base import Storage, StorageRefused, StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner

if TYPE_CHECKING:
    from server.storage.cloudfront import CloudFront

_SECRET_MIN = 32
_OF_A_FOLDER = ("url_secret", "public_url")
_PAUSE_S = 0.5
_PAUSE_MAX_S = 15.0
_log = logging.getLogger(__name__)


class StorageSettings(BaseSettings):
    """Where the pixels are, and how their URLs are signed."""

    model_config = SettingsConfigDict(
        env_prefix="IMGGEN_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    storage_url: str = Field(
        description="Where the pixels are: `file:///folder`, or `s3://bucket/folder` (credentials "
        "and region as boto3 finds them).",
        examples=["s3://bucket/folder", "file:///folder"],
    )
    storage_endpoint_url: str | None = Field(
        default=None, description="The URL of an S3 server other than AWS."
    )
    storage_public_endpoint_url: str | None = Field(
        default=None,
        description="The URL of that server as callers reach it, if it is another one: URLs of "
        "pictures start with it.",
    )
    storage_checksums: Literal["auto", "off"] = Field(
        default="auto",
        description="Whether writes to S3 carry checksums: `auto` leaves them out where the first "
        "write shows that the server does not know them, and logs it; `off` sends none.",
    )
    storage_if_none_match: Literal["auto", "off"] = Field(
        default="auto",
        description="Whether writes to S3 carry `If-None-Match`, which keeps a key from being "
        "written twice: `auto` asks for the key first where the server does not know or keep to "
        "it, and logs it; `off` always asks first.",
    )
    url_secret: SecretStr | None = Field(
        default=None,
        description="Signs the URLs of a folder's pictures; 32 characters or more, the same "
        "for every process. Needed with `file:`, refused with `s3:`.",
    )
    public_url: str | None = Field(
        default=None,
        description="The gateway's HTTP endpoint as callers reach it; URLs of a folder's "
        "pictures start with it. Needed with `file:`, refused with `s3:`.",
    )
    url_ttl_s: int = Field(
        default=3600,
        ge=1,
        le=7 * 24 * 3600,
        description="How long a URL of a picture works, in seconds.",
    )
    cloudfront_domain: str | None = Field(
        default=None,
        description="The CloudFront distribution in front of the bucket, for `cdn_url`; its origin "
        "is the bucket's root.",
    )
    cloudfront_key_id: str | None = Field(
        default=None, description="The id of the public key in the distribution's key group."
    )
    cloudfront_private_key_file: Path | None = Field(
        default=None,
        description="The private key as PEM: ECDSA P-256, or RSA with 2048 bits, which is slower.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        scheme = urlsplit(self.storage_url).scheme
        if scheme == "file":
            self._check_folder()
        elif scheme == "s3":
            self._check_bucket()
        else:
            raise ValueError(
                f'IMGGEN_STORAGE_URL: "{without_secrets(self.storage_url)}" is not a storage; '
                "use file:///folder or s3://bucket/folder"
            )
        return self

    def _check_folder(self) -> None:
        url = urlsplit(self.storage_url)
        if url.netloc or not url.path.strip("/"):
            raise ValueError(
                f'IMGGEN_STORAGE_URL: "{self.storage_url}" is not a folder; '
                "use file:/// and an absolute path"
            )
        if self.url_secret is None or len(self.url_secret.get_secret_value()) < _SECRET_MIN:
            raise ValueError(
                f"IMGGEN_URL_SECRET: missing or shorter than {_SECRET_MIN} characters; a folder's "
                "URLs are signed with it: set it to a random text, the same everywhere"
            )
        if self.public_url is None or urlsplit(self.public_url).scheme not in {"http", "https"}:
            shown = without_secrets(self.public_url or "")
            raise ValueError(
                f'IMGGEN_PUBLIC_URL: "{shown}" is not a URL; use the one '
                "at which callers reach the gateway's HTTP endpoint, as http://host:8080"
            )
        endpoints = self.storage_endpoint_url, self.storage_public_endpoint_url
        if any(self._cloudfront()) or any(each is not None for each in endpoints):
            raise ValueError(
                "IMGGEN_CLOUDFRONT_* and IMGGEN_STORAGE_*ENDPOINT_URL: a folder uses neither; "
                "unset them or use an s3:// storage"
            )

    def _check_bucket(self) -> None:
        url = urlsplit(self.storage_url)
        if "@" in url.netloc or url.query or url.fragment:
            raise ValueError(
                "IMGGEN_STORAGE_URL: must have a bucket and a folder only; boto3 finds keys and "
                "region in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, among others"
            )
        if not url.netloc:
            raise ValueError(
                f'IMGGEN_STORAGE_URL: "{self.storage_url}" has no bucket; use s3://bucket/folder'
            )
        for name in ("storage_endpoint_url", "storage_public_endpoint_url"):
            _check_endpoint(name, getattr(self, name))
        if unused := [name for name in _OF_A_FOLDER if getattr(self, name)]:
            names = " and ".join(f"IMGGEN_{name.upper()}" for name in unused)
            raise ValueError(
                f"{names}: without effect with an s3:// storage, whose URLs S3 signs and serves; "
                f"unset {'it' if len(unused) == 1 else 'them'} or use file:///folder"
            )
        if any(self._cloudfront()) and not all(self._cloudfront()):
            raise ValueError(
                "IMGGEN_CLOUDFRONT_DOMAIN, IMGGEN_CLOUDFRONT_KEY_ID and "
                "IMGGEN_CLOUDFRONT_PRIVATE_KEY_FILE: only some are set; set all three or none"
            )

    @property
    def is_bucket(self) -> bool:
        """Whether the pixels are in a bucket, whose URLs need no gateway."""
        return urlsplit(self.storage_url).scheme == "s3"

    def _cloudfront(self) -> tuple[object, object, object]:
        return self.cloudfront_domain, self.cloudfront_key_id, self.cloudfront_private_key_file


def place_of(settings: StorageSettings) -> str:
    """Returns where the storage is, for a message."""
    if settings.storage_endpoint_url is None:
        return settings.storage_url
    return f"{settings.storage_url} at {settings.storage_endpoint_url}"


@asynccontextmanager
async def open_usable(
    settings: StorageSettings, clock: Clock = SYSTEM_CLOCK
) -> AsyncIterator[Storage]:
    """Opens the storage that the settings name once it has passed its check.

    Waits for a storage that is away, and says so. Raises StorageRefused for an answer that only
    a person can change.
    """
    pause_s, place = _PAUSE_S, place_of(settings)
    while True:
        async with AsyncExitStack() as stack:
            try:
                storage = await stack.enter_async_context(open_storage(settings, clock))
                await storage.check()
            except StorageRefused as error:
                raise error.during(f"use {place}") from error
            except StorageUnavailable as error:
                fields = {"storage": place, "error": error.problem, "again_in_s": pause_s}
                _log.warning("waiting for the storage", extra=fields)
            else:
                yield storage
                return
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _PAUSE_MAX_S)


def open_storage(settings: StorageSettings, clock: Clock = SYSTEM_CLOCK) -> Storage:
    """Returns the storage that the settings name; use it in `async with`.

    URLs expire by the clock.
    """
    if urlsplit(settings.storage_url).scheme == "s3":
        return _bucket(settings, clock)
    assert settings.url_secret is not None
    assert settings.public_url is not None
    signer = UrlSigner(settings.url_secret.get_secret_value(), settings.public_url, clock)
    return FolderStorage(Path(unquote(urlsplit(settings.storage_url).path)), signer)


def _bucket(settings: StorageSettings, clock: Clock) -> Storage:
    # Imported here: boto3 takes 0.3 s and 25 MB, and a folder does not need it.
    import boto3

    from server.storage.s3 import S3Storage
    from server.storage.s3_client import Bucket, Manner

    url = urlsplit(settings.storage_url)
    folder = url.path.strip("/")
    bucket = Bucket(
        url.netloc,
        f"{folder}/" if folder else "",
        settings.storage_endpoint_url,
        settings.storage_public_endpoint_url,
        Manner(settings.storage_checksums == "auto", settings.storage_if_none_match == "auto"),
    )
    return S3Storage(boto3.Session, bucket, _cdn(settings), clock=clock)


def _cdn(settings: StorageSettings) -> "CloudFront | None":
    from server.storage.cloudfront import CloudFront

    domain, key_id = settings.cloudfront_domain, settings.cloudfront_key_id
    key_file = settings.cloudfront_private_key_file
    if not (domain and key_id and key_file):
        return None
    try:
        return CloudFront.from_file(domain, key_id, key_file)
    except (OSError, TypeError, ValueError) as error:
        # cryptography raises TypeError for a key with a password.
        raise CannotStart(
            f"IMGGEN_CLOUDFRONT_PRIVATE_KEY_FILE: {key_file} cannot be used ({cause_of(error)}); "
            "use an ECDSA P-256 or RSA-2048 key, PEM, without a password",
            lasting=True,
        ) from error


def _check_endpoint(name: str, value: str | None) -> None:
    """Raises ValueError for a setting that is not the URL of a server."""
    if value is None:
        return
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(
            f"IMGGEN_{name.upper()}: must start with https:// or http://, and name a host, like "
            "https://s3.example.com"
        )
    if "@" in url.netloc or url.query or url.fragment:
        raise ValueError(
            f"IMGGEN_{name.upper()}: must have no user, password or query; boto3 finds the keys"
        )
