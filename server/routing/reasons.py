"""Reasons: why a model was not chosen, as a code and in an operator's words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imggen.rules.graphemes import first
from imggen.rules.money import apart
from server.domain.health import HealthState, ProviderHealth
from server.domain.states import Lane
from server.routing.rows import Row
from server.routing.wishes import Offer


class Exclusion(StrEnum):
    """What keeps a model from drawing a wish."""

    NOT_ASKED = "not_asked"  # another model, or another provider, was asked for
    FAILED_BEFORE = "failed_before"  # in an attempt of this job
    RETIRED = "retired"
    QUALITY_NOT_OFFERED = "quality_not_offered"
    TOO_MANY_CHARACTERS = "too_many_characters"
    SIZE_NOT_OFFERED = "size_not_offered"
    LACKS_CAPABILITY = "lacks_capability"
    PRICE_UNKNOWN = "price_unknown"
    BELOW_QUALITY = "below_quality"
    OVER_COST = "over_cost"
    TOO_LATE = "too_late"
    NOT_HELD = "not_held"  # no worker holds it, or has a key for it
    NOT_WELL = "not_well"  # its breaker is open, or it asked to wait, or it is off
    OVER_BUDGET = "over_budget"

    @property
    def passes(self) -> bool:
        """Whether a job is admitted to wait until it is over."""
        return self in (Exclusion.NOT_WELL, Exclusion.OVER_BUDGET)


@dataclass(frozen=True, slots=True)
class Loser:
    """A model that may not draw a wish, and why.

    Where the exclusion passes, `offer` is what it would offer afterwards, and `until` when that is
    known.
    """

    model: Row
    exclusion: Exclusion
    reason: str
    offer: Offer | None = None
    until: datetime | None = None

    def __str__(self) -> str:
        return f"{self.model.name}: {self.reason}"


def another_model(asked: str, drawn: str) -> str:
    """Returns why a model is none that was asked for; `drawn` is what draws for the `asked` one."""
    heir = f", and {drawn} draws for it" if drawn != asked else ""
    return f"{first(asked, 60)} was asked for{heir}"


def another_provider(model: Row, asked: str) -> str:
    """Returns why a model of another provider than the one asked for draws nothing."""
    return f"its provider is {model.provider}, and {first(asked, 60)} was asked for"


def below(score: float, least: float, shown: float | None, whole: float) -> str:
    """Returns why a score is too low; `shown` is the share of its page that lowers it.

    `whole` is what its latest pictures are worth, by their measured quality, at most 1.
    """
    page = "" if shown is None else f" on this page, of which it shows {shown:.0%}"
    damage = "" if whole == 1 else f", {whole:.0%} of its own since its pictures are damaged"
    return f"scores {score:g}{page}{damage}, below the least of {least:g}"


def not_held(model: Row) -> str:
    """Returns why a model that the workers do not hold draws nothing."""
    return f"no worker holds {'a key for it' if model.lane is Lane.HOSTED else 'it'}"


def not_well(health: ProviderHealth) -> str:
    """Returns why a provider, or its model, takes no calls."""
    who = health.model or health.provider
    why = f" ({health.reason})" if health.reason else ""
    until = f" until {health.until:%H:%M:%S} UTC" if health.until else ""
    match health.state:
        case HealthState.OFF:
            probed = "" if health.model else ", or it is found well"  # models are never probed
            return f"{who} is off{why} until an operator turns it on{probed}"
        case HealthState.WAITING:
            return f"{who} asked to wait{until}{why}"
        case HealthState.HALF_OPEN:
            return f"{who} failed too often{why}; the next call is its probe"
        case HealthState.PROBING:
            return f"{who} is being probed after failures{why}"
        case _:
            return f"{who} failed too often{why}; no calls{until}"


def too_late(offer: Offer, left: float) -> str:
    """Returns why an offer would not meet its deadline."""
    if offer.seconds == float("inf"):
        return f"nobody draws in the lane {offer.model.lane}, and {max(left, 0):.0f} s are left"
    queue = f", {offer.waits:.0f} s of them in the queue" if offer.waits >= 1 else ""
    return f"takes {offer.seconds:.0f} s{queue}, and {max(left, 0):.0f} s are left"


def compared(chosen: Offer, other: Offer) -> str:
    """Returns why an offer comes after the chosen one."""
    if other.choice_micros > chosen.choice_micros:
        more, less = apart(other.choice_micros, chosen.choice_micros, "nothing")
        return f"costs {more}, more than {less}"
    if other.model.canary:
        return "draws as a canary, for its share of the jobs alone"
    if other.choice_micros < chosen.choice_micros:
        more, less = apart(chosen.choice_micros, other.choice_micros, "nothing")
        return f"costs {less}, less than {more}"
    if chosen.choice_micros == 0:
        return f"costs as little, and comes after {chosen.model.name} in the catalogue"
    if other.seconds > chosen.seconds:
        return f"costs as much, and takes {other.seconds:.0f} s, not {chosen.seconds:.0f}"
    if other.seconds == chosen.seconds and other.draws > chosen.draws:
        return f"costs as much, and draws for {other.draws:.0f} s, not {chosen.draws:.0f}"
    return f"costs and takes as much, and scores {other.score:g}, not {chosen.score:g}"
