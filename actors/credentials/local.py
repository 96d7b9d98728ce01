"""A private key in this process, read from a file."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from actors.credentials.algorithms import Algorithm, PrivateKey


class KeyInvalid(ValueError):
    """Raised for a file that has no private key that signs, and says why."""


class LocalKey:
    """Signs with a private key that it holds."""

    def __init__(self, key: PrivateKey, algorithm: Algorithm) -> None:
        self._key = key
        self._algorithm = algorithm

    def sign(self, data: bytes) -> bytes:
        """Returns the signature of some bytes."""
        return self._algorithm.sign(self._key, data)


def read_key(pem: bytes) -> PrivateKey:
    """Reads a private key without a password; raises KeyInvalid."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyInvalid(f"it has no private key as PEM without a password ({error})") from error
    match key:
        case ec.EllipticCurvePrivateKey() | rsa.RSAPrivateKey() | ed25519.Ed25519PrivateKey():
            return key
        case _:
            raise KeyInvalid("its key does not sign; use an elliptic curve's, Ed25519 or RSA")
