"""Certificates and keys in PEM: what is none is refused, before gRPC fails with it at each call."""

import ssl
from binascii import Error, a2b_base64
from collections.abc import Iterator
from contextlib import suppress
from re import DOTALL, compile

from imggen.errors import Violation

_KEY = compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s(.+?)-----END", DOTALL)
_CERTIFICATE = compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----\s(.+?)-----END", DOTALL)
_LOCKED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")
_PEM = "in PEM, `-----BEGIN CERTIFICATE-----` and so on"


def are_certificates(pem: bytes) -> bool:
    """Returns whether bytes hold certificates; what else is around them, as in bundles, may be."""
    try:
        # Bundles name their authorities in comments, which need not be ASCII.
        text = pem.decode("ascii", "ignore")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True


def bare_certificates(pem: bytes) -> str:
    """Returns the certificates among bytes as PEM and nothing else, in their order.

    What does not read bundles takes that. What is damaged is left out.
    """
    return "".join(map(ssl.DER_cert_to_PEM_cert, _certificates(pem)))


def _certificates(pem: bytes) -> Iterator[bytes]:
    for found in _CERTIFICATE.finditer(pem):
        with suppress(Error):
            yield a2b_base64(found[1])


def faults_of(roots: bytes | None, certificate: bytes | None, key: bytes | None) -> list[Violation]:
    """Returns what is wrong with the certificates and the key of a client."""
    return list(_faults(roots, certificate, key))


def _faults(
    roots: bytes | None, certificate: bytes | None, key: bytes | None
) -> Iterator[Violation]:
    if roots is not None and not are_certificates(roots):
        yield Violation("root_certificates", f"holds no certificates of authorities {_PEM}")
    if certificate is not None and not are_certificates(certificate):
        yield Violation("client_certificate", f"holds no certificate {_PEM}")
    if key is not None and any(mark in key for mark in _LOCKED):
        yield Violation("client_key", "is encrypted; give it without a passphrase")
    elif key is not None and not _is_key(key):
        yield Violation(
            "client_key", "holds no private key in PEM, `-----BEGIN PRIVATE KEY-----` and so on"
        )


def _is_key(pem: bytes) -> bool:
    found = _KEY.search(pem)
    try:
        return found is not None and bool(a2b_base64(found[1]))
    except Error:
        return False
