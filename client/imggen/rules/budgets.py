"""Budgets and spend: how their requests are read."""

import re
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from imggen.errors import FailedPrecondition, NotFound, PermissionDenied
from imggen.fields import short_names
from imggen.rules.checks import Checks
from imggen.rules.filters import wanted
from imggen.rules.graphemes import first
from imggen.v1 import budget_pb2
from imggen.v1 import errors_pb2 as reasons

TARGET_IMAGE_COST_MICROS = 100_000
"""What an image may cost on average by the specification: $0.10."""

MOST_MICROS = 10**15
"""The highest limit: a billion dollars."""

_SCOPE = re.compile(r"global|provider:[a-z0-9][a-z0-9_.-]{0,49}")
_PROVIDER, _USER = "provider:", "user:"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_GROUPS = {name: value for name, value in short_names(budget_pb2.SpendGroup).items() if value}
_KINDS = {name: value for name, value in short_names(budget_pb2.CallKind).items() if value}


class CallKey(NamedTuple):
    """What names a paid call; its last part is `read` or `render`."""

    job_id: str
    attempt: int
    call: str

    @property
    def metadata(self) -> dict[str, str]:
        """The key in the metadata of errors."""
        return {"job_id": self.job_id, "attempt": str(self.attempt), "call": self.call}


def role_required(role: str) -> PermissionDenied:
    """Returns the error for a caller who lacks a role."""
    return PermissionDenied(
        f"the call needs the role {role}; use a token whose roles name it",
        reasons.ERROR_REASON_ROLE_REQUIRED,
        metadata={"role": role},
    )


def read_scope(checks: Checks, value: str) -> str | None:
    """Reads the scope of a budget; None where it is a violation."""
    if not value:
        checks.add(
            "scope",
            "is required; use global, provider:NAME or user:UUID",
            reasons.ERROR_REASON_FIELD_REQUIRED,
        )
        return None
    if value.startswith(_USER):
        user = checks.id("scope", value.removeprefix(_USER), str)
        return None if user is None else f"{_USER}{user}"
    if not _SCOPE.fullmatch(value):
        checks.add(
            "scope",
            f'"{first(value, 60)}" is not a scope; use global, provider:NAME or user:UUID',
            reasons.ERROR_REASON_VALUE_UNKNOWN,
        )
        return None
    return value


def read_day(checks: Checks, field: str, value: str, today: date) -> date | None:
    """Reads a day, today where it is empty; None where it is a violation."""
    if not value:
        return today
    try:
        if not _DAY.fullmatch(value):
            raise ValueError("not the only form that is accepted")
        return date.fromisoformat(value)
    except ValueError:
        checks.add(
            field,
            f'"{first(value, 60)}" is not a day; use a form like 2026-11-28',
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
        return None


def read_days(
    checks: Checks, request: budget_pb2.ListSpendRequest, today: date
) -> tuple[date, date] | None:
    """Reads the first and the last day of a list; None where they are a violation."""
    first = read_day(checks, "first_day", request.first_day, today)
    last = read_day(checks, "last_day", request.last_day, today)
    if first is None or last is None:
        return None
    if last < first:
        checks.add(
            "last_day",
            f"is {last}, before the first day, {first}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
        return None
    return first, last


def read_group(checks: Checks, request: budget_pb2.ListSpendRequest) -> str:
    """Reads what spend is grouped by: day, provider, model, user, style or story."""
    return wanted(checks, "group_by", request.group_by, _GROUPS) or "day"


class Providers(NamedTuple):
    """The providers of an installation: those that may be paid, and those that cost nothing."""

    paid: Collection[str]
    free: Collection[str]


def check_limit(checks: Checks, request: budget_pb2.SetBudgetRequest, providers: Providers) -> None:
    """Checks the limit that is to be set, if there is one; only paid `providers` can have some."""
    if request.HasField("limit_micros"):
        check_provider(checks, request.scope, providers)
    if not 0 <= request.limit_micros <= MOST_MICROS:
        checks.add(
            "limit_micros",
            f"must be 0 to {MOST_MICROS:,}, is {request.limit_micros:,}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )


def check_provider(checks: Checks, scope: str, providers: Providers) -> None:
    """Adds a violation for the scope of a provider that is not one of the paid `providers`."""
    provider = scope.removeprefix(_PROVIDER)
    named = scope.startswith(_PROVIDER) and _SCOPE.fullmatch(scope)
    if not named or provider in providers.paid:
        return
    wrong = f'no model is of provider "{provider}"'
    if provider in providers.free:
        wrong = f'provider "{provider}" costs nothing, so that no budget counts it'
    checks.add(
        "scope",
        f"{wrong}; use one of {', '.join(sorted(providers.paid))}",
        reasons.ERROR_REASON_VALUE_UNKNOWN,
    )


def read_call(checks: Checks, request: budget_pb2.SettleCallRequest) -> CallKey | None:
    """Reads which call is settled; None where it is a violation. Checks the cost, too."""
    found = len(checks.violations)
    job = checks.id("job_id", request.job_id, str)
    if request.attempt < 1:
        checks.add(
            "attempt",
            f"must be 1 or more, is {request.attempt}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    kind = wanted(checks, "kind", request.kind, _KINDS) or "render"
    if not request.HasField("cost_micros"):
        checks.add(
            "cost_micros",
            "is required; give 0 for a call that was not billed",
            reasons.ERROR_REASON_FIELD_REQUIRED,
        )
    elif not 0 <= request.cost_micros <= MOST_MICROS:
        checks.add(
            "cost_micros",
            f"must be 0 to {MOST_MICROS:,}, is {request.cost_micros:,}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    if job is None or len(checks.violations) > found:
        return None
    return CallKey(job, request.attempt, kind)


def missing_call(call: CallKey) -> NotFound:
    """Returns the error for a paid call that was never made."""
    return NotFound(
        "the attempt has made no such paid call",
        reasons.ERROR_REASON_CALL_NOT_FOUND,
        metadata=call.metadata,
    )


def call_above_hold(call: CallKey, held_micros: int, cost_micros: int) -> FailedPrecondition:
    """Returns the error for a cost above the most that a call could cost."""
    return FailedPrecondition(
        "the cost is above the hold of the paid call, the most that it could cost; if the invoice"
        " says so, set allow_above_hold (imggen budget settle --force)",
        reasons.ERROR_REASON_CALL_ABOVE_HOLD,
        metadata={
            **call.metadata,
            "held_micros": str(held_micros),
            "cost_micros": str(cost_micros),
        },
    )


def call_settled(call: CallKey, state: str, cost_micros: int) -> FailedPrecondition:
    """Returns the error for a call that cannot be settled: it still runs, or its cost is known."""
    return FailedPrecondition(
        "the cost of the paid call is known, and another one; or the call still runs",
        reasons.ERROR_REASON_CALL_SETTLED,
        metadata={**call.metadata, "state": state, "cost_micros": str(cost_micros)},
    )
