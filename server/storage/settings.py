"""The settings of the storage, and the storage that they name."""

from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.causes import CannotStart, cause_of
from server.hidden import without_secrets
from server.storage.base import Storage
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner

if TYPE_CHECKING:
    from server.storage.cloudfront import CloudFront

_SECRET_MIN = 32
_OF_A_FOLDER = ("url_secret", "public_url")


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
        if any(self._cloudfront()) or self.storage_endpoint_url is not None:
            raise ValueError(
                "IMGGEN_CLOUDFRONT_* and IMGGEN_STORAGE_ENDPOINT_URL: a folder uses neither; "
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
        self._check_endpoint()
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

    def _check_endpoint(self) -> None:
        if self.storage_endpoint_url is None:
            return
        url = urlsplit(self.storage_endpoint_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError(
                "IMGGEN_STORAGE_ENDPOINT_URL: must start with https:// or http://, and name a "
                "host, like https://s3.example.com"
            )
        if "@" in url.netloc or url.query or url.fragment:
            raise ValueError(
                "IMGGEN_STORAGE_ENDPOINT_URL: must have no user, password or query; boto3 finds "
                "the keys"
            )

    @property
    def is_bucket(self) -> bool:
        """Whether the pixels are in a bucket, whose URLs need no gateway."""
        return urlsplit(self.storage_url).scheme == "s3"

    def _cloudfront(self) -> tuple[object, object, object]:
        return self.cloudfront_domain, self.cloudfront_key_id, self.cloudfront_private_key_file


def open_storage(settings: StorageSettings) -> Storage:
    """Returns the storage that the settings name; use it in `async with`."""
    if urlsplit(settings.storage_url).scheme == "s3":
        return _bucket(settings)
    assert settings.url_secret is not None
    assert settings.public_url is not None
    signer = UrlSigner(settings.url_secret.get_secret_value(), settings.public_url)
    return FolderStorage(Path(unquote(urlsplit(settings.storage_url).path)), signer)


def _bucket(settings: StorageSettings) -> Storage:
    # Imported here: boto3 takes 0.3 s and 25 MB, and a folder does not need it.
    import boto3
    from botocore.exceptions import BotoCoreError

    from server.storage.s3 import Bucket, S3Storage

    url = urlsplit(settings.storage_url)
    folder = url.path.strip("/")
    bucket = Bucket(url.netloc, f"{folder}/" if folder else "", settings.storage_endpoint_url)
    try:
        session = boto3.Session()
    except BotoCoreError as error:
        raise CannotStart(
            f"cannot use {settings.storage_url} ({cause_of(error)}); correct the AWS_* variables, "
            "AWS_PROFILE among them, or the files that they name",
            lasting=True,
        ) from error
    return S3Storage(session, bucket, _cdn(settings))


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
