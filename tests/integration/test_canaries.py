"""What a canary drew beside what it would replace, and what it takes to find it out."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from imggen.v1 import routing_pb2, routing_pb2_grpc
from server.domain.canaries import Comparison
from server.domain.ids import UserId
from server.domain.jobs import Claim, Failure
from server.domain.money import Bill, CallName, NewCall
from server.domain.routes import Route, RouteLoser, RouteOffer
from server.domain.states import Lane
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.store import Store
from server.store.canaries import _COMPARED
from tests.builders import new_job, new_user, outcome, paid
from tests.integration.gateway_fixture import open_gateway_fixture

LEASE = timedelta(minutes=1)
HOLD = 90_000
ASKED = "'{new}'"


@pytest.fixture
async def user(store: Store) -> UserId:
    """Returns a user within a budget."""
    await store.money.default_limit(10**9)
    return await new_user(store)


def route(*models: str, canary: bool = False) -> Route:
    """Returns the choice of the first of some models."""
    offers = tuple(RouteOffer(model, "somebody", HOLD, 1.0, 3.0) for model in models)
    return Route(offers, canary=canary)


async def claimed(store: Store, user: UserId, choice: Route) -> Claim:
    """Returns the claim of a new job whose attempt draws by a choice."""
    job = new_job(user)
    assert await store.submit(job)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    assert await store.leases.chosen(claim, choice)
    return claim


async def drawn(
    store: Store, user: UserId, choice: Route, *, seconds: float, cost: int, score: float | None
) -> None:
    """Draws a picture in so many seconds, at a cost, with a score if it is measured."""
    claim = await claimed(store, user, choice)
    await store.database.execute(
        "UPDATE attempts SET started_at = now() - make_interval(secs => $2) WHERE job_id = $1",
        claim.job_id,
        seconds,
    )
    model = choice.offers[0].model
    assert (await store.money.begin(claim, NewCall(CallName.RENDER, "somebody", model, HOLD))).ok
    await store.money.settle(claim, CallName.RENDER, Bill(cost))
    assert await store.leases.complete(claim, outcome(claim.job_id, cost_micros=cost, model=model))
    await store.database.execute(
        "UPDATE images SET quality_score = $2 WHERE id = $1", claim.image_id, score
    )


async def failed(
    store: Store, user: UserId, choice: Route, *, cost: int = 0, reason: str = "RENDER_FAILED"
) -> None:
    """Fails an attempt, whose call may have cost something."""
    claim = await claimed(store, user, choice)
    if cost:
        call = NewCall(CallName.RENDER, "somebody", choice.offers[0].model, HOLD)
        assert (await store.money.begin(claim, call)).ok
        await store.money.settle(claim, CallName.RENDER, Bill(cost))
    await store.leases.fail(claim, Failure(reason, "no"), retryable=False, backoff=timedelta(0))


async def compared(store: Store, canary: str = "new") -> Comparison | None:
    """Returns how a canary compares."""
    return (await store.canaries.compare([canary])).get(canary)


async def test_a_canary_is_compared_with_what_draws_the_rest_of_its_jobs(
    store: Store, user: UserId
) -> None:
    trial, usual = route("new", "old", "third", canary=True), route("old", "third", "new")
    await drawn(store, user, trial, seconds=10, cost=30_000, score=4.0)
    await drawn(store, user, trial, seconds=20, cost=40_000, score=None)
    await failed(store, user, trial, cost=10_000)
    await drawn(store, user, usual, seconds=30, cost=60_000, score=3.0)
    await drawn(store, user, usual, seconds=50, cost=80_000, score=3.5)
    await drawn(store, user, usual, seconds=40, cost=70_000, score=None)
    await failed(store, user, usual)
    found = await compared(store)
    assert found is not None
    new, old = found.canary, found.replaced
    assert (new.model, new.pictures, new.failures, new.cost_micros) == ("new", 2, 1, 40_000)
    assert (old.model, old.pictures, old.failures, old.cost_micros) == ("old", 3, 1, 70_000)
    assert (new.success, old.success) == (2 / 3, 3 / 4)
    assert (new.score, old.score) == (4.0, 3.25)
    assert [round(one.seconds or 0) for one in (new, old)] == [15, 40]


async def test_only_what_chance_gave_to_either_of_them_counts(store: Store, user: UserId) -> None:
    figures: dict[str, Any] = {"seconds": 1, "cost": 1, "score": None}
    await drawn(store, user, route("new", "old", canary=True), **figures)
    await drawn(store, user, route("new"), **figures)  # it was asked for
    await drawn(store, user, route("new", "old"), **figures)  # its lane was the soonest
    await drawn(store, user, route("old", "new"), **figures)
    await drawn(store, user, route("old"), **figures)  # the canary could not draw it
    await drawn(store, user, route("third", "old", "new"), **figures)
    await claimed(store, user, route("new", "old", canary=True))  # runs
    lost = await claimed(store, user, route("new", "old", canary=True))
    await store.leases.release([lost])
    found = await compared(store)
    assert found is not None
    assert (found.canary.pictures, found.canary.failures) == (1, 0)
    assert (found.replaced.pictures, found.replaced.failures) == (1, 0)


async def test_a_call_that_was_not_made_is_no_failure_of_its_model(
    store: Store, user: UserId
) -> None:
    figures: dict[str, Any] = {"seconds": 1, "cost": 1, "score": None}
    trial = route("new", "old", canary=True)
    await drawn(store, user, trial, **figures)
    for reason in ("BUDGET_EXHAUSTED", "NO_ELIGIBLE_OFFER"):
        await failed(store, user, trial, reason=reason)
    await failed(store, user, trial, cost=5, reason="NO_ELIGIBLE_OFFER")  # it waited, and had paid
    found = await compared(store)
    assert found is not None
    assert (found.canary.pictures, found.canary.failures, found.canary.cost_micros) == (1, 1, 6)


async def test_both_are_compared_by_the_jobs_that_the_other_one_would_have_drawn(
    store: Store, user: UserId
) -> None:
    figures: dict[str, Any] = {"seconds": 1, "cost": 1, "score": None}
    for _ in range(2):
        await drawn(store, user, route("new", "old", canary=True), **figures)
    dear = {**figures, "cost": 80_000}
    await drawn(store, user, route("new", "third", "old", canary=True), **dear)
    after = (RouteLoser("another", "somebody", "failed_before", "it failed"),)
    await drawn(store, user, replace(route("new", "old", canary=True), losers=after), **dear)
    await drawn(store, user, replace(route("old", "new"), losers=after), **dear)
    await drawn(store, user, replace(route("old", "new"), late=True), **dear)
    await drawn(store, user, route("old", "new"), **figures)
    found = await compared(store)
    assert found is not None
    assert (found.canary.pictures, found.canary.cost_micros) == (2, 1)
    assert (found.replaced.pictures, found.replaced.cost_micros) == (1, 1)


async def test_the_comparison_begins_with_the_canary_and_ends_after_seven_days(
    store: Store, user: UserId
) -> None:
    figures: dict[str, Any] = {"seconds": 1, "cost": 1, "score": None}
    await drawn(store, user, route("old", "new"), **figures)
    await store.database.execute(
        "UPDATE attempts SET started_at = now() - interval '3 days',"
        " finished_at = now() - interval '3 days'"
    )
    await drawn(store, user, route("new", "old", canary=True), **figures)
    found = await compared(store)
    assert found is not None
    assert (found.canary.pictures, found.replaced.pictures) == (1, 0)
    assert (found.replaced.model, found.replaced.success) == ("old", None)
    await store.database.execute(
        "UPDATE attempts SET started_at = now() - interval '8 days',"
        " finished_at = now() - interval '8 days'"
    )
    assert await compared(store) is None
    assert await store.canaries.compare([]) == {}


async def test_providers_show_what_a_canary_drew(database: str, tmp_path: Path) -> None:
    trial = replace(paid(KNOWN["fake"], HOLD, "new"), canary=0.25)
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([STORYBOOK, trial]), daily_budget_usd=10
    ) as gateway:
        user = await new_user(gateway.store)
        choice = route("new", "storybook", canary=True)
        await drawn(gateway.store, user, choice, seconds=20, cost=30_000, score=None)
        await drawn(gateway.store, user, route("storybook", "new"), seconds=4, cost=0, score=2.5)
        routing = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
        request = routing_pb2.ListProvidersRequest()
        metadata = gateway.caller().metadata
        answer = await routing.ListProviders(request, metadata=metadata)
        [[storybook], [new]] = [provider.models for provider in answer.providers]
        assert not storybook.HasField("canary_comparison")
        found = new.canary_comparison
        assert found.since.seconds
        assert (found.canary.model, found.replaced.model) == ("new", "storybook")
        assert (found.canary.pictures, found.canary.success_share) == (1, 1.0)
        assert found.canary.mean_cost_micros == 30_000
        assert found.canary.mean_duration.seconds == 20
        assert not found.canary.HasField("mean_score")
        assert (found.replaced.mean_cost_micros, found.replaced.mean_score) == (0, 2.5)


_MANY = (
    """
INSERT INTO image_generation_jobs (
  user_id, kind, lane, spec, spec_version, ai_provider, ai_model, status, completed_at
) SELECT $1, 'scene', 'local', '{}', 1, 'local', 'old', 'completed', now()
  FROM generate_series(1, 20000)
""",
    """
INSERT INTO attempts (
  job_id, attempt, worker, provider, model, seed, outcome, started_at, finished_at, route
) SELECT id, 1, 'w', 'local', model, 7, 'completed', at, at, jsonb_build_object(
    'canary', model = 'new', 'offers', jsonb_build_array(
      jsonb_build_object('model', model),
      jsonb_build_object('model', CASE model WHEN 'new' THEN 'old' ELSE 'new' END)))
  FROM (
    SELECT id, now() - row_number() OVER () * interval '1 minute' AS at,
      CASE row_number() OVER () % 10 WHEN 0 THEN 'new' WHEN 1 THEN 'old' ELSE 'third' END AS model
    FROM image_generation_jobs
  ) AS one
""",
)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


async def test_only_the_latest_attempts_of_both_models_are_read(store: Store, user: UserId) -> None:
    jobs, attempts = _MANY
    await store.database.execute(jobs, user)
    await store.database.execute(attempts)
    await store.database.execute("ANALYZE")
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) {_COMPARED.replace('$1', ASKED)}"
    [row] = await store.database.fetch(query)
    nodes = [
        node
        for node in _nodes(json.loads(row[0])[0]["Plan"])
        if node.get("Relation Name") == "attempts"
    ]
    assert {node.get("Index Name") for node in nodes} == {"attempts_drawn"}
    read = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    assert sum(read) <= 2 * 7 * 24 * 60 / 10 + 10
