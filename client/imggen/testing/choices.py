"""The fake's choice of a model: all are free and well, so that a request alone excludes one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration

from imggen.rules.checks import Checks
from imggen.rules.graphemes import first
from imggen.rules.limits import read_deadline, read_floor, read_max_cost, read_provider
from imggen.rules.offers import choose, choose_again, no_eligible_offer
from imggen.testing.catalogue import FLOORS, MODELS, Model
from imggen.v1.generation_pb2 import GenerationOptions
from imggen.v1.routing_pb2 import (
    EXCLUSION_BELOW_QUALITY,
    EXCLUSION_NOT_ASKED,
    EXCLUSION_SIZE_NOT_OFFERED,
    EXCLUSION_TOO_LATE,
    EXCLUSION_TOO_MANY_CHARACTERS,
    Exclusion,
    Offer,
    PassedOver,
    Route,
)

DEFAULT_QUALITY = "hd"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request asks of the model; what a picture costs is always within its limit."""

    model: str
    provider: str
    min_score: float
    complete_by: datetime | None


@dataclass(frozen=True, slots=True)
class Routing:
    """The models that may draw a picture of a quality, the best first, and why others may not."""

    quality: str
    offers: tuple[Model, ...]
    losers: tuple[PassedOver, ...]

    def require(self) -> Model:
        """Returns the best model; raises FailedPrecondition where none may draw it."""
        if not self.offers:
            raise no_eligible_offer({one.model: one.reason for one in self.losers})
        return self.offers[0]

    def message(self) -> Route:
        """Returns the routing as callers see it."""
        return Route(
            offers=[
                Offer(
                    model=model.name,
                    provider=model.provider,
                    expected_duration=duration(model.grades[self.quality].seconds),
                    score=model.grades[self.quality].score,
                )
                for model in self.offers
            ],
            passed_over=self.losers,
            reason=self._reason(),
            most_micros=0,
        )

    def _reason(self) -> str:
        best, others = self.offers[0].name, self.offers[1:]
        if not others:
            return f"{best}, free: the only model that may draw it"
        return f"{best}, free: the first of {len(self.offers)}; " + "; ".join(
            f"{other.name} costs as little, and comes after {best} in the catalogue"
            for other in others
        )


def read_limits(checks: Checks, options: GenerationOptions) -> Limits:
    """Reads what a request asks of the model; violations go to `checks`."""
    providers = dict.fromkeys(model.provider for model in MODELS)
    limits = Limits(
        model=options.model,
        provider=read_provider(checks, options.provider, providers),
        min_score=read_floor(checks, options.min_quality, FLOORS),
        complete_by=read_deadline(checks, options, datetime.now(UTC)),
    )
    read_max_cost(checks, options)
    return limits


def route(
    checks: Checks, limits: Limits, quality: str | None, characters: int, size: str | None = None
) -> Routing | None:
    """Routes a picture; None, and violations, if what is asked is wrong in itself.

    `size` is that of a portrait, None for a picture that is none. A `quality` of None is a
    violation already.
    """
    found = choose(MODELS, limits.model, characters, size)
    if not isinstance(found, Model):
        checks.violations.extend(found)
        return None
    drawn = quality or DEFAULT_QUALITY
    losers = {
        model.name: lost
        for model in MODELS
        for lost in [next(_exclusions(model, limits, drawn, characters, size), None)]
        if lost is not None
    }
    offers = tuple(model for model in MODELS if model.name not in losers)
    return Routing(drawn, offers, tuple(losers.values()))


def route_again(
    checks: Checks,
    before: str,
    limits: Limits,
    quality: str | None,
    characters: int,
    size: str | None,
) -> Routing | None:
    """Routes a picture that has its size, to the model before unless another one is asked for."""
    named = replace(limits, model=limits.model or before)
    found = choose_again(MODELS, named.model, characters, size)
    if not isinstance(found, Model):
        checks.violations.extend(found)
        return None
    return route(checks, named, quality, characters, size)


def pause(route: Route) -> None:
    """Makes a choice one whose lane is paused: nobody knows when it is drawn."""
    route.lane_paused = True
    for offer in route.offers:
        offer.ClearField("expected_duration")


def duration(seconds: float) -> Duration:
    """Returns a time as a message."""
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message


def _exclusions(
    model: Model, limits: Limits, quality: str, characters: int, size: str | None
) -> Iterator[PassedOver]:
    """Yields what keeps a model from drawing a picture, in the order in which a router looks."""

    def lost(exclusion: Exclusion.ValueType, reason: str) -> PassedOver:
        return PassedOver(
            model=model.name, provider=model.provider, exclusion=exclusion, reason=reason
        )

    grade = model.grades[quality]
    if limits.model and model.name != limits.model:
        yield lost(EXCLUSION_NOT_ASKED, f"{first(limits.model, 60)} was asked for")
    if limits.provider and model.provider != limits.provider:
        yield lost(
            EXCLUSION_NOT_ASKED,
            f"its provider is {model.provider}, and {first(limits.provider, 60)} was asked for",
        )
    if characters > model.max_characters:
        most = f"draws {model.max_characters} characters at most, not {characters}"
        yield lost(EXCLUSION_TOO_MANY_CHARACTERS, most)
    if size and size not in model.portraits:
        yield lost(EXCLUSION_SIZE_NOT_OFFERED, f"does not draw {size}")
    if grade.score < limits.min_score:
        below = f"scores {grade.score:g}, below the least of {limits.min_score:g}"
        yield lost(EXCLUSION_BELOW_QUALITY, below)
    if limits.complete_by is not None:
        left = (limits.complete_by - datetime.now(UTC)).total_seconds()
        if grade.seconds > left:
            late = f"takes {grade.seconds:.0f} s, and {max(left, 0):.0f} s are left"
            yield lost(EXCLUSION_TOO_LATE, late)
