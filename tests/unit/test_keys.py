"""When a key set is read, with a clock that the test sets."""

import asyncio
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import PyJWKSet
from jwt.algorithms import ECAlgorithm

from server.errors import Unauthenticated, Unavailable
from server.identity.keys import KeySet


class Issuer:
    """An issuer that lists keys by their ids, counts its reads, and fails while `away`."""

    def __init__(self, *key_ids: str) -> None:
        self.reads = 0
        self.away = False
        self.now = 0.0
        self.set_keys(*key_ids)

    def set_keys(self, *key_ids: str) -> None:
        self._keys = [_jwk(key_id) for key_id in key_ids]

    def load(self) -> PyJWKSet:
        self.reads += 1
        if self.away:
            raise OSError("connection refused")
        return PyJWKSet(self._keys)

    def keys(self) -> KeySet:
        return KeySet(
            self.load, "the issuer", lifetime_s=300, cooldown_s=10, clock=lambda: self.now
        )


async def test_known_keys_need_no_second_read() -> None:
    issuer = Issuer("a", "b")
    keys = issuer.keys()

    assert [(await keys.key(name)).key_id for name in ("a", "b", "a")] == ["a", "b", "a"]
    assert issuer.reads == 1


async def test_callers_at_the_same_time_share_one_read() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()

    await asyncio.gather(*(keys.key("a") for _ in range(20)))

    assert issuer.reads == 1


async def test_an_unknown_key_is_looked_for_once_per_cooldown() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    await keys.key("a")
    issuer.now = 11
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await keys.key("x")
    assert issuer.reads == 2

    issuer.set_keys("a", "x")
    with pytest.raises(Unauthenticated):
        await keys.key("x")
    issuer.now = 22

    assert (await keys.key("x")).key_id == "x"


async def test_a_withdrawn_key_is_forgotten_when_the_set_is_old() -> None:
    issuer = Issuer("a", "b")
    keys = issuer.keys()
    await keys.key("a")
    issuer.set_keys("b")
    issuer.now = 299
    assert (await keys.key("a")).key_id == "a"
    issuer.now = 301

    with pytest.raises(Unauthenticated):
        await keys.key("a")


async def test_keys_stay_good_while_the_issuer_is_away() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    await keys.key("a")
    issuer.away = True
    issuer.now = 400

    assert (await keys.key("a")).key_id == "a"
    assert issuer.reads == 2


async def test_without_any_read_the_keys_are_unavailable() -> None:
    issuer = Issuer("a")
    issuer.away = True

    with pytest.raises(Unavailable, match="the issuer"):
        await issuer.keys().key("a")


async def test_a_token_without_a_key_id_is_checked_with_the_only_key() -> None:
    assert (await Issuer("a").keys().key(None)).key_id == "a"
    with pytest.raises(Unauthenticated, match="does not name"):
        await Issuer("a", "b").keys().key(None)


def _jwk(key_id: str) -> dict[str, str]:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**json.loads(ECAlgorithm.to_jwk(public)), "kid": key_id, "alg": "ES256"}
