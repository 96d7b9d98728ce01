"""Token issuers for tests, and an HTTP server that lists their keys."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm


class Signer:
    """An issuer's key: signs tokens, and describes its public half as a JWK."""

    def __init__(self, key_id: str | None, algorithm: str) -> None:
        self.key_id = key_id
        self.algorithm = algorithm
        self._key: Any = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if algorithm == "RS256"
            else ec.generate_private_key(ec.SECP256R1())
        )

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as a key set lists it."""
        kind = RSAAlgorithm if self.algorithm == "RS256" else ECAlgorithm
        described = json.loads(kind.to_jwk(self._key.public_key()))
        return {**described, "kid": self.key_id, "alg": self.algorithm, "use": "sig"}

    def token(self, **claims: Any) -> str:
        """Signs a token with valid claims, changed by `claims`; None leaves one out."""
        headers = {"kid": self.key_id} if self.key_id else None
        return jwt.encode(valid_claims(**claims), self._key, self.algorithm, headers)


def valid_claims(**changed: Any) -> dict[str, Any]:
    """Returns claims that the gateway accepts, changed by `changed`; None leaves one out."""
    expiry = time.time() + 3600
    claims = {"iss": "imggen-dev", "aud": "imggen", "sub": "mia", "exp": expiry} | changed
    return {name: value for name, value in claims.items() if value is not None}


@dataclass
class KeyServer:
    """A list of keys at `url`; counts its requests, and fails while `broken`."""

    url: str
    keys: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    broken: bool = False

    async def answer(self, _request: web.Request) -> web.Response:
        """Answers one request."""
        self.requests += 1
        if self.broken:
            return web.Response(status=503)
        return web.json_response({"keys": self.keys})


@asynccontextmanager
async def key_server(*signers: Signer) -> AsyncIterator[KeyServer]:
    """Serves the public keys of the signers over HTTP."""
    server = KeyServer("", [signer.jwk for signer in signers])
    app = web.Application()
    app.router.add_get("/keys.json", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}/keys.json"
        yield server
    finally:
        await runner.cleanup()
