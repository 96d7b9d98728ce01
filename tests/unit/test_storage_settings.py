"""The storage settings: valid combinations, and refusals with their fix."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from pydantic import ValidationError

from server.causes import CannotStart
from server.storage import StorageSettings, open_storage
from server.storage.environment import redirections
from server.storage.folder import FolderStorage
from server.storage.s3 import S3Storage

SECRET = "a secret of more than thirty-two characters"
FOLDER: dict[str, Any] = {
    "storage_url": "file:///var/pictures",
    "url_secret": SECRET,
    "public_url": "http://localhost:8080",
}
BUCKET: dict[str, Any] = {"storage_url": "s3://pictures/live"}
LOCKED_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"locked"))
    .decode()
)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGGEN_STORAGE_URL", "file:///var/pictures")
    monkeypatch.setenv("IMGGEN_URL_SECRET", SECRET)
    monkeypatch.setenv("IMGGEN_PUBLIC_URL", "http://localhost:8080")
    settings = StorageSettings()
    assert settings.url_ttl_s == 3600
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({**FOLDER, "storage_url": "/var/pictures"}, "use file:///folder or s3://bucket/folder"),
        ({**FOLDER, "storage_url": "gs://b"}, "use file:///folder or s3://bucket/folder"),
        ({**FOLDER, "storage_url": "file://pictures"}, "use file:/// and an absolute path"),
        ({**FOLDER, "storage_url": "file:///"}, "use file:/// and an absolute path"),
        ({**FOLDER, "url_secret": None}, "IMGGEN_URL_SECRET: missing or shorter than 32"),
        ({**FOLDER, "url_secret": "short"}, "IMGGEN_URL_SECRET: missing or shorter than 32"),
        ({**FOLDER, "public_url": None}, "use the one at which callers reach"),
        ({**FOLDER, "public_url": "localhost:8080"}, "use the one at which callers reach"),
        ({**FOLDER, "storage_endpoint_url": "http://s3"}, "a folder uses neither"),
        ({**FOLDER, "cloudfront_domain": "d.example"}, "a folder uses neither"),
        ({**FOLDER, "url_ttl_s": 0}, "greater than or equal to 1"),
        ({**BUCKET, "url_ttl_s": 604801}, "less than or equal to 604800"),
        ({**BUCKET, "public_url": "http://h:8080"}, "IMGGEN_PUBLIC_URL: without effect"),
        ({**BUCKET, "url_secret": SECRET}, "IMGGEN_URL_SECRET: without effect"),
        ({**FOLDER, **BUCKET}, "IMGGEN_URL_SECRET and IMGGEN_PUBLIC_URL: without effect"),
        ({**BUCKET, "storage_endpoint_url": "s3.example:9000"}, "must start with https://"),
        ({**BUCKET, "storage_endpoint_url": "http://"}, "and name a host"),
        ({**BUCKET, "storage_endpoint_url": "http://k:s@s3"}, "must have no user, password"),
        ({**BUCKET, "storage_public_endpoint_url": "https://"}, "and name a host"),
        ({"storage_url": "s3://key:secret@pictures/live"}, "a bucket and a folder only"),
        ({"storage_url": "s3://pictures/live?region=x"}, "a bucket and a folder only"),
        ({**FOLDER, "storage_public_endpoint_url": "http://s3"}, "a folder uses neither"),
        ({"storage_url": "s3:///live"}, "use s3://bucket/folder"),
        ({**BUCKET, "cloudfront_domain": "d.example"}, "set all three or none"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(wrong: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        StorageSettings(**wrong)


def test_settings_cannot_be_changed() -> None:
    settings = StorageSettings(**FOLDER)
    with pytest.raises(ValidationError, match="frozen"):
        settings.url_ttl_s = 1  # type: ignore[misc]


async def test_a_file_address_opens_a_folder(tmp_path: Path) -> None:
    url = (tmp_path / "with space").as_uri()
    async with open_storage(StorageSettings(**{**FOLDER, "storage_url": url})) as storage:
        assert isinstance(storage, FolderStorage)
        await storage.put("user/a.png", b"picture", "image/png")
    assert (tmp_path / "with space" / "user" / "a.png").read_bytes() == b"picture"


def test_a_gateway_with_a_folder_loads_nothing_of_s3() -> None:
    program = (
        "import sys, server.edge.media, server.storage; "
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'cryptography')))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_an_s3_address_opens_a_bucket() -> None:
    assert isinstance(open_storage(StorageSettings(**BUCKET)), S3Storage)


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(ValidationError) as refused:
        StorageSettings(**{**FOLDER, "storage_url": "ftp://u:hush@pictures", "url_secret": "hush"})
    assert "hush" not in str(refused.value)


def test_a_profile_of_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CannotStart, match=r"s3://pictures/live \(.*nobody.*\); correct") as refused:
        open_storage(StorageSettings(**BUCKET))
    assert refused.value.lasting


@pytest.mark.parametrize("content", [None, "nothing", LOCKED_KEY])
def test_a_key_of_cloudfront_that_cannot_be_used_is_named(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "cdn.pem"
    if content is not None:
        file.write_text(content)
    cdn: dict[str, Any] = {"cloudfront_domain": "d.example", "cloudfront_key_id": "K"}
    settings = StorageSettings(**BUCKET, **cdn, cloudfront_private_key_file=file)
    with pytest.raises(CannotStart, match=f"PRIVATE_KEY_FILE: {file} cannot be used"):
        open_storage(settings)


def test_what_of_the_environment_redirects_a_bucket_is_named() -> None:
    environment = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:4567",
        "https_proxy": "http://u:p@proxy",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_REGION": "eu-south-1",
    }
    own: dict[str, Any] = {"storage_endpoint_url": "http://s3.localhost:7070"}
    ignored = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert redirections(StorageSettings(**BUCKET), environment) == [
        *("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "https_proxy"),
    ]
    assert redirections(StorageSettings(**BUCKET, **own), environment) == ["https_proxy"]
    assert redirections(StorageSettings(**BUCKET), environment | ignored) == ["https_proxy"]
    assert redirections(StorageSettings(**FOLDER), environment) == []
