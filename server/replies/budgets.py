"""Budgets and spend as messages."""

from types import MappingProxyType

from imggen.v1 import budget_pb2
from server.domain.money import BookedCall, Budget, CallName, CallState, Spend

CALL_KINDS = MappingProxyType(
    {
        CallName.READ: budget_pb2.CALL_KIND_READ,
        CallName.RENDER: budget_pb2.CALL_KIND_RENDER,
    }
)
"""What a call is made for, as the contract names it."""


def budget(found: Budget) -> budget_pb2.Budget:
    """Returns a budget as a message."""
    message = budget_pb2.Budget(
        scope=found.scope,
        day=found.day.isoformat(),
        limit_micros=found.limit_micros,
        held_micros=found.held_micros,
        spent_micros=found.spent_micros,
    )
    if found.set_at is not None:
        message.set_at.FromDatetime(found.set_at)
    return message


def spend(found: Spend) -> budget_pb2.Spend:
    """Returns what a group cost as a message."""
    return budget_pb2.Spend(
        key=found.key,
        calls=found.calls,
        images=found.images,
        cost_micros=found.cost_micros,
        unknown_micros=found.unknown_micros,
        estimated_micros=found.estimated_micros,
        held_micros=found.held_micros,
        average_image_cost_micros=found.average_micros,
    )


def booked_call(found: BookedCall) -> budget_pb2.BookedCall:
    """Returns a paid call as a message."""
    message = budget_pb2.BookedCall(
        job_id=str(found.job_id),
        attempt=found.attempt,
        kind=CALL_KINDS[found.name],
        user_id=str(found.user_id),
        provider=found.provider,
        model=found.model,
        day=found.day.isoformat(),
        provider_request_id=found.request_id,
        held_micros=found.held_micros,
        cost_micros=found.cost_micros,
        outcome_unknown=found.state is CallState.UNKNOWN,
    )
    message.started_at.FromDatetime(found.begun_at)
    return message
