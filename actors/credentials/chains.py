"""The certificates of a signer: its own one, and those between it and a root."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

from actors.credentials.algorithms import Algorithm, algorithm_of
from actors.credentials.base import SignerAway

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_ISSUED_BY = {
    *(SignatureAlgorithmOID.ECDSA_WITH_SHA256, SignatureAlgorithmOID.ECDSA_WITH_SHA384),
    *(SignatureAlgorithmOID.ECDSA_WITH_SHA512, SignatureAlgorithmOID.ED25519),
    *(SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.RSA_WITH_SHA384),
    *(SignatureAlgorithmOID.RSA_WITH_SHA512, SignatureAlgorithmOID.RSASSA_PSS),
}
"""The signatures of certificates that C2PA takes, by its specification 2.2, 14.5.1.1."""


class ChainInvalid(ValueError):
    """Raised for certificates that cannot sign content credentials, and says why."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Certificates as PEM, the signer's own first, and how its key signs."""

    pem: str
    own: x509.Certificate
    algorithm: Algorithm

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """Reads certificates; raises ChainInvalid."""
        try:
            certificates = x509.load_pem_x509_certificates(pem)
        except ValueError as error:
            raise ChainInvalid(f"it has no certificates as PEM ({error})") from error
        own, last = certificates[0], certificates[-1]
        if len(certificates) > 1 and last.issuer == last.subject:
            certificates.pop()  # by C2PA's specification 2.2, 14.5, roots are not sent
        try:
            algorithm = algorithm_of(own.public_key())
        except ValueError as error:
            raise ChainInvalid(str(error)) from error
        sent = "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)
        return cls(sent, own, algorithm)

    def check_fit(self, now: datetime) -> None:
        """Raises ChainInvalid, with all that is wrong, where the certificate signs no picture now.

        The rules are those of C2PA's specification 2.2, 14.5.1.1. Its purposes are not checked:
        the library has the list of those that C2PA takes.
        """
        wrong = list(self._faults())
        try:
            self.check_time(now)
        except SignerAway as error:
            wrong.append(str(error))
        if wrong:
            raise ChainInvalid("; ".join(wrong))

    def _faults(self) -> Iterator[str]:
        if self.own.version is not x509.Version.v3:
            yield "its certificate is not of X.509 version 3"
        if self.own.signature_algorithm_oid not in _ISSUED_BY:
            yield (
                f"its certificate is issued by {self.own.signature_algorithm_oid._name}; it must "
                "be by ECDSA, RSA or Ed25519 with SHA-256 or better"
            )
        basic = _extension(self.own, x509.BasicConstraints)
        if basic is not None and basic.ca:
            yield "its certificate is that of an authority; use one that it has issued"
        usage = _extension(self.own, x509.KeyUsage)
        if usage is None or not usage.digital_signature:
            yield "its certificate's key usage lacks digitalSignature"
        if _extension(self.own, x509.ExtendedKeyUsage) is None:
            yield "its certificate has no extended key usage; it must have one for signing"

    def check_time(self, now: datetime) -> None:
        """Raises SignerAway where the certificate is not valid now."""
        begin, end = self.own.not_valid_before_utc, self.own.not_valid_after_utc
        if now >= end:
            raise SignerAway(f"its certificate has expired, at {end.isoformat()}; renew it")
        if now < begin:
            raise SignerAway(f"its certificate is not valid before {begin.isoformat()}")

    def check_signature(self, signature: bytes, data: bytes) -> None:
        """Raises SignerAway for a signature that another key made."""
        if not self.algorithm.is_signed(self.own.public_key(), signature, data):
            raise SignerAway("its key is not that of its certificate; use the two that fit")


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
