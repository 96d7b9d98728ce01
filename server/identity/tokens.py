"""Tokens: verifies JSON Web Tokens, and mints them for development."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from imggen.v1 import errors_pb2 as reasons
from server.clock import SYSTEM_CLOCK, Clock, steady_s
from server.errors import Unauthenticated
from server.identity.caller import Caller, Role, user_id_of
from server.identity.keys import KeySource

_REQUIRED = ["exp", "iss", "aud", "sub"]
_LONGEST_SUBJECT = 255
_LATEST = 2**63 - 1  # some issuers count in milliseconds, none in more digits than these
_MALFORMED = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What PyJWT 2.15 lets pass of a token that nobody should have signed, like `exp` of 1e999."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say to be accepted; `leeway_s` allows for clocks that differ."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    leeway_s: float = 0.0


class TokenVerifier:
    """Turns a bearer token into its Caller.

    A verified token is remembered by its digest until it expires, for `remember_s` seconds at
    most, since checking a signature costs more than the rest of a call. The limit also bounds
    how long a token is accepted after its key was withdrawn.
    """

    def __init__(
        self,
        keys: KeySource,
        rules: TokenRules,
        clock: Clock = SYSTEM_CLOCK,
        *,
        remember_s: float = 60.0,
        remember_most: int = 4096,
        steady: Callable[[], float] = steady_s,
    ) -> None:
        """Takes the time by which tokens end, and a steady clock by which they are forgotten."""
        self._keys = keys
        self._steady = steady
        self._clock = clock
        self._rules = rules
        self._remember_s = remember_s
        self._remember_most = remember_most
        # No `Fresh`: nothing is loaded here, and each token has its own time until it is forgotten.
        self._remembered: dict[bytes, tuple[Caller, float]] = {}

    async def verify(self, token: str) -> Caller:
        """Returns the caller that the token speaks for; raises Unauthenticated if it is refused."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        # Not by the clock, which somebody may set back.
        if known is not None and self._steady() < known[1]:
            return known[0]
        claims = await self._claims(token)
        caller = _caller(claims)
        left_s = int(claims["exp"]) + self._rules.leeway_s - self._clock.now().timestamp()
        self._remember(digest, caller, self._steady() + min(left_s, self._remember_s))
        return caller

    def _remember(self, digest: bytes, caller: Caller, until: float) -> None:
        self._remembered.pop(digest, None)
        if len(self._remembered) >= self._remember_most:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = (caller, until)

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            key_id = _key_id(token)
        except (jwt.PyJWTError, *_MALFORMED) as error:
            raise self._refusal(token, error) from error
        key = await self._keys.key(key_id)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(self._rules.algorithms),
                issuer=self._rules.issuer,
                audience=self._rules.audience,
                # When it was made refuses nobody: the issuer's clock may be ahead. The other times
                # are not compared with those of this machine, as PyJWT would.
                options={
                    "require": _REQUIRED,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            self._check_times(claims)
            return claims
        except (jwt.PyJWTError, *_MALFORMED) as error:
            raise self._refusal(token, error) from error

    def _check_times(self, claims: dict[str, Any]) -> None:
        now, leeway_s = self._clock.now().timestamp(), self._rules.leeway_s
        expires, begins = _seconds(claims, "exp"), _seconds(claims, "nbf")
        if begins > now + leeway_s:
            raise jwt.ImmatureSignatureError("The token is not yet valid (nbf)")
        if expires <= now - leeway_s:
            raise jwt.ExpiredSignatureError("Signature has expired")
        if expires > _LATEST:
            raise jwt.DecodeError("Expiration Time claim (exp) is no time")

    def _refusal(self, token: str, error: Exception) -> Unauthenticated:
        rules = self._rules
        match error:
            case jwt.ExpiredSignatureError():
                return Unauthenticated(
                    f"the token has expired; get a new one from {rules.issuer}",
                    reasons.ERROR_REASON_TOKEN_EXPIRED,
                    metadata={"expired_at": _expiry(token)},
                )
            case (
                jwt.InvalidAudienceError()
                | jwt.InvalidIssuerError()
                | jwt.MissingRequiredClaimError(claim="aud" | "iss")
            ):
                return Unauthenticated(
                    f"the token is not for this service: {error}; "
                    f'it must have the audience "{rules.audience}" and the issuer "{rules.issuer}"',
                    reasons.ERROR_REASON_TOKEN_AUDIENCE,
                )
            case _:
                said = (
                    str(error) if isinstance(error, jwt.PyJWTError) else "a claim is no such value"
                )
                problem = f"is not valid: {said}" if _is_jwt(token) else "is not a JWT"
                return Unauthenticated(
                    f"the token {problem}; use one that {rules.issuer} signed "
                    f"with {' or '.join(rules.algorithms)}, with exp, iss, aud and sub",
                    reasons.ERROR_REASON_TOKEN_INVALID,
                )


def mint_token(
    secret: str,
    *,
    issuer: str,
    audience: str,
    subject: str,
    roles: Sequence[Role] = (),
    ttl_s: float = 3600.0,
) -> str:
    """Returns an HS256 token that is valid for `ttl_s` seconds from now."""
    now = SYSTEM_CLOCK.now().timestamp()
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "roles": [role.value for role in roles],
        "iat": int(now),
        "exp": int(now + ttl_s),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def _seconds(claims: dict[str, Any], name: str) -> int:
    """Returns a time of a token in seconds; 0 where it has none."""
    try:
        return int(claims.get(name, 0))
    except _MALFORMED as error:
        raise jwt.DecodeError(f"the claim ({name}) must be an integer") from error


def _key_id(token: str) -> str | None:
    key_id = jwt.get_unverified_header(token).get("kid")
    return key_id if isinstance(key_id, str) else None


def _is_jwt(token: str) -> bool:
    try:
        jwt.decode(token, options={"verify_signature": False})
    except (jwt.DecodeError, *_MALFORMED):
        return False
    except jwt.PyJWTError:  # its header has what no JWT of ours has
        return True
    return True


def _expiry(token: str) -> str:
    # Its signature was verified before its expiry was looked at.
    seconds = jwt.decode(token, options={"verify_signature": False})["exp"]
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat()
    except (*_MALFORMED, OSError):
        return datetime.min.replace(tzinfo=UTC).isoformat()


def _caller(claims: dict[str, Any]) -> Caller:
    subject, issuer = claims["sub"], claims["iss"]
    if not 0 < len(subject) <= _LONGEST_SUBJECT or not _is_storable(subject):
        raise Unauthenticated(
            f"the token's sub must have 1 to {_LONGEST_SUBJECT} characters of Unicode, and no NUL",
            reasons.ERROR_REASON_TOKEN_INVALID,
        )
    return Caller(user_id_of(issuer, subject), subject, issuer, _roles(claims.get("roles")))


def _is_storable(text: str) -> bool:
    """Returns whether Postgres takes a text: JSON can hold a half of a pair of UTF-16, and NUL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _roles(claim: object) -> frozenset[Role]:
    named = claim if isinstance(claim, list) else []
    return frozenset(role for role in Role if role in named)
