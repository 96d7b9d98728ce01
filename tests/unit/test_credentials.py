"""Content credentials: what is signed, by whom, and what happens where nothing can be."""

import stat
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from actors.credentials.base import Made, NotSigned, SignerAway
from actors.credentials.chains import Chain
from actors.credentials.choice import open_signer
from actors.credentials.development import Development
from actors.credentials.local import LocalKey
from actors.credentials.manifest import ManifestSigner
from actors.finishing.forms import RenderedAsset
from actors.settings import CredentialSettings
from actors.testing.signing import ScriptedKey
from actors.worker.signing import JobCredentials, Unsigned
from imggen.verifying import NotAPicture, Verdict, read_credentials
from server.causes import CannotStart
from server.clock import SYSTEM_CLOCK
from server.domain.ids import ImageId
from server.domain.jobs import Claim
from server.domain.states import AssetKind
from tests.signatures import Issued, SigningKey, issued, kms_of, picture, pixels_of

IMAGE = ImageId(UUID("00000000-0000-4000-8000-000000000001"))
PARENT = ImageId(UUID("00000000-0000-4000-8000-000000000002"))
AT = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
MADE = Made(IMAGE, "storybook", AT)
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def curve(kind: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(kind())


def settings_of(folder: Path, made: Issued, **others: object) -> CredentialSettings:
    """Writes a certificate and its key, and returns the settings that name them."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.certificate)
    key.write_bytes(made.key_pem)
    keys = {} if "credentials_kms_key" in others else {"credentials_key_file": key}
    return CredentialSettings.model_validate(
        {"credentials_certificate_file": certificate, **keys, **others}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_file_has_its_pixels_and_says_what_made_it(kind: str) -> None:
    key, file = ScriptedKey(), picture(kind)
    signed = key.signer().sign(file, KINDS[kind], MADE)
    assert (pixels_of(signed) == pixels_of(file)).all()
    found = read_credentials(signed, key.made.root)
    assert found.verdict is Verdict.TRUSTED
    assert found.is_generated
    assert (found.model, found.made_at) == ("storybook", "2026-11-30T12:00:00+00:00")
    assert (found.title, found.parents) == (f"image {IMAGE}", ())
    assert found.generator.startswith("imggen ")
    assert len(signed) - len(file) < 14_000


def test_a_regeneration_names_its_parent() -> None:
    signed = ScriptedKey().signer().sign(picture("PNG"), "image/png", Made(IMAGE, "m", AT, PARENT))
    assert read_credentials(signed).parents == (f"image {PARENT}",)
    assert read_credentials(signed).verdict is Verdict.DEVELOPMENT


def test_a_file_that_is_signed_again_has_one_manifest_that_is_whole() -> None:
    signer, file = ScriptedKey().signer(), picture("JPEG")
    once = signer.sign(file, "image/jpeg", MADE)
    twice = signer.sign(once, "image/jpeg", MADE)
    assert abs(len(twice) - len(once)) < 16
    assert read_credentials(twice).verdict is Verdict.DEVELOPMENT


def test_a_file_without_credentials_has_none() -> None:
    assert read_credentials(picture("PNG")).verdict is Verdict.NONE
    with pytest.raises(NotAPicture):
        read_credentials(b"GIF89a")


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_of_the_picture_is_seen(kind: str) -> None:
    signed = bytearray(ScriptedKey().signer().sign(picture(kind), KINDS[kind], MADE))
    # Of JPEG and WebP the pixels come last; of PNG the manifest stands before them, too.
    signed[-40] ^= 1
    assert read_credentials(bytes(signed)).verdict is Verdict.CHANGED


def test_a_manifest_of_another_picture_is_seen() -> None:
    signer, one, two = ScriptedKey().signer(), picture("JPEG"), picture("JPEG", 72)
    signed = signer.sign(one, "image/jpeg", MADE)
    # Both begin with the same segment, after which the manifest stands.
    moved = signed[: 20 + len(signed) - len(one)] + two[20:]
    assert read_credentials(moved).verdict is Verdict.CHANGED


def test_a_development_certificate_is_never_told_as_another_one(tmp_path: Path) -> None:
    made = Development.make(datetime.now(UTC))
    assert Chain.read(made.certificate).own.subject.rfc4514_string().count("development") == 2
    signer = open_signer(settings_of(tmp_path, issued(curve())), SYSTEM_CLOCK)
    signed = signer.sign(picture("PNG"), "image/png", MADE)
    assert read_credentials(signed).verdict is Verdict.UNTRUSTED
    assert read_credentials(signed, made.root).verdict is Verdict.UNTRUSTED
    development = ScriptedKey().signer().sign(picture("PNG"), "image/png", MADE)
    assert read_credentials(development, made.root).verdict is Verdict.DEVELOPMENT


def test_the_folder_keeps_one_development_certificate(tmp_path: Path) -> None:
    folder, now = tmp_path / "credentials", datetime.now(UTC)
    first = Development.kept(folder, now)
    assert Development.kept(folder, now) == first
    assert stat.S_IMODE((folder / "development.pem").stat().st_mode) == 0o600
    assert (folder / "development-root.pem").read_bytes() == first.root
    assert sorted(one.name for one in folder.iterdir()) == [
        "development-root.pem",
        "development.pem",
    ]
    later = Development.kept(folder, now + timedelta(days=3640))
    assert later != first
    (folder / "development.pem").write_text("damaged")
    again = Development.kept(folder, now)
    assert again not in (first, later)
    assert Development.kept(folder, now) == again


@pytest.mark.parametrize("made", [curve(), curve(ec.SECP384R1)], ids=["P-256", "P-384"])
def test_a_certificate_and_a_key_are_read_from_files(tmp_path: Path, made: SigningKey) -> None:
    files = issued(made)
    signer = open_signer(settings_of(tmp_path, files), SYSTEM_CLOCK)
    signed = signer.sign(picture("JPEG"), "image/jpeg", MADE)
    found = read_credentials(signed, files.root)
    assert (found.verdict, found.signer) == (Verdict.TRUSTED, "A Publisher")


@pytest.mark.parametrize("kind", ["curve", "rsa"])
def test_a_key_in_kms_signs_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    made = issued(curve() if kind == "curve" else rsa.generate_private_key(65537, 2048))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with kms_of(made.key) as kms:
        settings = settings_of(
            tmp_path, made, credentials_kms_key="alias/a", credentials_kms_endpoint_url=kms.url
        )
        signer = open_signer(settings, SYSTEM_CLOCK)
        assert not kms.asked
        signer.check()
        signed = signer.sign(picture("JPEG"), "image/jpeg", MADE)
        assert read_credentials(signed, made.root).verdict is Verdict.TRUSTED
        assert {one["target"] for one in kms.asked} == {"TrentService.Sign"}
        assert {(one["KeyId"], one["MessageType"]) for one in kms.asked} == {("alias/a", "DIGEST")}
        kms.fault = "DisabledException"
        with pytest.raises(SignerAway, match="KMS: DisabledException: as the test wants"):
            signer.sign(picture("JPEG"), "image/jpeg", MADE)
        kms.fault = ""
        kms.key = curve()
        if kind == "curve":
            with pytest.raises(SignerAway, match="not that of its certificate"):
                signer.sign(picture("JPEG"), "image/jpeg", MADE)
    with pytest.raises(SignerAway, match="KMS: Could not connect"):
        signer.check()


def test_files_that_do_not_fit_are_named_at_the_start(tmp_path: Path) -> None:
    other = issued(curve())
    settings = settings_of(tmp_path, issued(curve()))
    (tmp_path / "key.pem").write_bytes(other.key_pem)
    with pytest.raises(CannotStart, match=r"certificate\.pem: its key is not that of its cert"):
        open_signer(settings, SYSTEM_CLOCK)
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(CannotStart, match=r"KEY_FILE: .*key\.pem: it has no private key"):
        open_signer(settings, SYSTEM_CLOCK)
    (tmp_path / "key.pem").unlink()
    with pytest.raises(CannotStart, match="KEY_FILE: No such file"):
        open_signer(settings, SYSTEM_CLOCK)
    (tmp_path / "certificate.pem").write_text("no certificate")
    with pytest.raises(CannotStart, match=r"CERTIFICATE_FILE: .* it has no certificates as PEM"):
        open_signer(settings, SYSTEM_CLOCK)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (issued(curve(), ends=datetime.now(UTC) - timedelta(days=1)), "has expired"),
        (issued(curve(), purpose=ExtendedKeyUsageOID.SERVER_AUTH), "does not fit C2PA"),
        (issued(curve(ec.SECP256K1)), "none that C2PA takes"),
    ],
    ids=["expired", "of a server", "another curve"],
)
def test_a_certificate_that_cannot_sign_is_refused(tmp_path: Path, made: Issued, why: str) -> None:
    with pytest.raises(CannotStart, match=why):
        open_signer(settings_of(tmp_path, made), SYSTEM_CLOCK)


def test_a_certificate_that_expires_while_it_is_used_signs_no_more() -> None:
    class Clock:
        at = datetime.now(UTC)

        def now(self) -> datetime:
            return self.at

    clock = Clock()
    signer = ScriptedKey(clock=clock).signer()
    signer.check()
    clock.at += timedelta(days=3651)
    with pytest.raises(SignerAway, match="has expired"):
        signer.sign(picture("PNG"), "image/png", MADE)


def test_a_certificate_that_only_this_machine_finds_expired_fails_no_picture() -> None:
    class Slow:
        """A clock that is behind that of the machine."""

        def now(self) -> datetime:
            return datetime.now(UTC) - timedelta(days=2)

    made = issued(curve(), ends=datetime.now(UTC) - timedelta(days=1))
    chain = Chain.read(made.certificate)
    assert isinstance(made.key, ec.EllipticCurvePrivateKey)
    signer = ManifestSigner(chain, LocalKey(made.key, chain.algorithm), Slow())
    with pytest.raises(SignerAway, match="does not fit C2PA"):
        signer.sign(picture("PNG"), "image/png", MADE)


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Returns a PNG with more chunks after its header."""
    more = b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in chunks
    )
    return png[:33] + more + png[33:]


def with_segment(jpeg: bytes, data: bytes) -> bytes:
    """Returns a JPEG with one of the segments that have manifests."""
    return jpeg[:20] + b"\xff\xeb" + (len(data) + 2).to_bytes(2, "big") + data + jpeg[20:]


STRANGE = {
    "two manifests": with_chunks(picture("PNG"), *[(b"caBX", b"junk" * 50)] * 2),
    "no end": picture("PNG")[:-12],
    "no manifest": with_segment(picture("JPEG"), b"JP\0\1\0\0\0\1" + b"junk" * 4),
}


@pytest.mark.parametrize("file", STRANGE.values(), ids=STRANGE)
async def test_an_original_that_can_hold_no_manifest_is_encoded_anew(file: bytes) -> None:
    kind = "image/png" if file.startswith(b"\x89PNG") else "image/jpeg"
    original = RenderedAsset(AssetKind.ORIGINAL, file, kind, 64, 64)
    credentials = JobCredentials(ScriptedKey().signer())
    claim = cast(Claim, None)  # named in logs only
    [signed] = await credentials.sign(claim, MADE, [original])
    assert (signed.content_type, signed.width) == ("image/png", 64)
    assert (pixels_of(signed.data) == pixels_of(file)).all()
    assert read_credentials(signed.data).verdict is Verdict.DEVELOPMENT
    with pytest.raises(NotSigned):
        await credentials.sign(claim, MADE, [replace(original, kind=AssetKind.DISPLAY)])


def test_a_manifest_that_is_not_told_as_given_is_replaced() -> None:
    other = ScriptedKey().signer().sign(picture("WEBP"), "image/webp", Made(PARENT, "m", AT))
    found = read_credentials(ScriptedKey().signer().sign(other, "image/webp", MADE))
    assert (found.verdict, found.title) == (Verdict.DEVELOPMENT, f"image {IMAGE}")


def test_a_timestamp_server_that_is_away_is_told() -> None:
    key = ScriptedKey()
    signer = ManifestSigner(key.chain, key, SYSTEM_CLOCK, "http://127.0.0.1:9/")
    with pytest.raises(SignerAway, match="timestamp server"):
        signer.sign(picture("PNG"), "image/png", MADE)


def test_what_a_key_raises_is_told_as_its_absence() -> None:
    class Broken:
        def sign(self, data: bytes) -> bytes:
            raise RuntimeError("broken")

    key = ScriptedKey()
    with pytest.raises(SignerAway, match="RuntimeError: broken"):
        ManifestSigner(key.chain, Broken(), SYSTEM_CLOCK).sign(picture("PNG"), "image/png", MADE)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"credentials_key_file": "k"}, "a key is"),
        ({"credentials_certificate_file": "c"}, "set one of them"),
        (
            {
                "credentials_certificate_file": "c",
                "credentials_key_file": "k",
                "credentials_kms_key": "k",
            },
            "set one of them",
        ),
        ({"credentials_kms_endpoint_url": "http://kms"}, "without effect"),
        (
            {
                "credentials_certificate_file": "c",
                "credentials_key_file": "k",
                "credentials_folder": "f",
            },
            "without effect",
        ),
        ({"credentials_timestamp_url": "ftp://time"}, "must start with"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        CredentialSettings.model_validate(given)


def test_a_local_key_signs_what_its_certificate_verifies() -> None:
    made = issued(rsa.generate_private_key(65537, 2048))
    chain = Chain.read(made.certificate + made.root)
    assert chain.pem.count("BEGIN CERTIFICATE") == 1
    assert isinstance(made.key, rsa.RSAPrivateKey)
    chain.check_signature(LocalKey(made.key, chain.algorithm).sign(b"data"), b"data")


async def test_a_key_that_has_signed_is_asked_again_after_a_while() -> None:
    key = ScriptedKey()
    brief = JobCredentials(key.signer(), sure_s=0)
    await brief.ready()
    await brief.ready()
    assert key.asked == 2
    sure = JobCredentials(key.signer())
    await sure.ready()
    await sure.ready()
    assert key.asked == 3
    key.closed = True
    with pytest.raises(Unsigned, match="the script is closed"):
        await brief.ready()
