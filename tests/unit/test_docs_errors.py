"""docs/errors.md has every reason of the contract once, with its code."""

from collections import Counter

from imggen.errors import kind_of, reason_name, reason_of
from imggen.v1.errors_pb2 import ERROR_REASON_UNSPECIFIED, ErrorReason
from tests.markdown import ROOT, rows, section

PAGE = (ROOT / "docs" / "errors.md").read_text()
REASONS = [
    cells for part in ("Reasons of calls", "Reasons of jobs") for cells in rows(section(PAGE, part))
]


def test_every_reason_is_there_once() -> None:
    named = Counter(cells[0].strip("`") for cells in REASONS)
    known = [reason for reason in ErrorReason.values() if reason != ERROR_REASON_UNSPECIFIED]
    assert named == Counter(map(reason_name, known))


def test_every_reason_has_the_code_of_the_error_that_the_client_raises() -> None:
    for name, code, *_ in REASONS:
        kind = kind_of(reason_of(name.strip("`")))
        assert kind is not None
        assert code == kind.code.name, name


def test_every_reason_stands_below_its_code() -> None:
    for code in {code for _, code, *_ in rows(section(PAGE, "Reasons of calls"))}:
        headings = [line for line in PAGE.splitlines() if line.startswith("### ") and code in line]
        assert len(headings) == 1, code
        below = section(PAGE, headings[0].removeprefix("### "))
        assert [cells for cells in rows(below) if cells[1] == code] == [
            cells for cells in rows(section(PAGE, "Reasons of calls")) if cells[1] == code
        ]


def test_every_reason_says_whether_to_repeat_and_what_to_do() -> None:
    for cells in REASONS:
        assert len(cells) == 5, cells
        assert cells[3] in ("no", "later", "yes"), cells
        assert all(cells), cells
