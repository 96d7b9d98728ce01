"""Development certificates: made where none is set, and their names say what they are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fcntl import LOCK_EX, flock
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from imggen.rules.credentials import DEVELOPMENT

_FILE, _ROOT = "development.pem", "development-root.pem"
_LASTS = timedelta(days=3650)
_RENEWED = timedelta(days=30)
_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Development:
    """A private key with its certificate, and the root that issued it, all as PEM."""

    key: bytes
    certificate: bytes
    root: bytes

    @classmethod
    def make(cls, now: datetime) -> "Development":
        """Makes one that lasts for ten years; the root's key is thrown away."""
        above, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = (
            _named("root", "root", above, now)
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(key_usage(issues=True), True)
            .sign(above, hashes.SHA256())
        )
        certificate = (
            _named("certificate", "root", own, now)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(key_usage(issues=False), True)
            # One of the purposes that C2PA's specification 2.2, 14.5.1, takes.
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), False
            )
            .sign(above, hashes.SHA256())
        )
        return cls(
            own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            certificate.public_bytes(Encoding.PEM),
            root.public_bytes(Encoding.PEM),
        )

    @classmethod
    def kept(cls, folder: Path, now: datetime) -> "Development":
        """Returns the one in a folder, which is made once, however many processes ask for it.

        One that ends within a month, or is damaged, is replaced once, too. Raises OSError.
        """
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / _FILE
        with _alone_in(folder):
            made = _read(file)
            if made is None or made.ends_by(now + _RENEWED):
                made = cls.make(now)
                _write(file, made.key + made.certificate + made.root)
            root = folder / _ROOT
            if not root.exists() or root.read_bytes() != made.root:
                _write(root, made.root)
        return made

    def ends_by(self, moment: datetime) -> bool:
        """Returns whether the certificate is not valid any more at a moment."""
        return x509.load_pem_x509_certificate(self.certificate).not_valid_after_utc <= moment


def _named(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _name(what: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, DEVELOPMENT),
            x509.NameAttribute(NameOID.COMMON_NAME, f"imggen development {what}"),
        ]
    )


def key_usage(*, issues: bool) -> x509.KeyUsage:
    """Returns what a certificate's key may do: issue certificates, or sign pictures."""
    return x509.KeyUsage(
        digital_signature=not issues,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _read(file: Path) -> Development | None:
    """Returns what a file holds; None for a missing or a damaged one."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    end = b"-----END PRIVATE KEY-----\n"
    key, found, rest = data.partition(end)
    try:
        certificate, root = x509.load_pem_x509_certificates(rest)
    except ValueError:
        return None
    if not found:
        return None
    return Development(
        key + found, certificate.public_bytes(Encoding.PEM), root.public_bytes(Encoding.PEM)
    )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Holds a folder for the block: of processes that start at once, one makes what all have."""
    held = os.open(folder, os.O_RDONLY)
    try:
        flock(held, LOCK_EX)
        yield
    finally:
        os.close(held)  # which gives it free


def _write(file: Path, data: bytes) -> None:
    """Writes a file whole, for its owner only."""
    draft = file.with_name(f".{uuid4().hex}")
    try:
        with open(draft, "xb", opener=_private) as new:
            new.write(data)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
