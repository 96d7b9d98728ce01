"""The choice of a worker's signer from its settings."""

import logging
from pathlib import Path

from actors.credentials.base import Key, PictureSigner, SignerAway
from actors.credentials.chains import Chain, ChainInvalid
from actors.credentials.development import Development
from actors.credentials.local import KeyInvalid, LocalKey, read_key
from actors.settings.credentials import CredentialSettings
from server.causes import CannotStart, cause_of
from server.clock import Clock

_log = logging.getLogger(__name__)


def open_signer(settings: CredentialSettings, clock: Clock) -> PictureSigner:
    """Returns the signer that the settings name; blocks for some tenths of a second.

    Raises CannotStart for files that do not fit, for a certificate that signs no pictures now,
    and where the library is not usable. A key that is elsewhere and a timestamp server are not
    asked yet: they may be away.
    """
    chain, key = _development(settings, clock) or _named(settings)
    try:
        # It takes some tenths of a second to import.
        from actors.credentials.manifest import ManifestSigner
    except (ImportError, OSError) as error:
        raise CannotStart(
            f"content credentials: c2pa-python cannot be used ({error}); on Linux its wheels need "
            "glibc 2.34 or later",
            lasting=True,
        ) from error
    named = settings.credentials_certificate_file or "the development certificate"
    try:
        chain.check_fit(clock.now())
        if settings.credentials_kms_key is None:
            # Without the timestamp server, which may be away: nothing else is asked of a network.
            ManifestSigner(chain, key, clock).check()
        else:
            ManifestSigner(chain, key, clock).check_certificate()
    except (ChainInvalid, SignerAway) as error:
        raise CannotStart(f"content credentials: {named}: {error}", lasting=True) from error
    return ManifestSigner(chain, key, clock, settings.credentials_timestamp_url)


def _development(settings: CredentialSettings, clock: Clock) -> tuple[Chain, Key] | None:
    """Returns a development certificate with its key; None where another one is set."""
    if settings.credentials_certificate_file is not None:
        return None
    folder = settings.credentials_folder
    try:
        made = Development.kept(folder, clock.now()) if folder else Development.make(clock.now())
    except OSError as error:
        raise CannotStart(
            f"IMGGEN_CREDENTIALS_FOLDER: {folder} cannot be used: {cause_of(error)}", lasting=True
        ) from error
    chain = Chain.read(made.certificate)
    fields = {"folder": str(folder or ""), "until": chain.own.not_valid_after_utc.isoformat()}
    _log.warning("development certificate", extra=fields)
    return chain, LocalKey(read_key(made.key), chain.algorithm)


def _named(settings: CredentialSettings) -> tuple[Chain, Key]:
    file = settings.credentials_certificate_file
    name = "IMGGEN_CREDENTIALS_CERTIFICATE_FILE"
    try:
        chain = Chain.read(_bytes(name, file))
    except ChainInvalid as error:
        raise CannotStart(f"{name}: {file}: {error}", lasting=True) from error
    if settings.credentials_kms_key is None:
        return chain, _local(settings.credentials_key_file, chain)
    if not chain.algorithm.kms:
        raise CannotStart(
            f"{name}: {file}: KMS has no such keys; use P-256, P-384, P-521 or RSA", lasting=True
        )
    # boto3 takes half a second to import, and most workers do without KMS.
    from actors.credentials.kms import KmsKey, KmsUnusable

    try:
        url = settings.credentials_kms_endpoint_url
        return chain, KmsKey(settings.credentials_kms_key, chain.algorithm, url)
    except KmsUnusable as error:
        raise CannotStart(f"IMGGEN_CREDENTIALS_KMS_KEY: {error}", lasting=True) from error


def _local(file: Path | None, chain: Chain) -> LocalKey:
    name = "IMGGEN_CREDENTIALS_KEY_FILE"
    try:
        return LocalKey(read_key(_bytes(name, file)), chain.algorithm)
    except KeyInvalid as error:
        raise CannotStart(f"{name}: {file}: {error}", lasting=True) from error


def _bytes(name: str, file: Path | None) -> bytes:
    try:
        return file.read_bytes() if file else b""
    except OSError as error:
        raise CannotStart(f"{name}: {cause_of(error)}", lasting=True) from error
