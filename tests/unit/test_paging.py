"""Pages of lists: their sizes, their tokens, and the start of the next page."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imggen.rules.checks import Checks
from imggen.rules.paging import DEFAULT_SIZE, PAGE_BYTES, ListRequest, token_after
from imggen.v1 import errors_pb2 as reasons
from imggen.v1 import image_pb2, job_pb2, story_pb2
from server.domain.paging import LastRow, Listing, PageRequest
from server.replies.pages import fitting
from server.requests.page_tokens import page_request, page_token

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LAST = LastRow(NOON, UUID(int=7))
SHOP = {"key": "shop", "value": "a"}


def jobs(**fields: object) -> job_pb2.ListJobsRequest:
    """Returns a request for a page of the failed jobs of a shop."""
    failed = job_pb2.JOB_STATUS_FAILED
    return job_pb2.ListJobsRequest(**{"statuses": [failed], "metadata": SHOP, **fields})  # type: ignore[arg-type]


def refusal(request: ListRequest) -> str:
    """Returns why the page token of a request is refused."""
    checks = Checks()
    assert page_request(checks, request) is None
    [wrong] = checks.violations
    assert (wrong.field, wrong.reason) == (
        "page_token",
        reasons.ERROR_REASON_PAGE_TOKEN_INVALID,
    )
    return wrong.description


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_token_leads_back_to_its_row(at: datetime, row: UUID) -> None:
    last = LastRow(at, row)
    token = page_token(jobs(page_size=10), last)
    checks = Checks()
    assert page_request(checks, jobs(page_size=10, page_token=token)) == PageRequest(10, last)
    assert checks.violations == []


def test_the_size_may_change_from_page_to_page() -> None:
    request = jobs(page_size=3, page_token=page_token(jobs(page_size=10), LAST))
    assert page_request(Checks(), request) == PageRequest(3, LAST)


def test_no_next_page_is_an_empty_token() -> None:
    assert page_token(jobs(), None) == ""
    assert page_request(Checks(), jobs(page_size=10)) == PageRequest(10)


@pytest.mark.parametrize(
    ("asked", "size"), [(0, DEFAULT_SIZE), (1, 1), (100, 100), (101, 100), (2**31 - 1, 100)]
)
def test_a_size_has_a_default_and_a_maximum(asked: int, size: int) -> None:
    checks = Checks()
    assert page_request(checks, jobs(page_size=asked)) == PageRequest(size)
    assert checks.violations == []


@pytest.mark.parametrize("asked", [-1, -(2**31)])
def test_a_negative_size_is_refused(asked: int) -> None:
    checks = Checks()
    assert page_request(checks, jobs(page_size=asked)) is None
    [wrong] = checks.violations
    assert (wrong.field, wrong.reason) == (
        "page_size",
        reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
    )
    assert wrong.description == f"must be 0 or more (0 means 50), is {asked}"


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "\u00fc",
        base64.urlsafe_b64encode(b"then").decode(),
        f"{page_token(jobs(), LAST)}\n",
        token_after(jobs(), ""),
        token_after(jobs(), "then"),
        token_after(jobs(), f"{NOON.isoformat()} 7"),
        token_after(jobs(), f"{NOON.replace(tzinfo=None).isoformat()} {UUID(int=7)}"),
        # Before the year 1 in UTC, which a datetime cannot hold.
        token_after(jobs(), f"0001-01-01T00:00:00+23:00 {UUID(int=7)}"),
        base64.urlsafe_b64encode(b"\xff\xfe" * 9).decode(),
    ],
)
def test_a_token_that_no_list_made_is_refused(token: str) -> None:
    assert refusal(jobs(page_token=token)).startswith("was not made by this list; use")


@pytest.mark.parametrize(
    "other",
    [
        jobs(statuses=[]),
        jobs(statuses=[job_pb2.JOB_STATUS_FAILED, job_pb2.JOB_STATUS_QUEUED]),
        jobs(story_id=str(UUID(int=1))),
        jobs(metadata={"key": "shop", "value": "b"}),
        image_pb2.ListImagesRequest(),
        image_pb2.ListImagesRequest(metadata=SHOP),  # type: ignore[arg-type]
    ],
)
def test_a_token_of_another_list_or_filter_is_refused(other: ListRequest) -> None:
    token = page_token(other, LAST)
    assert refusal(jobs(page_token=token)).startswith("was made by another list or under other")


def test_lists_with_equal_requests_have_different_tokens() -> None:
    token = page_token(image_pb2.ListImagesRequest(), LAST)
    refusal(story_pb2.ListStoriesRequest(page_token=token))


def test_a_token_of_another_view_is_refused() -> None:
    token = page_token(story_pb2.ListStoriesRequest(), LAST)
    full = story_pb2.ListStoriesRequest(view=story_pb2.STORY_VIEW_FULL, page_token=token)
    assert refusal(full).startswith("was made by another list or under other filters; send the")


@dataclass(frozen=True)
class Row:
    """A row of a list."""

    created_at: datetime
    id: UUID


ROWS = [Row(NOON, UUID(int=number)) for number in range(4)]


def test_a_page_is_cut_from_one_row_more() -> None:
    assert Listing.cut(ROWS[:3], 2) == Listing(ROWS[:2], LastRow(NOON, ROWS[1].id))
    assert Listing.cut(ROWS[:2], 2) == Listing(ROWS[:2], None)
    assert Listing.cut(ROWS[:0], 2) == Listing([], None)


def story(size: int) -> story_pb2.Story:
    """Returns a story of so many bytes."""
    message = story_pb2.Story(title="x" * size)
    message.title = message.title[message.ByteSize() - size :]
    assert message.ByteSize() in (size, size - 1)  # the length of a length
    return message


def test_a_page_ends_before_the_row_that_would_not_fit() -> None:
    listing = Listing(ROWS, LAST)
    third = PAGE_BYTES // 3
    messages = [story(size) for size in (third, third, third, 300)]
    shown, last = fitting(listing, messages)
    assert (list(shown), last) == (messages[:2], LastRow.of(ROWS[1]))
    token = page_token(story_pb2.ListStoriesRequest(), last)
    answer = story_pb2.ListStoriesResponse(stories=shown, next_page_token=token)
    assert answer.ByteSize() <= PAGE_BYTES


def test_a_page_that_fits_is_whole() -> None:
    messages = [story(300)] * 4
    assert fitting(Listing(ROWS, LAST), messages) == (messages, LAST)
    assert fitting(Listing(ROWS, None), messages) == (messages, None)
    assert fitting(Listing([], LAST), []) == ([], LAST)


def test_a_page_has_at_least_one_row() -> None:
    messages = [story(PAGE_BYTES * 2), story(300)]
    shown, last = fitting(Listing(ROWS[:2], None), messages)
    assert (list(shown), last) == (messages[:1], LastRow.of(ROWS[0]))


@given(st.lists(st.integers(300, PAGE_BYTES), min_size=1, max_size=4))
def test_no_page_is_larger_than_it_may_be(sizes: list[int]) -> None:
    messages = [story(size) for size in sizes]
    shown, last = fitting(Listing(ROWS[: len(sizes)], LAST), messages)
    token = page_token(story_pb2.ListStoriesRequest(), last)
    answer = story_pb2.ListStoriesResponse(stories=shown, next_page_token=token)
    assert shown
    assert answer.ByteSize() <= PAGE_BYTES or len(shown) == 1
