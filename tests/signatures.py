"""Certificates and a KMS for tests of content credentials."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from actors.credentials.development import key_usage

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate of an authority, as PEM, and the key of the certificate."""

    key: SigningKey
    certificate: bytes
    root: bytes

    @property
    def key_pem(self) -> bytes:
        kind = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(
            serialization.Encoding.PEM, kind, serialization.NoEncryption()
        )


def issued(
    key: SigningKey,
    *,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ends: datetime | None = None,
    organization: str = "A Publisher",
    usage: x509.KeyUsage | None = None,
) -> Issued:
    """Issues a certificate for a key."""
    authority, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    above = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "An Authority")])
    begin, end = now - timedelta(days=30), ends or now + timedelta(days=30)

    def started(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(above)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )

    public = authority.public_key()
    root = (
        started(above, public)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(key_usage(issues=True), True)
        .sign(authority, hashes.SHA256())
    )
    own = (
        started(name, key.public_key())
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(usage or key_usage(issues=False), True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return Issued(key, own.public_bytes(pem), root.public_bytes(pem))


@dataclass
class Kms:
    """A server that speaks KMS's API for one key; it answers `fault` instead where one is set."""

    key: SigningKey
    url: str = ""
    fault: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        digest = base64.b64decode(request["Message"])
        chosen = utils.Prehashed(hashes.SHA256())
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            signature = self.key.sign(digest, ec.ECDSA(chosen))
        else:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            signature = self.key.sign(digest, pss, chosen)
        return {"Signature": base64.b64encode(signature).decode()}


@contextmanager
def kms_of(key: SigningKey) -> Iterator[Kms]:
    """Runs a KMS that holds a key."""
    kms = Kms(key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kms.asked.append({"target": self.headers["X-Amz-Target"], **json.loads(body)})
            answer = (
                {"__type": kms.fault, "message": "as the test wants"}
                if kms.fault
                else kms.answer(kms.asked[-1])
            )
            data = json.dumps(answer).encode()
            self.send_response(400 if kms.fault else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kms.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield kms
        finally:
            server.shutdown()
            thread.join()


def picture(kind: str, side: int = 64) -> bytes:
    """Returns the file of a picture of noise."""
    pixels = np.random.default_rng(7).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=90)
    return buffer.getvalue()


def pixels_of(file: bytes) -> np.ndarray[Any, Any]:
    """Returns the pixels in a file."""
    with Image.open(BytesIO(file)) as image:
        return np.asarray(image.convert("RGB"))
