"""What a caller may ask of the model that draws."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1.generation_pb2 import GenerationOptions


def read_provider(checks: Checks, value: str, offered: Collection[str]) -> str:
    """Reads a provider; an empty one leaves it to the service."""
    known = {provider: provider for provider in offered}
    reason = reasons.ERROR_REASON_PROVIDER_UNKNOWN
    return (
        checks.one_of("options.provider", value, known, "provider", reason) or "" if value else ""
    )


def read_floor(checks: Checks, value: str, floors: Mapping[str, float]) -> float:
    """Reads how good the model must be, as its least score; an empty label means any."""
    reason = reasons.ERROR_REASON_QUALITY_UNKNOWN
    if not value:
        return 0.0
    return checks.one_of("options.min_quality", value, floors, "least quality", reason) or 0.0


def read_deadline(checks: Checks, options: GenerationOptions, now: datetime) -> datetime | None:
    """Reads when the picture must be there; a time that is over is a violation."""
    if not options.HasField("complete_by"):
        return None
    try:
        until = options.complete_by.ToDatetime(UTC)
    except (OverflowError, ValueError):
        until = None
    if until is None or until <= now:
        checks.add(
            "options.complete_by",
            "is no time to come; leave it unset, or give one that a picture can be drawn by",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    return until


def read_max_cost(checks: Checks, options: GenerationOptions) -> int | None:
    """Reads the most that a picture may cost; a negative amount is a violation."""
    if not options.HasField("max_cost_micros"):
        return None
    if options.max_cost_micros < 0:
        checks.add(
            "options.max_cost_micros",
            f"{options.max_cost_micros} is below 0; 0 allows only what is free",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    return options.max_cost_micros
