"""Routes: the choice of a model as it is kept with a job and its attempts, to be explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from server.domain.ids import ImageId, JobId
from server.domain.money import CallName


@dataclass(frozen=True, slots=True)
class RouteOffer:
    """A model that could draw; `seconds` is None where nobody was there to draw."""

    model: str
    provider: str
    price_micros: int
    seconds: float | None
    score: float


@dataclass(frozen=True, slots=True)
class RouteLoser:
    """A model that could not, with the code of what excluded it, and the same in words."""

    model: str
    provider: str
    exclusion: str
    reason: str


@dataclass(frozen=True, slots=True)
class Route:
    """A choice: the offers, the best first, the losers, and why the first is the first.

    `canary` is whether that is there as a canary, `late` whether it is the soonest of offers that
    all miss the deadline. `most_micros` is the most that all calls that
    draw the picture can cost together; it is known of the choice at admission only. `lane_paused`
    is whether an admin has paused the lanes of all its offers.
    """

    offers: tuple[RouteOffer, ...] = ()
    losers: tuple[RouteLoser, ...] = ()
    reason: str = ""
    canary: bool = False
    most_micros: int | None = None
    late: bool = False
    lane_paused: bool = False

    def to_json(self) -> dict[str, Any]:
        """Returns the route as JSON for the database."""
        # By hand, as that of specs: every submit waits for it.
        return {
            "offers": [_offer_json(one) for one in self.offers],
            "losers": [_loser_json(one) for one in self.losers],
            "reason": self.reason,
            "canary": self.canary,
            "most_micros": self.most_micros,
            "late": self.late,
            "lane_paused": self.lane_paused,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads a route back; {} is one of which nothing is known."""
        return cls(
            offers=tuple(RouteOffer(**one) for one in data.get("offers", ())),
            losers=tuple(RouteLoser(**one) for one in data.get("losers", ())),
            reason=data.get("reason", ""),
            canary=data.get("canary", False),
            most_micros=data.get("most_micros"),
            late=data.get("late", False),
            lane_paused=data.get("lane_paused", False),
        )


def _offer_json(offer: RouteOffer) -> dict[str, Any]:
    return {
        "model": offer.model,
        "provider": offer.provider,
        "price_micros": offer.price_micros,
        "seconds": offer.seconds,
        "score": offer.score,
    }


def _loser_json(loser: RouteLoser) -> dict[str, Any]:
    return {
        "model": loser.model,
        "provider": loser.provider,
        "exclusion": loser.exclusion,
        "reason": loser.reason,
    }


UNKNOWN_ROUTE = Route()
"""The choice of a job of which nothing is known."""


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """A paid call of an attempt; see the table `calls`."""

    call: CallName
    provider: str
    cost_micros: int
    estimated: bool
    unknown: bool
    request_id: str


@dataclass(frozen=True, slots=True)
class RoutedAttempt:
    """An attempt, why its model was chosen, and what it paid."""

    attempt: int
    route: Route
    outcome: str
    error: str
    started_at: datetime
    calls: tuple[RoutedCall, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutedJob:
    """A job's choice when it was admitted, and those of its attempts.

    `reused_from` is the image whose picture answered it, so that none of its offers drew.
    """

    job_id: JobId
    admitted: Route
    attempts: tuple[RoutedAttempt, ...]
    reused_from: ImageId | None = None
