"""The certificates of a signer: its own one, and those between it and a root."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from actors.credentials.algorithms import Algorithm, algorithm_of
from actors.credentials.base import SignerAway


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
