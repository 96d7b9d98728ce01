"""Event cursors: places in the feed, as opaque texts that callers hand back."""

import base64
import binascii

from imggen.rules.checks import Checks
from imggen.rules.events import refuse_cursor
from server.domain.changes import Cursor

_MOST = (1 << 63) - 1  # what a bigint holds


def cursor_text(cursor: Cursor) -> str:
    """Returns a cursor as a text."""
    text = f"{cursor.xact}.{cursor.id}".encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def cursor_of(checks: Checks, field: str, text: str) -> Cursor | None:
    """Reads a cursor; None for a text that `cursor_text` did not make, which is a violation."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        xact, id_ = map(int, base64.urlsafe_b64decode(padded).decode("ascii").split("."))
        cursor = Cursor(xact, id_)
        if not (0 <= xact <= _MOST and 0 <= id_ <= _MOST) or cursor_text(cursor) != text:
            raise ValueError("the numbers are out of range, or spelled in another way")
    except (ValueError, binascii.Error):
        refuse_cursor(checks, field, text)
        return None
    return cursor
