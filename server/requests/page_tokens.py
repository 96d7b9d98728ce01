"""Page tokens: places in lists, as opaque texts that callers hand back."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from server.domain.paging import LastRow, PageRequest

DEFAULT_SIZE = 50
MAX_SIZE = 100


def page_request(checks: Checks, rows: str, size: int, token: str) -> PageRequest | None:
    """Reads which page of a list is asked for; `rows` names the list."""
    found = len(checks.violations)
    checks.within(
        "page_size",
        size,
        range(MAX_SIZE + 1),
        reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        f" (0 means {DEFAULT_SIZE})",
    )
    after = None
    if token:
        try:
            after = _last_row(rows, token)
        except (ValueError, OverflowError, binascii.Error):
            checks.add(
                "page_token",
                "was not made by this list; use the next_page_token of the page before",
                reasons.ERROR_REASON_PAGE_TOKEN_INVALID,
            )
    refused = len(checks.violations) > found
    return None if refused else PageRequest(size or DEFAULT_SIZE, after)


def page_token(rows: str, last: LastRow | None) -> str:
    """Returns the token of the next page, empty where there is none."""
    if last is None:
        return ""
    text = f"{rows} {last.created_at.isoformat()} {last.id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _last_row(rows: str, token: str) -> LastRow:
    listed, at, row = base64.urlsafe_b64decode(token.encode()).decode().split(" ")
    created_at = datetime.fromisoformat(at)
    if created_at.tzinfo is None or listed != rows:
        raise ValueError("the time has no zone, or the token is another list's")
    return LastRow(created_at.astimezone(UTC), UUID(row))
