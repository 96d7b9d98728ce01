"""Page tokens: the places of rows in lists, as opaque texts that callers hand back."""

from datetime import UTC, datetime
from uuid import UUID

from imggen.rules.checks import Checks
from imggen.rules.paging import ListRequest, read_page, refuse_token, token_after
from server.domain.paging import LastRow, PageRequest


def page_request(checks: Checks, request: ListRequest) -> PageRequest | None:
    """Reads which page of a list is asked for; None where it is a violation."""
    asked = read_page(checks, request)
    if asked is None:
        return None
    if not asked.after:
        return PageRequest(asked.size)
    try:
        return PageRequest(asked.size, _last_row(asked.after))
    except (ValueError, OverflowError):
        refuse_token(checks)
        return None


def page_token(request: ListRequest, last: LastRow | None) -> str:
    """Returns the token of the next page of a request, empty where there is none."""
    return token_after(request, f"{last.created_at.isoformat()} {last.id}") if last else ""


def _last_row(place: str) -> LastRow:
    at, row = place.split(" ")
    created_at = datetime.fromisoformat(at)
    if created_at.tzinfo is None:
        raise ValueError("the time has no zone")
    return LastRow(created_at.astimezone(UTC), UUID(row))
