"""Accepted and refused tokens, over a real channel; key sets come from a real HTTP server."""

import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest

from server.identity.caller import Caller, caller
from server.identity.keys import KeySet
from server.settings import DEVELOPMENT_SECRET
from tests.endpoint import Failure, failure, running_endpoint
from tests.signers import Signer, key_server, valid_claims

OK = grpc.StatusCode.OK
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
RSA = Signer("rsa-1", "RS256")
EC = Signer("ec-1", "ES256")


def _with_header(header: dict[str, Any]) -> str:
    """Returns a token with any header, and a signature that is none."""
    parts = (json.dumps(header).encode(), json.dumps(valid_claims()).encode(), b"none")
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _signed(secret: str = DEVELOPMENT_SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode(valid_claims(**claims), secret, algorithm)


def _payload(text: str) -> str:
    """Returns a token that is signed well over a payload that need not be JSON."""
    return jwt.PyJWS().encode(text.encode(), DEVELOPMENT_SECRET, "HS256")


@pytest.mark.parametrize(
    ("token", "reason", "hint"),
    [
        (_signed(exp=time.time() - 60), "TOKEN_EXPIRED", "get a new one from imggen-dev"),
        (_signed(aud="printing"), "TOKEN_AUDIENCE", '"imggen"'),
        (_signed(aud=None), "TOKEN_AUDIENCE", '"imggen"'),
        (_signed(iss="somebody"), "TOKEN_AUDIENCE", '"imggen-dev"'),
        (_signed(iss=None), "TOKEN_AUDIENCE", '"imggen-dev"'),
        (_signed(secret="another-secret-of-thirty-two-bytes"), "TOKEN_INVALID", "HS256"),
        (_signed(secret="another-secret-of-thirty-two-bytes", exp=1), "TOKEN_INVALID", "HS256"),
        (_signed(exp=None), "TOKEN_INVALID", "exp"),
        (_signed(sub=None), "TOKEN_INVALID", "sub"),
        (_signed(sub=""), "TOKEN_INVALID", "sub"),
        (_signed(sub="x" * 300), "TOKEN_INVALID", "sub"),
        (_signed(nbf=time.time() + 86_400), "TOKEN_INVALID", "not yet valid"),
        (_signed(exp="soon"), "TOKEN_INVALID", "(exp) must be an integer"),
        (_signed(exp=-(10**20)), "TOKEN_EXPIRED", "get a new one from imggen-dev"),
        (_signed(exp=int("9" * 4000)), "TOKEN_INVALID", "(exp) is no time"),
        (_signed(exp=int("9" * 4300)), "TOKEN_INVALID", "(exp) is no time"),
        (_signed(exp=float("inf")), "TOKEN_INVALID", "(exp) must be an integer"),
        (_signed(exp=float("nan")), "TOKEN_INVALID", "(exp) must be an integer"),
        (_signed(nbf=int("9" * 4000)), "TOKEN_INVALID", "not yet valid"),
        (_signed(sub="\ud800"), "TOKEN_INVALID", "characters of Unicode"),
        (_signed(sub="mia\0"), "TOKEN_INVALID", "no NUL"),
        (_signed(sub=["mia"]), "TOKEN_INVALID", "Subject must be a string"),
        (_signed(aud=[["imggen"]]), "TOKEN_AUDIENCE", '"imggen"'),
        (_payload("[" * 3000), "TOKEN_INVALID", "the token is not a JWT"),
        (_payload('{"exp":' + "9" * 4301 + "}"), "TOKEN_INVALID", "the token is not a JWT"),
        (_signed(algorithm="HS512", secret=DEVELOPMENT_SECRET * 2), "TOKEN_INVALID", "HS256"),
        (jwt.encode(valid_claims(), "", "none"), "TOKEN_INVALID", "HS256"),
        (EC.token(), "TOKEN_INVALID", "HS256"),
        ("not-a-token", "TOKEN_INVALID", "the token is not a JWT; use one that imggen-dev signed"),
        ("a.b.c", "TOKEN_INVALID", "the token is not a JWT; use one that imggen-dev signed"),
    ],
)
async def test_a_bad_token_is_refused_with_its_own_reason(
    token: str, reason: str, hint: str
) -> None:
    async with running_endpoint() as gateway:
        failed = await failure(await gateway.list_styles(gateway.bearer(token)))

    assert (failed.code, failed.reason) == (UNAUTHENTICATED, reason)
    assert hint in failed.message
    assert token not in failed.message


async def test_a_token_that_was_made_by_a_clock_that_is_ahead_is_taken() -> None:
    async with running_endpoint() as gateway:
        for iat in (time.time() + 3600, 10**20, "soon"):
            call = await gateway.list_styles(gateway.bearer(_signed(iat=iat)))
            assert await call.code() is OK


async def test_unknown_roles_are_ignored() -> None:
    seen: list[Caller] = []

    async def answer() -> None:
        seen.append(caller())

    async with running_endpoint(answer) as gateway:
        for roles in (["admin", "cook", 7], "admin", None):
            await gateway.list_styles(gateway.bearer(_signed(roles=roles)))

    assert [sorted(somebody.roles) for somebody in seen] == [["admin"], [], []]


async def test_a_token_is_refused_once_it_expires_though_it_was_accepted_before() -> None:
    async with running_endpoint(jwt_leeway_s=0) as gateway:
        token = _signed(exp=int(time.time()) + 3)
        taken = await (await gateway.list_styles(gateway.bearer(token))).code()
        failed = await _until_refused(gateway, token)

    assert taken is OK
    assert failed.reason == "TOKEN_EXPIRED"


@pytest.mark.parametrize("signer", [RSA, EC], ids=["RS256", "ES256"])
async def test_a_token_signed_with_a_listed_key_is_accepted(signer: Signer) -> None:
    async with (
        key_server(RSA, EC) as issuer,
        running_endpoint(jwks_url=issuer.url) as gateway,
    ):
        for _ in range(3):
            call = await gateway.list_styles(gateway.bearer(signer.token()))
            assert await call.code() is OK

        assert issuer.requests == 1


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (RSA.token(exp=1), "TOKEN_EXPIRED"),
        (RSA.token(aud="printing"), "TOKEN_AUDIENCE"),
        (Signer("rsa-1", "RS256").token(), "TOKEN_INVALID"),
        (Signer("rsa-9", "RS256").token(), "TOKEN_INVALID"),
        (Signer(None, "RS256").token(), "TOKEN_INVALID"),
        (_signed(), "TOKEN_INVALID"),
        # The public key as an HMAC secret: the classic algorithm confusion attack.
        (jwt.encode(valid_claims(), RSA.jwk["n"], "HS256", {"kid": "rsa-1"}), "TOKEN_INVALID"),
        # What is no Unicode, in a field that the refusal names.
        (
            jwt.encode(valid_claims(), DEVELOPMENT_SECRET, "HS256", {"kid": "\ud800"}),
            "TOKEN_INVALID",
        ),
        # Headers that PyJWT refuses before it looks at the rest.
        (_with_header({"alg": "RS256", "kid": 1}), "TOKEN_INVALID"),
        (_with_header({"alg": "RS256", "kid": "rsa-1", "crit": ["\ud800"]}), "TOKEN_INVALID"),
        (_with_header({"alg": "RS256", "kid": "rsa-1", "crit": "b64"}), "TOKEN_INVALID"),
    ],
)
async def test_a_bad_token_is_refused_with_a_key_set_too(token: str, reason: str) -> None:
    async with (
        key_server(RSA, EC) as issuer,
        running_endpoint(jwks_url=issuer.url) as gateway,
    ):
        failed = await failure(await gateway.list_styles(gateway.bearer(token)))

    assert (failed.code, failed.reason) == (UNAUTHENTICATED, reason)
    assert issuer.url not in failed.message


async def test_a_new_key_of_the_issuer_is_found() -> None:
    new = Signer("rsa-2", "RS256")
    async with (
        key_server(RSA) as issuer,
        running_endpoint(jwks_url=issuer.url, jwks_cooldown_s=0) as gateway,
    ):
        first = await gateway.list_styles(gateway.bearer(RSA.token()))
        issuer.keys = [new.jwk]
        second = await gateway.list_styles(gateway.bearer(new.token()))
        failed = await failure(await gateway.list_styles(gateway.bearer(RSA.token(jti="2"))))

        assert (await first.code(), await second.code()) == (OK, OK)
    assert failed.reason == "TOKEN_INVALID"
    assert failed.metadata == {"key_id": "rsa-1"}


async def test_forged_key_ids_do_not_make_the_gateway_hammer_the_issuer() -> None:
    async with (
        key_server(RSA) as issuer,
        running_endpoint(
            keys=KeySet.at(issuer.url, cooldown_s=600), jwks_url=issuer.url
        ) as gateway,
    ):
        for number in range(10):
            forged = Signer(f"forged-{number}", "ES256").token()
            failed = await failure(await gateway.list_styles(gateway.bearer(forged)))
            assert failed.reason == "TOKEN_INVALID"

        assert issuer.requests == 1


async def test_an_issuer_that_is_away_makes_the_call_unavailable_at_first() -> None:
    async with (
        key_server(RSA) as issuer,
        running_endpoint(jwks_url=issuer.url, jwks_cooldown_s=0) as gateway,
    ):
        issuer.broken = True
        failed = await failure(await gateway.list_styles(gateway.bearer(RSA.token())))
        issuer.broken = False
        taken = await (await gateway.list_styles(gateway.bearer(RSA.token()))).code()
        issuer.broken = True
        unknown = await failure(await gateway.list_styles(gateway.bearer(EC.token())))
        still = await (await gateway.list_styles(gateway.bearer(RSA.token(jti="2")))).code()

    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "KEYS_UNAVAILABLE")
    assert failed.retry_after_s is not None
    assert issuer.url not in failed.message
    assert (taken, still) == (OK, OK)
    assert unknown.reason == "TOKEN_INVALID"


async def test_a_key_set_in_a_file_is_read_again_for_a_new_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [RSA.jwk]}))
    async with running_endpoint(jwks_file=path, jwks_cooldown_s=0) as gateway:
        first = await gateway.list_styles(gateway.bearer(RSA.token()))
        path.write_text(json.dumps({"keys": [RSA.jwk, EC.jwk]}))
        second = await gateway.list_styles(gateway.bearer(EC.token()))

        assert (await first.code(), await second.code()) == (OK, OK)
        failed = await failure(
            await gateway.list_styles(gateway.bearer(Signer("x", "RS256").token()))
        )
    assert str(path) not in failed.message


async def _until_refused(gateway: Any, token: str) -> Failure:
    while True:
        call = await gateway.list_styles(gateway.bearer(token))
        if await call.code() is not OK:
            return await failure(call)
