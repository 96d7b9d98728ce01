"""The settings of the storage, and the storage that they name."""

from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.storage.base import Storage
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner

_SECRET_MIN = 32


class StorageSettings(BaseSettings):
    """Where the pixels are, and how their URLs are signed."""

    model_config = SettingsConfigDict(
        env_prefix="IMGGEN_", frozen=True, extra="ignore", allow_inf_nan=False
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
        "for every process. Needed with `file:`.",
    )
    public_url: str | None = Field(
        default=None,
        description="The gateway's HTTP endpoint as callers reach it; URLs of a folder's "
        "pictures start with it. Needed with `file:`.",
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
                f'IMGGEN_STORAGE_URL: "{self.storage_url}" is not a storage; '
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
            raise ValueError(
                f'IMGGEN_PUBLIC_URL: "{self.public_url or ""}" is not a URL; use the one '
                "at which callers reach the gateway's HTTP endpoint, as http://host:8080"
            )
        if any(self._cloudfront()) or self.storage_endpoint_url is not None:
            raise ValueError(
                "IMGGEN_CLOUDFRONT_* and IMGGEN_STORAGE_ENDPOINT_URL: a folder uses neither; "
                "unset them or use an s3:// storage"
            )

    def _check_bucket(self) -> None:
        if not urlsplit(self.storage_url).netloc:
            raise ValueError(
                f'IMGGEN_STORAGE_URL: "{self.storage_url}" has no bucket; use s3://bucket/folder'
            )
        if any(self._cloudfront()) and not all(self._cloudfront()):
            raise ValueError(
                "IMGGEN_CLOUDFRONT_DOMAIN, IMGGEN_CLOUDFRONT_KEY_ID and "
                "IMGGEN_CLOUDFRONT_PRIVATE_KEY_FILE: only some are set; set all three or none"
            )

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

    from server.storage.cloudfront import CloudFront
    from server.storage.s3 import Bucket, S3Storage

    url = urlsplit(settings.storage_url)
    folder = url.path.strip("/")
    bucket = Bucket(url.netloc, f"{folder}/" if folder else "", settings.storage_endpoint_url)
    domain, key_id = settings.cloudfront_domain, settings.cloudfront_key_id
    key_file = settings.cloudfront_private_key_file
    cdn = CloudFront.from_file(domain, key_id, key_file) if domain and key_id and key_file else None
    return S3Storage(boto3.Session(), bucket, cdn)
