"""Commands that show prices, routes and providers."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

import click
from google.protobuf.duration_pb2 import Duration

from imggen.cli.durations import spoken
from imggen.cli.session import Session, connected
from imggen.errors import NotFound, reason_name
from imggen.fields import short_name
from imggen.rules.money import at_most, dollars
from imggen.sync import SyncClient
from imggen.v1.budget_pb2 import CallKind
from imggen.v1.job_pb2 import JOB_STATUS_FAILED
from imggen.v1.routing_pb2 import (
    DrawingRecord,
    ExplainRouteResponse,
    ModelStatus,
    Offer,
    PaidCall,
    PlanStoryResponse,
    ProviderStatus,
    QuoteStoryResponse,
    Route,
    RoutedAttempt,
)


@click.command()
@connected
def providers(session: Session) -> None:
    """List the providers: which are well, their models, and what a picture costs.

    PRICE is the most that a call for a square picture of quality hd costs. QUALITY is 0 to 5;
    `--min-quality` asks for one. TIME is the mean of the latest pictures, or a guess before 50 were
    drawn. A canary draws a share of the jobs that it could draw; NOTES show it beside the model
    that drew the rest.

    \b
    Examples:
      imggen providers
      imggen providers --json | jq '.providers[] | select(.health != "well")'
    """
    found = session.client.list_providers()
    session.table(
        ("MODEL", "PROVIDER", "HEALTH", "PRICE", "QUALITY", "TIME", "NOTES"),
        (provider_row(provider, model) for provider in found for model in provider.models),
        providers=found,
    )


@click.command()
@click.argument("job_id")
@connected
def explain(session: Session, job_id: str) -> None:
    """Explain which model draws a job, or drew it, what it cost, and why not another.

    \b
    Example:
      imggen explain JOB_ID
    """
    found = session.client.explain_route(job_id)
    lines = ["admitted:", *_indented(route_lines(found.admitted))]
    for attempt in found.attempts:
        lines += [f"attempt {attempt.attempt}, {ended(attempt)}:"]
        lines += _indented([*route_lines(attempt.route), *map(call_line, attempt.calls)])
    lines += _failure(session.client, job_id, found)
    session.document(*lines, admitted=found.admitted, attempts=found.attempts)


def _failure(client: SyncClient, job_id: str, found: ExplainRouteResponse) -> Iterator[str]:
    """Yields why a job has failed, in full unless its last attempt has said so."""
    try:
        job = client.get_job(job_id)
    except NotFound:  # another user's, which an admin explains, but does not get
        return
    if job.status == JOB_STATUS_FAILED:
        told = found.attempts and found.attempts[-1].error == job.error.message
        parts = ("failed", reason_name(job.error.reason), "" if told else job.error.message)
        yield ": ".join(filter(None, parts))


def route_lines(route: Route) -> Iterator[str]:
    """Yields a choice as lines for people: the chosen model first, then the others."""
    if route.reused_from_image_id:
        yield f"* the stored picture of {route.reused_from_image_id}: free, nothing is drawn"
    for number, offer in enumerate(route.offers):
        mark = "*" if number == 0 and not route.reused_from_image_id else "-"
        yield (
            f"{mark} {offer.model} ({offer.provider}): {at_most(offer.price_micros)}, "
            f"quality {offer.score:g}, {_expected(offer, paused=route.lane_paused)}"
        )
    if route.reason:
        yield f"  {route.reason}"
    if route.most_micros and not route.reused_from_image_id:
        yield f"  {_ceiling(route.most_micros)}"
    for other in route.passed_over:
        yield f"x {other.model} ({other.provider}): {other.reason}"


def quote_lines(quote: QuoteStoryResponse | PlanStoryResponse) -> Iterator[str]:
    """Yields the quote of a story, or that of its plan, as lines for people."""
    yield f"{quote.images} images, {_price(quote)}, {_expected(quote, paused=quote.lane_paused)}"
    if quote.reused_images:
        yield f"  {quote.reused_images} more are stored already, free"
    for part in quote.models:
        price = f"expected {_most(part.price_micros)}" if part.price_micros else "free"
        yield f"  {part.images} by {part.model} ({part.provider}), {price}"


def provider_row(provider: ProviderStatus, model: ModelStatus) -> tuple[str, ...]:
    """Returns a model as a row of the table of providers."""
    notes = [provider.reason, model.off_reason, model.not_held]
    health = "off" if model.off else provider.health
    if model.canary:
        notes.append(f"canary of {model.canary * 100:g} %")
    more = "".join(f"\n{line}" for line in comparison_lines(model))
    if model.retires_on:
        notes.append(f"retires on {model.retires_on}")
    price = at_most(model.price_micros) if model.HasField("price_micros") else "unknown"
    return (
        *(model.model, provider.provider, health, price, f"{model.score:g}"),
        *(expected_time(model.mean_duration), "; ".join(filter(None, notes)) + more),
    )


def comparison_lines(model: ModelStatus) -> Iterator[str]:
    """Yields what a canary drew, and what the model that it would replace drew of the rest."""
    if not model.canary:
        return
    if not model.HasField("canary_comparison"):
        yield "drew nothing as a canary in the last 7 days"
        return
    found = model.canary_comparison
    yield f"since {found.since.ToDatetime():%Y-%m-%d %H:%M} UTC: {_drew(found.canary)}"
    yield f"{found.replaced.model} meanwhile: {_drew(found.replaced)}"


def _price(quote: QuoteStoryResponse | PlanStoryResponse) -> str:
    """Returns what the first offers cost, and what it comes to if others must draw."""
    if quote.most_micros <= quote.price_micros:
        return _most(quote.price_micros)
    return f"expected {_most(quote.price_micros)}, {_ceiling(quote.most_micros)}"


def _ceiling(micros: int) -> str:
    return f"{_most(micros)} if calls fail or other models must draw"


def _most(micros: int) -> str:
    return f"at most {at_most(micros)}" if micros else "free"


def _expected(message: Offer | QuoteStoryResponse | PlanStoryResponse, *, paused: bool) -> str:
    if paused:
        return "its lane is paused"
    if not message.HasField("expected_duration"):
        return "no worker draws it now"
    return expected_time(message.expected_duration)


def expected_time(duration: Duration) -> str:
    """Returns how long a picture takes to the second, or that it takes less than one."""
    seconds = duration.ToTimedelta().total_seconds()
    return spoken(timedelta(seconds=round(seconds))) if seconds >= 1 else "under 1 s"


def _drew(record: DrawingRecord) -> str:
    parts = [f"{record.pictures} {'picture' if record.pictures == 1 else 'pictures'}"]
    if record.HasField("success_share"):
        parts.append(f"{record.success_share:.1%} succeeded")
    if record.HasField("mean_cost_micros"):
        parts.append(f"{dollars(record.mean_cost_micros)} each")
    if record.HasField("mean_duration"):
        parts.append(expected_time(record.mean_duration))
    if record.HasField("mean_score"):
        parts.append(f"quality {record.mean_score:.2f}")
    return ", ".join(parts)


def ended(attempt: RoutedAttempt) -> str:
    """Returns how an attempt ended, and why."""
    # Attempts of older services do not say why they were given back.
    why = attempt.error or ("given back to the queue" if attempt.outcome == "released" else "")
    return f"{attempt.outcome}: {why}" if why else attempt.outcome


def call_line(call: PaidCall) -> str:
    """Returns a paid call: what it was made for, and what it cost."""
    cost = dollars(call.cost_micros, "nothing") + (" (estimated)" if call.estimated else "")
    unknown = ", its outcome is unknown" if call.outcome_unknown else ""
    given = f", {call.provider_request_id}" if call.provider_request_id else ""
    # Calls of older services have no kind.
    kind = f" ({short_name(CallKind, call.kind)})" if call.kind else ""
    return f"call {call.call}{kind} of {call.provider}: {cost}{unknown}{given}"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
