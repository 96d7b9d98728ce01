"""Pages of lists: their sizes, their tokens, and the start of the next page."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from server.domain.paging import LastRow, Listing, PageRequest
from server.requests.page_tokens import page_request, page_token

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_token_leads_back_to_its_row(at: datetime, row: UUID) -> None:
    last = LastRow(at, row)
    checks = Checks()
    assert page_request(checks, "jobs", 10, page_token("jobs", last)) == PageRequest(10, last)
    assert checks.violations == []


def test_no_next_page_is_an_empty_token() -> None:
    assert page_token("jobs", None) == ""
    assert page_request(Checks(), "jobs", 10, "") == PageRequest(10)


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (1, 1), (100, 100)])
def test_a_size_has_a_default(asked: int, size: int) -> None:
    checks = Checks()
    assert page_request(checks, "jobs", asked, "") == PageRequest(size)
    assert checks.violations == []


@pytest.mark.parametrize("asked", [-1, 101, 2**31 - 1])
def test_a_size_has_bounds(asked: int) -> None:
    checks = Checks()
    assert page_request(checks, "jobs", asked, "") is None
    [wrong] = checks.violations
    assert wrong.field == "page_size"
    assert "must be 0 to 100 (0 means 50)" in wrong.description


def _token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "\u00fc",
        _token("then"),
        _token(f"jobs {NOON.isoformat()} 7"),
        _token(f"jobs {NOON.replace(tzinfo=None).isoformat()} {UUID(int=7)}"),
        # Before the year 1 in UTC, which a datetime cannot hold.
        _token(f"jobs 0001-01-01T00:00:00+23:00 {UUID(int=7)}"),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        page_token("images", LastRow(NOON, UUID(int=7))),
    ],
)
def test_a_token_that_no_list_made_is_refused(token: str) -> None:
    checks = Checks()
    assert page_request(checks, "jobs", 10, token) is None
    [wrong] = checks.violations
    assert wrong.reason == reasons.ERROR_REASON_PAGE_TOKEN_INVALID


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    request = page_request(Checks(), "jobs", 1, _token(f"jobs {east.isoformat()} {UUID(int=7)}"))
    assert request == PageRequest(1, LastRow(NOON, UUID(int=7)))


def test_a_page_is_cut_from_one_row_more() -> None:
    def last(row: int) -> LastRow:
        return LastRow(NOON, UUID(int=row))

    assert Listing.cut([1, 2, 3], 2, last) == Listing([1, 2], last(2))
    assert Listing.cut([1, 2], 2, last) == Listing([1, 2], None)
    assert Listing.cut([], 2, last) == Listing([], None)
