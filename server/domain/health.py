"""The health of providers, as the whole fleet sees it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HealthState(StrEnum):
    """Whether a provider may be called."""

    WELL = "well"
    WAITING = "waiting"  # it asked to wait -> WELL at `until`
    OPEN = "open"  # its breaker is open -> HALF_OPEN at `until`
    HALF_OPEN = "half_open"  # the next call is the probe -> PROBING
    PROBING = "probing"  # its success -> WELL, its failure -> OPEN for longer
    OFF = "off"  # an operator, or the success of a slow probe -> WELL


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """The health of a provider, or of one of its models where `model` is not empty.

    `until` is when its state ends at the latest, None where no time ends it. `reason` is the kind
    of the failure that closed it to calls; times are the database's.
    """

    provider: str
    model: str
    state: HealthState
    failures: int = 0
    until: datetime | None = None
    reason: str = ""
