"""Signed URLs of a folder's objects, valid until they expire."""

import base64
import hmac
from datetime import UTC, datetime
from enum import Enum

from server.clock import SYSTEM_CLOCK, Clock
from server.storage.keys import check_key


class Verdict(Enum):
    """The result of checking a signature."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "forged"


def seconds_until(expires_at: datetime, now: datetime) -> int:
    """Returns the whole seconds until then; raises ValueError if there are none."""
    left = int(expires_at.timestamp()) - int(now.timestamp())
    if left <= 0:
        raise ValueError(
            f"expires_at: {expires_at.isoformat()} has passed; "
            f"use a time after {now.astimezone(UTC).isoformat()}"
        )
    return left


class UrlSigner:
    """Signs `BASE/media/KEY?expires=SECONDS&signature=...` with HMAC-SHA256."""

    def __init__(self, secret: str, base_url: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self._secret = secret.encode()
        self._media_url = f"{base_url.rstrip('/')}/media/"

    def sign(self, key: str, expires_at: datetime) -> str:
        """Returns the URL of an object; it works until `expires_at`, in whole seconds."""
        check_key(key)
        seconds_until(expires_at, self.clock.now())
        expires = str(int(expires_at.timestamp()))
        signature = self._signature(key, expires)
        return f"{self._media_url}{key}?expires={expires}&signature={signature}"

    def verify(self, key: str, expires: str, signature: str, now: float) -> Verdict:
        """Checks that this signer made the signature for this key, and that it has not expired.

        `expires` is the URL's parameter, `now` is in seconds since 1970.
        """
        # The texts are compared, since two texts can decode to the same bytes.
        expected = self._signature(key, expires).encode()
        if not hmac.compare_digest(expected, signature.encode("utf-8", "surrogatepass")):
            return Verdict.FORGED
        return Verdict.VALID if now < int(expires) else Verdict.EXPIRED

    def _signature(self, key: str, expires: str) -> str:
        # The prefix keeps signatures that the secret may make for other uses from signing URLs.
        message = f"imggen-media\n{expires}\n{key}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._secret, message, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
