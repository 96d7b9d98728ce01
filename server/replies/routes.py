"""Routes, quotes and providers as messages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from imggen.v1 import routing_pb2
from imggen.v1.routing_pb2 import (
    CanaryComparison,
    DrawingRecord,
    Exclusion,
    ExplainRouteResponse,
    ModelStatus,
    ProviderStatus,
    QuotedModel,
    QuoteStoryResponse,
)
from server.domain.canaries import Comparison, Record
from server.domain.health import HealthState
from server.domain.ids import ImageId
from server.domain.routes import Route, RoutedAttempt, RoutedCall, RoutedJob
from server.domain.states import ImageType, Quality
from server.replies.budgets import CALL_KINDS
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.reasons import not_held, not_well
from server.routing.router import route
from server.routing.rows import Row
from server.routing.story_quotes import StoryQuote
from server.routing.wishes import Wish


def route_message(found: Route, reused_from: ImageId | None = None) -> routing_pb2.Route:
    """Returns a choice; with `reused_from`, the image whose stored picture takes its place."""
    return routing_pb2.Route(
        offers=[
            routing_pb2.Offer(
                model=offer.model,
                provider=offer.provider,
                price_micros=offer.price_micros,
                expected_duration=duration(offer.seconds),
                score=offer.score,
            )
            for offer in found.offers
        ],
        passed_over=[
            routing_pb2.PassedOver(
                model=loser.model,
                provider=loser.provider,
                exclusion=_exclusion(loser.exclusion),
                reason=loser.reason,
            )
            for loser in found.losers
        ],
        reason=found.reason,
        reused_from_image_id=str(reused_from or ""),
        most_micros=found.most_micros,
        lane_paused=found.lane_paused and reused_from is None,
    )


def explanation(job: RoutedJob) -> ExplainRouteResponse:
    """Returns the choices of a job."""
    return ExplainRouteResponse(
        admitted=route_message(job.admitted, job.reused_from),
        attempts=[_attempt(one) for one in job.attempts],
    )


def story_quote(quote: StoryQuote) -> QuoteStoryResponse:
    """Returns the quote of a story."""
    return QuoteStoryResponse(
        images=quote.images,
        reused_images=quote.reused,
        price_micros=quote.price_micros,
        most_micros=quote.most_micros,
        expected_duration=duration(quote.seconds),
        lane_paused=quote.paused,
        models=[
            QuotedModel(
                model=part.model,
                provider=part.provider,
                images=part.images,
                price_micros=part.price_micros,
            )
            for part in quote.parts
        ],
    )


def provider_statuses(
    catalogue: Catalogue, conditions: Conditions, canaries: Mapping[str, Comparison]
) -> Sequence[ProviderStatus]:
    """Returns the providers of a catalogue, in its order, with their models."""
    found = []
    for provider in dict.fromkeys(row.provider for row in catalogue.models):
        health = conditions.health.get((provider, ""))
        bad = health is not None and health.state is not HealthState.WELL
        found.append(
            ProviderStatus(
                provider=provider,
                health=health.state if health else HealthState.WELL,
                reason=not_well(health) if health and bad else "",
                models=[
                    _model(catalogue, row, conditions, canaries.get(row.name))
                    for row in catalogue.models
                    if row.provider == provider
                ],
            )
        )
    return found


def _model(
    catalogue: Catalogue, row: Row, conditions: Conditions, compared: Comparison | None
) -> ModelStatus:
    wish = Wish(ImageType.SCENE, row.name, "1:1", 0, Quality.HD)
    priced = replace(conditions, held={})  # whoever holds it
    routing = route(Catalogue([row], catalogue.floors), wish, priced)
    offer = routing.first
    health = conditions.health.get((row.provider, row.name))
    off = health is not None and health.state is HealthState.OFF
    return ModelStatus(
        model=row.name,
        score=row.grades[Quality.HD].score if Quality.HD in row.grades else 0.0,
        price_micros=offer.price_micros if offer else None,
        mean_duration=duration(conditions.draws(row, Quality.HD)),
        canary=row.canary,
        retires_on=str(row.retires_on or ""),
        off=off,
        off_reason=not_well(health) if health and off else "",
        canary_comparison=_comparison(compared) if compared else None,
        not_held=not_held(row) if conditions.unheld(row) else "",
        max_characters=row.max_characters,
        qualities=[quality.value for quality in row.grades],
        portrait_sizes=list(row.portraits),
        stands_for=row.successor_of,
    )


def _comparison(compared: Comparison) -> CanaryComparison:
    message = CanaryComparison(canary=_record(compared.canary), replaced=_record(compared.replaced))
    message.since.FromDatetime(compared.since)
    return message


def _record(record: Record) -> DrawingRecord:
    return DrawingRecord(
        model=record.model,
        pictures=record.pictures,
        success_share=record.success,
        mean_cost_micros=record.cost_micros,
        mean_duration=duration(record.seconds),
        mean_score=record.score,
    )


def _attempt(one: RoutedAttempt) -> routing_pb2.RoutedAttempt:
    message = routing_pb2.RoutedAttempt(
        attempt=one.attempt,
        route=route_message(one.route),
        outcome=one.outcome,
        error=one.error,
        calls=[_call(number, call) for number, call in enumerate(one.calls, start=1)],
    )
    message.started_at.FromDatetime(one.started_at)
    return message


def _call(number: int, call: RoutedCall) -> routing_pb2.PaidCall:
    return routing_pb2.PaidCall(
        call=number,
        kind=CALL_KINDS[call.call],
        provider=call.provider,
        cost_micros=call.cost_micros,
        estimated=call.estimated,
        outcome_unknown=call.unknown,
        provider_request_id=call.request_id,
    )


def _exclusion(code: str) -> Exclusion.ValueType:
    """Returns the value of a code; one that only a newer worker knows is unspecified."""
    try:
        return Exclusion.Value(f"EXCLUSION_{code.upper()}")
    except ValueError:
        return Exclusion.EXCLUSION_UNSPECIFIED


def duration(seconds: float | None) -> Duration | None:
    """Returns a time as a message; None where it is not known."""
    if seconds is None:
        return None
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message
