"""Filters of lists: enum values as the members that a reader has for them, and metadata."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.metadata_pb2 import MetadataFilter

E = TypeVar("E", bound=str)


def wanted(checks: Checks, field: str, value: int, numbers: Mapping[E, int]) -> E | None:
    """Returns the member of an enum by its number in the contract; None for 0, which means any."""
    member = next((member for member, number in numbers.items() if number == value), None)
    if value and member is None:
        _refuse(checks, field, value, numbers)
    return member


def each_wanted(
    checks: Checks, field: str, values: Iterable[int], numbers: Mapping[E, int]
) -> tuple[E, ...]:
    """Returns the members of an enum by their numbers, each once; none means any."""
    members = {number: member for member, number in numbers.items()}
    found: dict[E, None] = {}
    for index, value in enumerate(values):
        if value in members:
            found[members[value]] = None
        else:
            _refuse(checks, f"{field}[{index}]", value, numbers)
    return tuple(found)


def wanted_metadata(checks: Checks, field: str, pair: MetadataFilter) -> tuple[str, str] | None:
    """Returns a pair of metadata; None for an empty one, which means any."""
    if not pair.key and not pair.value:
        return None
    checks.metadata(field, {pair.key: pair.value})
    return pair.key, pair.value


def _refuse(checks: Checks, field: str, value: int, numbers: Mapping[E, int]) -> None:
    checks.add(
        field,
        f"has no value {value}; use one of {', '.join(member.upper() for member in numbers)}",
        reasons.ERROR_REASON_VALUE_UNKNOWN,
    )
