"""Cursors: those of the feed are parsed, everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imggen.rules.checks import Checks
from server.domain.changes import Cursor
from server.requests.event_cursors import cursor_of, cursor_text

NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS, NUMBERS)
def test_a_cursor_is_parsed_as_it_was_made(xact: int, id_: int) -> None:
    checks = Checks()
    assert cursor_of(checks, "after_cursor", cursor_text(Cursor(xact, id_))) == (xact, id_)
    assert checks.violations == []


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "MS4y=",
        "MS4y==",
        "MS4y\n",
        "LTEuMg",
        "MS4yLjM",
        "ä",
        "MS4",
        "MDEuMg",
        "newest",
        "a" * 300,
    ],
)
def test_anything_else_is_refused_with_its_field(text: str) -> None:
    checks = Checks()
    assert cursor_of(checks, "after_cursor", text) is None
    [violation] = checks.violations
    assert violation.field == "after_cursor"
    assert len(violation.description) < 250


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    cursor_of(Checks(), "after_cursor", text)
