"""What a request to follow events may hold."""

from collections.abc import Sequence

from imggen.rules.checks import Checks
from imggen.rules.graphemes import first
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.event_pb2 import EventKind

OLDEST = "oldest"
"""The cursor before the oldest event that is kept."""

KINDS = tuple(number for number in EventKind.values() if number)


def read_kinds(
    checks: Checks, kinds: Sequence["EventKind.ValueType"]
) -> frozenset["EventKind.ValueType"]:
    """Reads the kinds of events, all of them if none is named; others are violations."""
    for place, number in enumerate(kinds):
        if number not in KINDS:
            names = ", ".join(EventKind.Name(one) for one in KINDS)
            checks.add(
                f"kinds[{place}]",
                f"{number} is not a kind of event; use {names}",
                reasons.ERROR_REASON_VALUE_UNKNOWN,
            )
    return frozenset(kinds) or frozenset(KINDS)


def refuse_cursor(checks: Checks, field: str, text: str) -> None:
    """Adds the violation of a text that is not a cursor."""
    checks.add(
        field,
        f'"{first(text, 80)}" is not a cursor; use that of an event, `{OLDEST}`, or none to start '
        "now",
        reasons.ERROR_REASON_CURSOR_INVALID,
    )
