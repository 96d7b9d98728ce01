"""How keys of each kind sign, by C2PA's specification 2.2, 13.2.1."""

from dataclasses import dataclass
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_RSA_BITS_MIN = 2048


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm by its names: COSE's, and that of AWS KMS, which is empty for none."""

    name: str
    kms: str
    digest: hashes.HashAlgorithm

    def digest_of(self, data: bytes) -> bytes:
        """Returns what a key signs of some bytes."""
        hashing = hashes.Hash(self.digest)
        hashing.update(data)
        return hashing.finalize()

    def sign(self, key: PrivateKey, data: bytes) -> bytes:
        """Returns the signature of some bytes, that of an elliptic curve as DER."""
        match key:
            case ec.EllipticCurvePrivateKey():
                return key.sign(data, ec.ECDSA(self.digest))
            case rsa.RSAPrivateKey():
                return key.sign(data, self._padding, self.digest)
            case ed25519.Ed25519PrivateKey():
                return key.sign(data)

    def is_signed(self, key: CertificatePublicKeyTypes, signature: bytes, data: bytes) -> bool:
        """Returns whether a signature of some bytes was made with the other half of a key."""
        try:
            match key:
                case ec.EllipticCurvePublicKey():
                    key.verify(signature, data, ec.ECDSA(self.digest))
                case rsa.RSAPublicKey():
                    key.verify(signature, data, self._padding, self.digest)
                case ed25519.Ed25519PublicKey():
                    key.verify(signature, data)
                case _:
                    return False
        except InvalidSignature:
            return False
        return True

    @property
    def _padding(self) -> padding.PSS:
        return padding.PSS(padding.MGF1(self.digest), self.digest.digest_size)


_BY_CURVE = {
    "secp256r1": Algorithm("es256", "ECDSA_SHA_256", hashes.SHA256()),
    "secp384r1": Algorithm("es384", "ECDSA_SHA_384", hashes.SHA384()),
    "secp521r1": Algorithm("es512", "ECDSA_SHA_512", hashes.SHA512()),
}
_RSA = Algorithm("ps256", "RSASSA_PSS_SHA_256", hashes.SHA256())
_EDWARDS = Algorithm("ed25519", "", hashes.SHA512())


def algorithm_of(key: CertificatePublicKeyTypes) -> Algorithm:
    """Returns how a key signs; raises ValueError for one that C2PA does not take."""
    match key:
        case ec.EllipticCurvePublicKey() if key.curve.name in _BY_CURVE:
            return _BY_CURVE[key.curve.name]
        case rsa.RSAPublicKey() if key.key_size >= _RSA_BITS_MIN:
            return _RSA
        case ed25519.Ed25519PublicKey():
            return _EDWARDS
        case _:
            raise ValueError(
                "its key is none that C2PA takes; use one of P-256, P-384 or P-521, Ed25519, or "
                f"RSA with {_RSA_BITS_MIN} bits or more"
            )
