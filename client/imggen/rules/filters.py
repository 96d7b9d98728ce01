"""Enum values of the contract, as the members that a reader has for them."""

from collections.abc import Mapping
from typing import TypeVar

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons

E = TypeVar("E", bound=str)


def wanted(checks: Checks, field: str, value: int, numbers: Mapping[E, int]) -> E | None:
    """Returns the member of an enum by its number in the contract; None for 0, which means any."""
    member = next((member for member, number in numbers.items() if number == value), None)
    if value and member is None:
        checks.add(
            field,
            f"has no value {value}; use one of {', '.join(member.upper() for member in numbers)}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    return member
