"""Alerts as they are sent: their text, their signature, and when a failed one is sent again."""

import hashlib
import hmac
import json
from datetime import timedelta

from server.domain.money import Alert

SIGNATURE = "Imggen-Signature"
"""The header of the signature: `t=SECONDS,v1=HEX`."""

_LONGEST = timedelta(hours=1)
_TRIES = 16


def body_of(alert: Alert) -> bytes:
    """Returns an alert as JSON; `id` is the same each time that it is sent."""
    fields = {
        "id": alert.id,
        "kind": alert.kind,
        "day": alert.day.isoformat(),
        "scope": alert.scope,
        "percent": alert.percent,
        "model": alert.model or None,
        "reason": alert.reason or None,
        "limit_micros": alert.limit_micros,
        "held_micros": alert.held_micros,
        "spent_micros": alert.spent_micros,
        "job_id": str(alert.job_id) if alert.job_id else None,
        "attempt": alert.attempt,
        "call": alert.call,
        "created_at": alert.created_at.isoformat(),
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def signature(secret: str, at: int, body: bytes) -> str:
    """Returns the header that proves who sent a body, and when: HMAC-SHA256 of `AT.BODY`."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def again_after(alert: Alert) -> timedelta | None:
    """Returns when to send an alert again that could not be sent; None gives it up, after hours."""
    if alert.tries + 1 >= _TRIES:
        return None
    return min(timedelta(seconds=30 << alert.tries), _LONGEST)
