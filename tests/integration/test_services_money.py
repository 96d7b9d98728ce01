"""Money: the price of a paid job is held before it is spent; a budget is never exceeded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from imggen.v1 import generation_pb2, job_pb2
from server.domain.states import Lane
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.store import Store
from tests.builders import new_job, new_user, outcome, paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture, new_id, open_gateway_fixture

PRICE = 40_000
LIMIT = 100_000
PAID = paid(STORYBOOK, PRICE)


@pytest.fixture
async def paid_gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway with a model that costs 4 cents, and a daily budget of 10 cents."""
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([PAID]), daily_budget_usd=LIMIT / 1e6
    ) as gateway:
        yield gateway


@pytest.fixture
def buyer(paid_gateway: GatewayFixture) -> Caller:
    """Returns a caller of the paid gateway."""
    return paid_gateway.caller("mia")


async def test_a_job_shows_its_price_and_then_its_cost(
    paid_gateway: GatewayFixture, buyer: Caller
) -> None:
    job = await buyer.portrait()
    assert (job.model, job.provider, job.estimated_cost_micros) == ("paid", "somebody", PRICE)
    assert await _budget(paid_gateway) == (PRICE, 0)
    await paid_gateway.complete(await paid_gateway.claim(), cost_micros=30_000)
    done = await buyer.get_job(job.job_id)
    assert done.actual_cost_micros == 30_000
    assert (await buyer.get_image(job.image_id)).cost_micros == 30_000
    assert await _budget(paid_gateway) == (0, 30_000)


async def test_a_job_over_the_budget_is_refused(
    paid_gateway: GatewayFixture, buyer: Caller
) -> None:
    character = await buyer.create_character()
    for _ in range(2):
        await buyer.portrait(character.id)
    request = generation_pb2.GeneratePortraitRequest(character_id=character.id, style="anime")
    refused = await buyer.refused(buyer.generation.GeneratePortrait, request)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "BUDGET_EXHAUSTED",
    )
    assert refused.metadata == {"price_micros": "40000", "scope": "global"}
    assert refused.retry_after_s is not None
    assert 0 < refused.retry_after_s <= 24 * 3600
    assert await paid_gateway.count("images") == 2
    # The rolled back admission has left an alert.
    alerts = await paid_gateway.store.database.fetch(
        "SELECT scope, percent FROM alerts ORDER BY id"
    )
    assert [tuple(row) for row in alerts] == [("global", 80), ("global", 100)]


@pytest.mark.parametrize("scope", ["global", "provider:somebody", "user"])
@pytest.mark.parametrize("what", ["picture", "story"])
async def test_a_refusal_by_the_router_itself_alerts(
    paid_gateway: GatewayFixture, buyer: Caller, scope: str, what: str
) -> None:
    character = await buyer.create_character()
    story = await buyer.create_story("A wood.")
    named = f"user:{buyer.user_id}" if scope == "user" else scope
    store = paid_gateway.store
    # No request has looked at the budgets yet, so that the router knows of this limit.
    await store.budgets.set_limit(named, PRICE - 1, buyer.user_id)
    if what == "story":
        call = buyer.generation.GenerateStory
        request: Any = generation_pb2.GenerateStoryRequest(story_id=story.id)
    else:
        call = buyer.generation.GeneratePortrait
        request = generation_pb2.GeneratePortraitRequest(character_id=character.id, style="anime")
    refused = await buyer.refused(call, request)
    assert refused.metadata == {"price_micros": str(PRICE), "scope": named}
    alerts = await store.database.fetch("SELECT scope, percent FROM alerts")
    assert [tuple(row) for row in alerts] == [(named, 100)]


async def test_a_story_that_is_too_dear_does_not_use_up_a_budget(
    paid_gateway: GatewayFixture, buyer: Caller
) -> None:
    story = await buyer.create_story(*(f"A wood on day {day}." for day in range(3)))
    request = generation_pb2.GenerateStoryRequest(story_id=story.id)
    refused = await buyer.refused(buyer.generation.GenerateStory, request)
    assert refused.reason == "BUDGET_EXHAUSTED"
    assert await paid_gateway.count("alerts") == 0


async def test_the_budget_refuses_no_job_that_a_free_model_draws(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([PAID, STORYBOOK]), daily_budget_usd=LIMIT / 1e6
    ) as gateway:
        mia = gateway.caller("mia")
        named = generation_pb2.GenerationOptions(model="paid")
        for _ in range(2):
            assert (await mia.portrait(options=named)).estimated_cost_micros == PRICE
        job = await mia.portrait()
        assert (job.model, job.estimated_cost_micros) == ("storybook", 0)


@pytest.mark.parametrize("end", ["cancelled", "failed", "deleted", "given back and cancelled"])
async def test_money_of_a_failed_or_cancelled_job_is_released(
    paid_gateway: GatewayFixture, buyer: Caller, end: str
) -> None:
    job = await buyer.portrait()
    match end:
        case "cancelled":
            await buyer.cancel(job.job_id)
        case "failed":
            await paid_gateway.fail(await paid_gateway.claim())
        case "deleted":
            await buyer.delete_image(job.image_id)
        case _:
            claim = await paid_gateway.claim()
            await buyer.cancel(job.job_id)
            await paid_gateway.store.leases.release([claim])
    assert await _budget(paid_gateway) == (0, 0)
    rows = await paid_gateway.store.database.fetch(
        "SELECT kind, held_micros FROM ledger ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [("hold", PRICE), ("release", -PRICE)]


async def test_a_retry_holds_its_money_again_or_is_refused(
    paid_gateway: GatewayFixture, buyer: Caller
) -> None:
    job = await buyer.portrait()
    await buyer.cancel(job.job_id)
    await buyer.retry(job.job_id)
    assert await _budget(paid_gateway) == (PRICE, 0)
    await buyer.cancel(job.job_id)
    for _ in range(2):
        await buyer.portrait()
    request = job_pb2.RetryJobRequest(job_id=job.job_id)
    refused = await buyer.refused(buyer.jobs.RetryJob, request)
    assert refused.reason == "BUDGET_EXHAUSTED"
    assert (await buyer.get_job(job.job_id)).status == job_pb2.JOB_STATUS_CANCELLED


@pytest.mark.parametrize("what", ["job", "batch", "job of a batch"])
async def test_the_budget_refuses_no_retry_that_a_free_model_draws(
    database: str, tmp_path: Path, what: str
) -> None:
    # The free model draws only what the paid one, a canary of all jobs, does not.
    canary = replace(PAID, canary=1.0, lane=Lane.HOSTED)
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([canary, STORYBOOK]), daily_budget_usd=1
    ) as gateway:
        mia = gateway.caller("mia")
        story = await mia.create_story("A wood.")
        if what == "job":
            asked = [await mia.portrait()]
        else:
            batch = await mia.generate_story(story.id)
            asked = list((await mia.list_jobs(story_id=story.id)).jobs)
        assert {job.estimated_cost_micros for job in asked} == {PRICE}
        for job in asked:
            await mia.cancel(job.job_id)
        await gateway.store.budgets.set_limit("global", PRICE - 1, mia.user_id)
        if what == "batch":
            await mia.retry_batch(batch.batch_id)
        else:
            await mia.retry(asked[0].job_id)
            asked = asked[:1]
        for one in asked:
            job = await mia.get_job(one.job_id)
            assert job.status == job_pb2.JOB_STATUS_QUEUED
            assert (job.model, job.provider, job.estimated_cost_micros) == ("storybook", "local", 0)
        assert await _budget(gateway) == (0, 0)
        assert (await gateway.claim()).models == ("storybook",)


async def test_a_retry_keeps_to_its_limits_beyond_the_budget(database: str, tmp_path: Path) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([PAID, STORYBOOK]), daily_budget_usd=1
    ) as gateway:
        mia = gateway.caller("mia")
        job = await mia.portrait(options=generation_pb2.GenerationOptions(provider="somebody"))
        await mia.cancel(job.job_id)
        await gateway.store.budgets.set_limit("global", PRICE - 1, mia.user_id)
        request = job_pb2.RetryJobRequest(job_id=job.job_id)
        refused = await mia.refused(mia.jobs.RetryJob, request)
        assert refused.metadata == {"price_micros": str(PRICE), "scope": "global"}
        assert (await mia.get_job(job.job_id)).model == "paid"


async def test_a_batch_that_is_retried_is_paid_by_the_budgets_of_three_providers(
    database: str, tmp_path: Path
) -> None:
    rows = [
        replace(paid(KNOWN["fake"], PRICE + place, f"paid-{place}"), provider=f"somebody-{place}")
        for place in range(3)
    ]
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue(rows), daily_budget_usd=1
    ) as gateway:
        mia = gateway.caller("mia")
        story = await mia.create_story(*(f"A wood on day {day}." for day in range(3)))
        batch = await mia.generate_story(story.id)
        await mia.cancel_batch(batch.batch_id)
        for name in ("somebody-0", "somebody-1"):
            await gateway.store.budgets.set_limit(f"provider:{name}", 2 * PRICE - 1, mia.user_id)
        again = await mia.retry_batch(batch.batch_id)
        assert again.estimated_cost_micros == 3 * PRICE + 3
        images = (await mia.get_batch(batch.batch_id)).images
        assert sorted(image.job.model for image in images) == ["paid-0", "paid-1", "paid-2"]


async def test_a_provider_over_its_budget_refuses_no_job_that_waits_for_another(
    database: str, tmp_path: Path
) -> None:
    cheap = replace(paid(KNOWN["fake"], PRICE, "cheap"), provider="another")
    dear = paid(KNOWN["fake"], PRICE + 1, "dear")
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([cheap, dear]), daily_budget_usd=1
    ) as gateway:
        mia, store = gateway.caller("mia"), gateway.store
        await store.budgets.set_limit("provider:another", PRICE - 1, mia.user_id)
        await store.health.turn_off("somebody", "", "account_stopped")
        job = await mia.portrait()
        assert (job.model, job.estimated_cost_micros) == ("dear", PRICE + 1)


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
async def test_a_retry_on_a_later_day_is_paid_from_that_day(
    paid_gateway: GatewayFixture, buyer: Caller, end: str
) -> None:
    job = await buyer.portrait()
    await buyer.cancel(job.job_id)
    await paid_gateway.store.database.execute(
        "UPDATE image_generation_jobs SET created_at = created_at - interval '3 days',"
        " queued_at = queued_at - interval '3 days'"
    )
    await buyer.retry(job.job_id)
    match end:
        case "complete":
            await paid_gateway.complete(await paid_gateway.claim(), cost_micros=30_000)
        case "fail":
            await paid_gateway.fail(await paid_gateway.claim())
        case _:
            await buyer.cancel(job.job_id)
    assert await _budget(paid_gateway) == (0, 30_000 if end == "complete" else 0)


async def test_the_same_request_again_holds_nothing_more(
    paid_gateway: GatewayFixture, buyer: Caller
) -> None:
    character = await buyer.create_character()
    fields: dict[str, Any] = {"seed": 7, "request_id": new_id()}
    jobs = await asyncio.gather(*(buyer.portrait(character.id, **fields) for _ in range(10)))
    assert len({job.job_id for job in jobs}) == 1
    assert await _budget(paid_gateway) == (PRICE, 0)


async def test_fifty_submits_at_once_never_overrun_the_budget(
    paid_gateway: GatewayFixture, buyer: Caller
) -> None:
    character = await buyer.create_character()

    async def submit() -> str:
        try:
            return (await buyer.portrait(character.id)).job_id
        except grpc.aio.AioRpcError as error:
            return error.code().name

    made = await asyncio.gather(*(submit() for _ in range(50)))
    assert made.count("RESOURCE_EXHAUSTED") == 48
    assert await paid_gateway.count("image_generation_jobs") == 2
    assert await _budget(paid_gateway) == (2 * PRICE, 0)


async def test_a_regeneration_is_paid_for_and_its_refusal_is_free(
    database: str, tmp_path: Path
) -> None:
    catalogue = Catalogue([PAID])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=10 * PRICE / 1e6
    ) as gateway:
        mia = gateway.caller("mia")
        job = await mia.portrait()
        for _ in range(5):
            await mia.regenerate(job.image_id)
        request = generation_pb2.RegenerateImageRequest(image_id=job.image_id)
        refused = await mia.refused(mia.generation.RegenerateImage, request)
        assert refused.reason == "REGENERATION_LIMIT"
        assert await _budget(gateway) == (6 * PRICE, 0)


async def test_a_version_is_admitted_while_its_original_completes(store: Store) -> None:
    # An admission that locked the image, as the completion does, could wait for the budget that the
    # completion has locked, while the completion waits for the image.
    user = await new_user(store)
    new, version = (new_job(user, price_micros=PRICE) for _ in range(2))
    async with store.transaction() as tx:
        await tx.submits.submit_each([new, version])
        assert await tx.money.hold([new.id], LIMIT) is None
    [claim, _] = await store.leases.claim("w", Lane.LOCAL, 2, LEASE)
    async with asyncio.timeout(30), store.transaction() as tx:
        assert await tx.images.lock_lineage(new.image_id) == 1
        assert await store.leases.complete(claim, outcome(new.id))
        assert await tx.money.hold([version.id], LIMIT) is None


async def test_a_day_starts_with_a_new_budget(store: Store) -> None:
    user = await new_user(store)
    all_of_it, more = (new_job(user, price_micros=price) for price in (LIMIT, 1))
    await store.submits.submit_each([all_of_it, more])
    assert await store.money.hold([all_of_it.id], LIMIT) is None
    assert await store.money.hold([more.id], LIMIT) == "global"
    await store.database.execute("UPDATE budgets SET day = day - 1")
    await store.database.execute("UPDATE holds SET day = day - 1")
    await store.jobs.cancel(user, all_of_it.id)
    assert await store.money.hold([all_of_it.id, more.id], LIMIT) == "global"
    assert await store.money.hold([all_of_it.id], LIMIT) is None


async def _budget(gateway: GatewayFixture) -> tuple[int, int]:
    """Returns the held and the spent money of all days."""
    [row] = await gateway.store.database.fetch(
        "SELECT sum(held_micros) AS held, sum(spent_micros) AS spent FROM budgets"
        " WHERE scope = 'global'"
    )
    return int(row["held"]), int(row["spent"])
