"""The checks of single fields: all violations are gathered before a request is refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, TypeVar, overload
from uuid import UUID

from imggen.errors import InvalidRequest, Violation
from imggen.rules import graphemes
from imggen.rules.cleaning import clean as clean
from imggen.rules.cleaning import one_line
from imggen.v1 import errors_pb2 as reasons

Reason: TypeAlias = "reasons.ErrorReason.ValueType"
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

SHORT_TEXT = 300
LONG_TEXT = 2_000
PAGE_TEXT = 4_000
METADATA_PAIRS = 16
METADATA_BYTES = 1_024
CALLER_PRIORITIES = range(1, 4)
ADMIN_PRIORITIES = range(10)
DEFAULT_PRIORITY = 2

_ALL_EMOJI = 2_400
_NIL = UUID(int=0)
_HEX = "[0-9a-fA-F]"
_UUID = re.compile(rf"{_HEX}{{8}}(-?){_HEX}{{4}}\1{_HEX}{{4}}\1{_HEX}{{4}}\1{_HEX}{{12}}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WORD = re.compile(r"[^\W_]")


class Checks:
    """The violations of one request, gathered field by field."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def add(self, field: str, description: str, reason: Reason) -> None:
        """Adds a violation."""
        self.violations.append(Violation(field, description, reason))

    def done(self) -> None:
        """Raises InvalidRequest if there are violations."""
        if self.violations:
            raise self.refused()

    def refused(self) -> InvalidRequest:
        """Returns the error with all violations."""
        return InvalidRequest.of(self.violations)

    @overload
    def complete(self, first: A | None, /) -> A: ...
    @overload
    def complete(self, first: A | None, second: B | None, /) -> tuple[A, B]: ...
    @overload
    def complete(self, first: A | None, second: B | None, third: C | None, /) -> tuple[A, B, C]: ...
    @overload
    def complete(
        self, first: A | None, second: B | None, third: C | None, fourth: D | None, /
    ) -> tuple[A, B, C, D]: ...

    def complete(self, *values: object) -> object:
        """Returns the values, none of which is None, or raises as `done` does.

        A reader returns None only where it has added a violation.
        """
        self.done()
        assert None not in values, "a value is missing, and no violation says why"
        return values[0] if len(values) == 1 else values

    def id(
        self, field: str, value: str, kind: Callable[[UUID], A], *, required: bool = True
    ) -> A | None:
        """Reads an id; None for one that is not a UUID, and for an empty one.

        An empty one is a violation where it is required.
        """
        if not value:
            if required:
                self.add(field, "is required; give a UUID", reasons.ERROR_REASON_FIELD_REQUIRED)
            return None
        # By its form: UUID() itself also takes braces, signs, spaces and digits of any script.
        found = UUID(value) if _UUID.fullmatch(value) else _NIL
        if found == _NIL:
            right = (
                "make a new one" if field == "request_id" else "use the id that the service gave"
            )
            self.add(
                field,
                f'"{_shown(value)}" is not a UUID; {right}',
                reasons.ERROR_REASON_MALFORMED_ID,
            )
            return None
        return kind(found)

    def ids(
        self, field: str, values: Iterable[str], kind: Callable[[UUID], A]
    ) -> tuple[A, ...] | None:
        """Reads a list of different ids; None where there is a violation."""
        read = [self.id(f"{field}[{index}]", value, kind) for index, value in enumerate(values)]
        found = tuple(one for one in read if one is not None)
        if len(found) < len(read):
            return None
        if len(set(found)) < len(found):
            self.add(
                field,
                "names the same character twice; name each once",
                reasons.ERROR_REASON_DUPLICATE_ITEM,
            )
            return None
        return found

    def at_most(self, field: str, count: int, limit: int, items: str) -> None:
        """Checks the length of a list."""
        if count > limit:
            self.add(
                field,
                f"must have {limit} {items} or fewer, has {count}",
                reasons.ERROR_REASON_TOO_MANY_ITEMS,
            )

    def text(self, field: str, value: str, limit: int, *, required: bool = False) -> str | None:
        """Cleans a text, which keeps its lines (see `clean`); None if it is refused.

        A text with control characters other than newline and tab, or longer than `limit`
        characters (graphemes) once cleaned, is a violation, and so is a required one that is empty
        then. So is one whose characters have far more code points than those of any language.
        """
        bad = _CONTROL.search(value)
        if bad is not None:
            self._control(field, bad[0])
            return None
        # NFC makes some scripts longer; what was read must be accepted again as it is. A text that
        # is far too long is worth neither the cleaning nor the counting.
        far = len(value) > limit * graphemes.MOST_CODE_POINTS
        cleaned = value if far else clean(value)
        if len(cleaned) > limit and (count := _count(cleaned, limit)) > limit:
            self.add(
                field,
                f"must have {limit:,} characters or fewer, has {count:,}",
                reasons.ERROR_REASON_TEXT_TOO_LONG,
            )
            return None
        if len(cleaned) > (most := _most_code_points(limit)):
            self.add(
                field,
                f"must have {most:,} code points or fewer, {most // limit} for each of its"
                f" {limit:,} characters, has {len(cleaned):,}; use fewer joined emoji or marks",
                reasons.ERROR_REASON_TEXT_TOO_LONG,
            )
            return None
        if required and not cleaned:
            self.add(field, "is required; give a text", reasons.ERROR_REASON_FIELD_REQUIRED)
            return None
        return cleaned

    def line(self, field: str, value: str, limit: int, *, required: bool = False) -> str | None:
        """Cleans a text of one line, such as a name, as `text` does; line breaks become spaces."""
        cleaned = self.text(field, value, limit, required=required)
        return None if cleaned is None else one_line(cleaned)

    def prompt(self, field: str, value: str) -> str | None:
        """Cleans a text that says what a picture shows; without a letter or digit it is refused.

        An empty one passes: what the picture shows is then taken from elsewhere.
        """
        cleaned = self.text(field, value, LONG_TEXT)
        if value and cleaned is not None and not says_something(cleaned):
            self.add(
                field,
                f'"{_shown(value)}" says nothing that can be drawn; say what the picture shows',
                reasons.ERROR_REASON_PROMPT_EMPTY,
            )
            return None
        return cleaned

    def one_of(
        self, field: str, value: str, known: Mapping[str, A], noun: str, reason: Reason
    ) -> A | None:
        """Reads a value by its name; None, and a violation, for a name that is not known."""
        if value not in known:
            what = f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
            self.add(
                field, f'"{_shown(value)}" is not {what}; use one of {", ".join(known)}', reason
            )
        return known.get(value)

    def metadata(self, field: str, pairs: Mapping[str, str]) -> dict[str, str]:
        """Reads a caller's own words: at most 16 pairs with keys, and 1 KiB of UTF-8 in all."""
        self.at_most(field, len(pairs), METADATA_PAIRS, "pairs")
        octets = sum(len(text.encode()) for pair in pairs.items() for text in pair)
        if octets > METADATA_BYTES:
            self.add(
                field,
                f"must have {METADATA_BYTES:,} bytes or fewer in UTF-8, has {octets:,}",
                reasons.ERROR_REASON_TEXT_TOO_LONG,
            )
        if "" in pairs:
            self.add(field, "has an empty key; give it a name", reasons.ERROR_REASON_FIELD_REQUIRED)
        bad = _CONTROL.search("".join(text for pair in pairs.items() for text in pair))
        if bad is not None:
            self._control(field, bad[0])
        return dict(pairs)

    def within(self, field: str, value: int, allowed: range, reason: Reason, why: str = "") -> None:
        """Checks that a number lies in a range."""
        if value not in allowed:
            self.add(field, f"must be {allowed[0]} to {allowed[-1]}{why}, is {value}", reason)

    def priority(self, field: str, value: int, *, admin: bool) -> None:
        """Checks a priority against the range of the caller's role."""
        self.within(
            field,
            value,
            ADMIN_PRIORITIES if admin else CALLER_PRIORITIES,
            reasons.ERROR_REASON_PRIORITY_NOT_ALLOWED,
            "" if admin else " (the rest needs the role admin)",
        )

    def _control(self, field: str, character: str) -> None:
        self.add(
            field,
            f"holds the control character U+{ord(character):04X}; only newline and tab are allowed",
            reasons.ERROR_REASON_CONTROL_CHARACTERS,
        )


def says_something(text: str) -> bool:
    """Returns whether a text has a letter or a digit, without which nothing can be drawn."""
    return _WORD.search(text) is not None


def _count(text: str, limit: int) -> int:
    """Returns the number of characters, or of code points where there are far too many."""
    most = limit * graphemes.MOST_CODE_POINTS
    return graphemes.length(text) if len(text) <= most else len(text)


def _most_code_points(limit: int) -> int:
    """Returns how many code points a text may have: 4 for each character, more in a short one.

    Of 4 a character of no script has more on average; a short text may be all emoji.
    """
    return max(limit * 4, min(limit * graphemes.MOST_CODE_POINTS, _ALL_EMOJI))


def _shown(value: str) -> str:
    short = graphemes.first(value, 60)
    return value if short == value else f"{graphemes.first(value, 57)}..."
