"""Cursors: places in the outbox, as a text that callers hand back and need not read."""

import base64
import binascii

from imggen.v1 import errors_pb2 as reasons
from server.domain.changes import Position
from server.requests.checks import Checks

OLDEST = "oldest"
"""The cursor before the oldest event that is kept."""

_MOST = (1 << 63) - 1  # what a bigint holds


def cursor_at(position: Position) -> str:
    """Returns the cursor of a place."""
    text = f"{position.xact}.{position.id}".encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def position_of(checks: Checks, field: str, cursor: str) -> Position:
    """Returns the place of a cursor; notes one that `cursor_at` has not made."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        xact, id_ = map(int, base64.urlsafe_b64decode(padded).decode("ascii").split("."))
        position = Position(xact, id_)
        if not (0 <= xact <= _MOST and 0 <= id_ <= _MOST) or cursor_at(position) != cursor:
            raise ValueError("numbers that no transaction has, or another spelling of them")
    except (ValueError, binascii.Error):
        checks.add(
            field,
            f'"{cursor[:80]}" is no cursor; use that of an event, `{OLDEST}`, or none to start now',
            reasons.ERROR_REASON_CURSOR_INVALID,
        )
        return Position(0, 0)
    return position
