"""The checks of single fields, and the cleaning of text."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imggen.rules import graphemes
from imggen.rules.checks import LONG_TEXT, Checks, clean, says_something
from imggen.v1 import errors_pb2 as reasons
from server.domain.ids import UserId
from server.errors import InvalidRequest


def _found(checks: Checks) -> list[tuple[str, str]]:
    return [(one.field, reasons.ErrorReason.Name(one.reason)[13:]) for one in checks.violations]


def test_all_violations_are_raised_together() -> None:
    checks = Checks()
    checks.id("a", "x", UserId)
    checks.id("b", "", UserId)
    checks.text("c", "", 10, required=True)
    with pytest.raises(InvalidRequest) as raised:
        checks.done()
    assert [one.field for one in raised.value.violations] == ["a", "b", "c"]
    assert raised.value.reason == reasons.ERROR_REASON_MALFORMED_ID


def test_nothing_wrong_raises_nothing() -> None:
    Checks().done()


def test_values_are_complete_or_their_violations_are_raised() -> None:
    checks, one = Checks(), uuid4()
    assert checks.complete(checks.id("a", str(one), UserId)) == one
    assert checks.complete(1, "two") == (1, "two")
    with pytest.raises(InvalidRequest) as raised:
        checks.complete(checks.id("a", "x", UserId), checks.id("b", "", UserId))
    assert [one.field for one in raised.value.violations] == ["a", "b"]


def test_a_uuid_is_read_in_any_of_its_spellings() -> None:
    checks, one = Checks(), uuid4()
    assert checks.id("id", str(one), UserId) == one
    assert checks.id("id", str(one).upper(), UserId) == one
    assert checks.id("id", "", UserId, required=False) is None
    assert checks.violations == []


@pytest.mark.parametrize("value", ["1", "x" * 36, str(UUID(int=0)), "{}", "\u200b"])
def test_a_text_that_is_not_a_uuid_is_refused(value: str) -> None:
    checks = Checks()
    assert checks.id("id", value, UserId, required=False) is None
    assert _found(checks) == [("id", "MALFORMED_ID")]


def test_a_list_of_uuids_names_each_once() -> None:
    checks, one = Checks(), uuid4()
    assert checks.ids("ids", [str(one)], UserId) == (one,)
    assert checks.ids("ids", [], UserId) == ()
    assert checks.ids("ids", [str(one), str(one).upper()], UserId) is None
    assert checks.ids("ids", [str(one), "x"], UserId) is None
    assert _found(checks) == [("ids", "DUPLICATE_ITEM"), ("ids[1]", "MALFORMED_ID")]


def test_a_list_has_a_limit() -> None:
    checks = Checks()
    checks.at_most("pages", 200, 200, "pages")
    assert checks.violations == []
    checks.at_most("pages", 201, 200, "pages")
    assert _found(checks) == [("pages", "TOO_MANY_ITEMS")]


def test_a_long_value_is_cut_in_the_message() -> None:
    checks = Checks()
    checks.id("id", "x" * 1000, UserId)
    assert len(checks.violations[0].description) < 150


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("  a \t  b  ", "a b"),
        ("a\u200bb\u2060c\ufeff", "abc"),
        ("e\u0301", "\u00e9"),
        ("a\u2028b\u00a0c", "a\nb c"),
        ("\u3164\u2800", ""),
        ("a\u3164b", "a b"),
        ("\U0001f98a fox", "\U0001f98a fox"),
    ],
)
def test_cleaning_keeps_visible_text(text: str, left: str) -> None:
    assert clean(text) == left


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\x9f"])
def test_control_characters_are_refused_by_their_number(char: str) -> None:
    checks = Checks()
    assert checks.text("t", f"a{char}b", 10) is None
    assert _found(checks) == [("t", "CONTROL_CHARACTERS")]
    assert f"U+{ord(char):04X}" in checks.violations[0].description


def test_a_text_keeps_its_lines_and_a_name_has_one() -> None:
    checks = Checks()
    assert checks.text("t", "a\r\nb\tc", 10) == "a\nb c"
    assert checks.line("t", "a\r\n\r\nb\tc\n", 10) == "a b c"
    assert checks.violations == []


def test_a_limit_counts_characters_and_says_how_many_there_are() -> None:
    checks = Checks()
    assert checks.text("t", "\u00e9" * 10, 10) == "\u00e9" * 10
    checks.text("t", "x" * 100_000, LONG_TEXT)
    assert _found(checks) == [("t", "TEXT_TOO_LONG")]
    assert "must have 2,000 characters or fewer, has 100,000" in checks.violations[0].description


@pytest.mark.parametrize("text", ["?!", "\u200b", "___", "\u3164", " ", "\ufe0f"])
def test_a_prompt_without_a_word_is_refused(text: str) -> None:
    checks = Checks()
    checks.prompt("p", text)
    assert _found(checks) == [("p", "PROMPT_EMPTY")]


@pytest.mark.parametrize("text", ["a kite", "\u51e7", "7", "\u0434\u043e\u043c!", ""])
def test_a_prompt_with_a_word_in_any_script_is_taken(text: str) -> None:
    checks = Checks()
    assert checks.prompt("p", text) == text
    assert checks.violations == []
    assert says_something(text) is bool(text)


def test_a_bad_prompt_is_named_once() -> None:
    checks = Checks()
    checks.prompt("p", "\x00")
    assert _found(checks) == [("p", "CONTROL_CHARACTERS")]


@pytest.mark.parametrize(("value", "admin", "taken"), [
    (0, False, False), (1, False, True), (3, False, True), (4, False, False),
    (0, True, True), (9, True, True), (10, True, False), (-1, True, False),
])  # fmt: skip
def test_priorities_have_bounds_by_role(value: int, admin: bool, taken: bool) -> None:
    checks = Checks()
    checks.priority("priority", value, admin=admin)
    assert (checks.violations == []) is taken
    if not taken:
        assert ("role admin" in checks.violations[0].description) is not admin


def test_a_field_with_known_values_says_which_are_right() -> None:
    checks = Checks()
    known, reason = {"a": 1, "b": 2}, reasons.ERROR_REASON_STYLE_UNKNOWN
    assert checks.one_of("style", "oil", known, "style", reason) is None
    assert checks.one_of("style", "a", known, "style", reason) == 1
    [wrong] = checks.violations
    assert wrong.description == '"oil" is not a style; use one of a, b'


@pytest.mark.parametrize(
    "text",
    ["e\u200d\u0301", "\u0958\u0932\u092e", "\ufb2c" * 300, "a\u3164\u0301", "\u1100\u200b\u1161"],
)
def test_what_was_read_is_accepted_again_as_it_is(text: str) -> None:
    checks = Checks()
    read = checks.text("title", text, 900)
    assert read is not None
    assert checks.text("title", read, 900) == read


def test_a_text_is_as_long_as_what_is_kept_of_it() -> None:
    checks = Checks()
    assert checks.text("title", "\u3164a" * 300, 300) is None  # each becomes two
    assert checks.text("title", "e\u0301" * 300, 300) == "é" * 300
    assert [each.description for each in checks.violations] == [
        "must have 300 characters or fewer, has 599"
    ]


@pytest.mark.parametrize("one", [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\u0915\u094d\u0937\u093f",
    "\U0001f1fa\U0001f1e6",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
])  # fmt: skip
def test_a_limit_counts_what_a_reader_sees(one: str) -> None:
    checks = Checks()
    assert checks.line("story.title", one * 300, 300) == one * 300
    assert checks.line("story.title", one * 301, 300) is None
    assert [each.description for each in checks.violations] == [
        "must have 300 characters or fewer, has 301"
    ]


@pytest.mark.parametrize("one", [
    "\u0e01\u0e33", "\u0e40\u0e1b\u0e47\u0e19", "\u05d1\u05b0\u05bc\u0591", "\u1ed9",
    "\u0f66\u0f92\u0fb2\u0f74", "\u0915\u094d\u0937\u093f", "\u845b\U000e0100",
    "\u1780\u17d2\u179a\u17bb\u17c6\u1780",
])  # fmt: skip
def test_a_long_text_of_any_script_fits(one: str) -> None:
    checks = Checks()
    text = one * (LONG_TEXT // sum(1 for _ in graphemes.split(one)))
    assert checks.text("t", text, LONG_TEXT) == text


def test_a_long_text_has_four_code_points_for_a_character_at_most() -> None:
    checks = Checks()
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    assert checks.text("t", family * 1_142, LONG_TEXT) is not None
    assert checks.text("t", family * 1_143, LONG_TEXT) is None
    assert [each.description for each in checks.violations] == [
        "must have 8,000 code points or fewer, 4 for each of its 2,000 characters, has 8,001; "
        "use fewer joined emoji or marks"
    ]
    assert _found(checks) == [("t", "TEXT_TOO_LONG")]


def test_stacked_accents_are_several_characters() -> None:
    checks = Checks()
    assert checks.line("t", "Z" + "\u0334" * 31, 2) is not None
    assert checks.line("t", "Z" + "\u0334" * 32, 2) is None
    assert checks.line("t", "Z" + "\u0334" * 500_000, 300) is None
    assert _found(checks) == [("t", "TEXT_TOO_LONG")] * 2


@pytest.mark.parametrize(
    "value",
    [
        *("+1111111111111111111111111111111", " 1111111111111111111111111111111"),
        *("1_1" + "1" * 29, "\u0661" * 32, "{0d47a1f2-3c4b-4a5d-8e6f-708192a3b4c5}"),
        "urn:uuid:0d47a1f2-3c4b-4a5d-8e6f-708192a3b4c5",
    ],
)
def test_an_id_of_another_form_is_malformed(value: str) -> None:
    checks = Checks()
    assert checks.id("job_id", value, UserId) is None
    assert _found(checks) == [("job_id", "MALFORMED_ID")]
