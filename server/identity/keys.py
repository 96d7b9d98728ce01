"""The keys that tokens are signed with: a shared secret, or a JSON Web Key Set."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWTError

from imggen.v1 import errors_pb2 as reasons
from server.causes import cause_of
from server.errors import Unauthenticated, Unavailable
from server.hidden import without_secrets

_log = logging.getLogger(__name__)

_FETCH_TIMEOUT_S = 5.0


class KeySource(Protocol):
    """Finds the key that a token names."""

    async def key(self, key_id: str | None) -> PyJWK:
        """Returns the key.

        Raises Unauthenticated if there is none, Unavailable if no keys could be read yet.
        """


class SharedSecret:
    """One HS256 secret that the issuer and the gateway share; for development."""

    def __init__(self, secret: str) -> None:
        octets = {"kty": "oct", "alg": "HS256", "k": _base64url(secret.encode())}
        self._key = PyJWK(octets)

    async def key(self, key_id: str | None) -> PyJWK:
        """Returns the secret, whatever key the token names."""
        return self._key


class KeySet:
    """A JSON Web Key Set that is read again when it is old or lacks a key.

    For unknown key ids it is read at most once per `cooldown_s`, so that forged tokens cannot
    flood the issuer with reads. While it cannot be read, the last keys stay valid.
    """

    def __init__(
        self,
        load: Callable[[], PyJWKSet],
        where: str,
        *,
        lifetime_s: float = 300.0,
        cooldown_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._where = where
        self._lifetime_s = lifetime_s
        self._cooldown_s = cooldown_s
        self._clock = clock
        # No `Fresh`: a key that is missing reads the whole set again, however new, and is refused.
        self._keys: dict[str | None, PyJWK] = {}
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()

    @classmethod
    def at(cls, place: str | Path, *, cooldown_s: float = 10.0) -> "KeySet":
        """Returns the set at an http(s) URL, or in a file where `place` is a path."""
        if isinstance(place, Path):
            return cls(lambda: _read(place), str(place), cooldown_s=cooldown_s)
        client = PyJWKClient(place, cache_jwk_set=False, timeout=_FETCH_TIMEOUT_S)
        return cls(client.get_jwk_set, place, cooldown_s=cooldown_s)

    async def key(self, key_id: str | None) -> PyJWK:
        """Returns the key of that id; without an id, the only key of the set."""
        missing = self._find(key_id) is None
        old = self._clock() - self._read_at > self._lifetime_s
        # One caller reads an old set again; the others use the old keys meanwhile.
        if missing or (old and not self._reading.locked()):
            await self._read_again(key_id, old)
        found = self._find(key_id)
        if found is None:
            raise self._unknown(key_id)
        return found

    def _find(self, key_id: str | None) -> PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _read_again(self, key_id: str | None, old: bool) -> None:
        async with self._reading:
            cooling = self._clock() - self._tried_at < self._cooldown_s
            if cooling or (self._find(key_id) is not None and not old):
                return
            self._tried_at = self._clock()
            try:
                keys = await asyncio.to_thread(self._load)
            except (PyJWTError, OSError, ValueError) as error:
                fields = {"where": without_secrets(self._where), "error": cause_of(error)}
                _log.warning("keys not read", extra=fields)
                return
            self._keys = {key.key_id: key for key in keys if key.public_key_use != "enc"}
            self._read_at = self._clock()

    def _unknown(self, key_id: str | None) -> Unauthenticated | Unavailable:
        if self._read_at == float("-inf"):
            return Unavailable(
                "the issuer's keys cannot be read for the moment; try again",
                reasons.ERROR_REASON_KEYS_UNAVAILABLE,
                retry_after=timedelta(seconds=self._cooldown_s),
            )
        name = "an unknown key" if key_id else "a key that it does not name"
        return Unauthenticated(
            f"the token is signed with {name}; get a new one from its issuer",
            reasons.ERROR_REASON_TOKEN_INVALID,
            metadata={"key_id": key_id[:64]} if key_id else None,
        )


def _read(path: Path) -> PyJWKSet:
    return PyJWKSet.from_dict(json.loads(path.read_text()))


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
