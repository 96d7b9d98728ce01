"""URLs of a bucket: presigned like botocore's, or signed for CloudFront."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from server.storage import StorageUnavailable
from server.storage.cloudfront import CloudFront
from server.storage.s3 import S3Storage
from server.storage.s3_client import Bucket

KEY = "user/job/1/a.png"
EXPIRES_AT = datetime(2100, 1, 1, tzinfo=UTC)
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def session(region: str = "eu-central-1", token: str | None = None) -> boto3.Session:
    return boto3.Session("key id", "secret", aws_session_token=token, region_name=region)


def pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("bucket", "token"),
    [
        (Bucket("pictures"), None),
        (Bucket("pictures", "live/"), "temporary"),
        (Bucket("pictures", endpoint_url="http://127.0.0.1:8080"), None),
    ],
)
async def test_a_presigned_address_is_the_one_botocore_makes(
    bucket: Bucket, token: str | None
) -> None:
    client = session(token=token).client(
        "s3",
        endpoint_url=bucket.endpoint_url,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if bucket.endpoint_url else "virtual"},
        ),
    )

    def by_botocore() -> str:
        return str(
            client.generate_presigned_url(
                "get_object",
                Params={"Bucket": bucket.name, "Key": bucket.folder + KEY},
                ExpiresIn=3600,
            )
        )

    async with S3Storage(session(token=token), bucket) as storage:
        # Both read the clock; within one second they must agree.
        assert any(
            storage.sign(KEY, datetime.now(UTC) + timedelta(hours=1)) == by_botocore()
            for _ in range(20)
        )
        assert storage.sign_cdn(KEY, EXPIRES_AT).startswith(by_botocore().partition("?")[0])
    client.close()


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "eu-south-1", "ap-southeast-4"])
@pytest.mark.parametrize("name", ["pictures", "pictures.with.dots"])
async def test_an_address_is_that_of_the_region(region: str, name: str) -> None:
    # Regions since 2019 answer nowhere else.
    async with S3Storage(session(region), Bucket(name, "live/")) as storage:
        address = urlsplit(storage.sign(KEY, datetime.now(UTC) + timedelta(hours=1)))
    s3 = f"s3.{region}.amazonaws.com"
    dotted = "." in name  # a certificate for one level of names does not cover it
    assert address.netloc == (s3 if dotted else f"{name}.{s3}")
    assert address.path == (f"/{name}/live/{KEY}" if dotted else f"/live/{KEY}")
    assert f"%2F{region}%2Fs3%2F" in address.query


def rsa_check(key: rsa.RSAPrivateKey) -> Callable[[bytes, bytes], None]:
    return lambda signature, policy: key.public_key().verify(
        signature, policy, padding.PKCS1v15(), SHA256()
    )


def ec_check(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes, bytes], None]:
    return lambda signature, policy: key.public_key().verify(signature, policy, ec.ECDSA(SHA256()))


def cloudfront_keys() -> list[tuple[bytes, Callable[[bytes, bytes], None]]]:
    by_rsa = rsa.generate_private_key(65537, 2048)
    by_ec = ec.generate_private_key(ec.SECP256R1())
    return [(pem(by_rsa), rsa_check(by_rsa)), (pem(by_ec), ec_check(by_ec))]


async def test_the_public_key_accepts_a_cloudfront_address_and_no_other(tmp_path: Path) -> None:
    for private_key, check in cloudfront_keys():
        (tmp_path / "key.pem").write_bytes(private_key)
        cdn = CloudFront.from_file("d.example", "K1", tmp_path / "key.pem")
        async with S3Storage(session(), Bucket("pictures", "live/"), cdn) as storage:
            address = urlsplit(storage.sign_cdn(KEY, EXPIRES_AT))
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        resource = f"https://d.example/live/{KEY}"
        policy = (
            f'{{"Statement":[{{"Resource":"{resource}",'
            f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{query["Expires"]}}}}}}}]}}'
        )
        encoded = query["Signature"].translate(str.maketrans("-_~", "+=/"))
        signature = base64.b64decode(encoded, validate=True)
        assert address._replace(query="").geturl() == resource
        assert list(query) == ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
        assert (query["Expires"], query["Key-Pair-Id"]) == ("4102444800", "K1")
        check(signature, policy.encode())
        with pytest.raises(InvalidSignature):
            check(signature, policy.replace("a.png", "b.png").encode())


def test_a_key_that_cloudfront_does_not_accept_is_refused() -> None:
    for wrong in (
        rsa.generate_private_key(65537, 3072),
        ec.generate_private_key(ec.SECP384R1()),
    ):
        with pytest.raises(ValueError, match="use RSA with 2048 bits or ECDSA P-256"):
            CloudFront("d.example", "K1", pem(wrong))


async def test_an_expiry_in_the_past_is_refused() -> None:
    cdn = CloudFront("d.example", "K1", pem(ec.generate_private_key(ec.SECP256R1())))
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with S3Storage(session(), Bucket("pictures"), cdn) as storage:
        for sign in (storage.sign, storage.sign_cdn):
            with pytest.raises(ValueError, match="has passed"):
                sign(KEY, past)


async def test_without_credentials_the_bucket_does_not_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StorageUnavailable, match="NoCredentialsError"):
        async with S3Storage(boto3.Session(region_name="eu-central-1"), Bucket("pictures")):
            pass
