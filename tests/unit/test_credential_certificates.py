"""A certificate that cannot sign stops the worker's start, and one that expires is told at once."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from actors.credentials.choice import open_signer
from actors.credentials.expiry import ExpiryWatch
from actors.settings import CredentialSettings
from actors.testing.signing import ScriptedKey
from server.causes import CannotStart
from server.clock import SYSTEM_CLOCK
from tests.signatures import Issued, issued

ELSEWHERE = {
    "timestamps": {"credentials_timestamp_url": "http://127.0.0.1:9/"},
    "kms": {"credentials_kms_key": "alias/a", "credentials_kms_endpoint_url": "http://127.0.0.1:9"},
}
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = x509.KeyUsage(False, True, *[False] * 7)
UNFIT = {
    "has expired": issued(KEY, ends=datetime.now(UTC) - timedelta(days=1)),
    "key usage lacks digitalSignature": issued(KEY, usage=OTHER),
    "the certificate is invalid": issued(KEY, purpose=ExtendedKeyUsageOID.SERVER_AUTH),
    "none that C2PA takes": issued(ec.generate_private_key(ec.SECP256K1())),
}


def settings_of(folder: Path, made: Issued, elsewhere: str) -> CredentialSettings:
    """Writes a certificate and its key, and returns settings that name what is elsewhere, too."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.certificate)
    key.write_bytes(made.key_pem)
    keys = {} if elsewhere == "kms" else {"credentials_key_file": key}
    return CredentialSettings.model_validate(
        {"credentials_certificate_file": certificate, **keys, **ELSEWHERE[elsewhere]}
    )


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize(("why", "made"), UNFIT.items(), ids=UNFIT)
def test_an_unfit_certificate_stops_the_start_whatever_is_elsewhere(
    tmp_path: Path, elsewhere: str, why: str, made: Issued
) -> None:
    with pytest.raises(CannotStart, match=rf"certificate\.pem: .*{why}"):
        open_signer(settings_of(tmp_path, made, elsewhere), SYSTEM_CLOCK)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_a_fit_one_starts_while_what_is_elsewhere_is_away(tmp_path: Path, elsewhere: str) -> None:
    made = issued(KEY)
    signer = open_signer(settings_of(tmp_path, made, elsewhere), SYSTEM_CLOCK)
    assert signer.until == x509.load_pem_x509_certificate(made.certificate).not_valid_after_utc


def test_another_s_key_stops_the_start_with_timestamps_too(tmp_path: Path) -> None:
    made = replace(issued(KEY), key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(CannotStart, match="not that of its certificate"):
        open_signer(settings_of(tmp_path, made, "timestamps"), SYSTEM_CLOCK)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at


class Told(logging.Handler):
    """Keeps the last event that was logged, and tells when one is."""

    def __init__(self) -> None:
        super().__init__()
        self.events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.events.put_nowait((record.levelname, record.getMessage()))


async def test_a_certificate_that_expires_is_told_though_nothing_is_drawn() -> None:
    clock, told = Clock(), Told()
    signer = ScriptedKey(clock=clock).signer()
    log = logging.getLogger("actors.credentials.expiry")
    log.addHandler(told)
    try:
        async with (
            asyncio.timeout(30),
            ExpiryWatch(signer, clock, timedelta(milliseconds=5)).running(),
        ):
            clock.at = signer.until - timedelta(days=29)
            assert await told.events.get() == ("WARNING", "certificate expires soon")
            clock.at = signer.until
            while (event := await told.events.get())[0] == "WARNING":
                pass
            assert event == ("ERROR", "certificate expired")
    finally:
        log.removeHandler(told)
