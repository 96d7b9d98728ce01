"""Stored pictures answer where no budget covers a new one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from imggen.v1 import batch_pb2, generation_pb2
from server.admission.backlog import Backlog, QueueLimits
from server.admission.batches import BatchAdmission
from server.admission.cheapest import CheapestOffers
from server.admission.jobs import Admission
from server.domain.batches import NewBatch
from server.domain.ids import BatchId, JobId
from server.domain.jobs import BatchPlace
from server.domain.reuse import Reuse
from server.forecast.jobs import Forecast
from server.metrics import GatewayMetrics
from server.money.budgets import OverBudget
from server.routing.catalogue import STORYBOOK, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from server.store import Store
from server.store.signals import Signals
from tests.builders import new_job, new_user, paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.test_batch_guards import new_story
from tests.integration.test_services_reuse import REUSE, reused

PRICE = 40_000
PAGES = ("A wood in the morning.", "A wood at noon.")


def a_gateway(database: str, folder: Path) -> AbstractAsyncContextManager[GatewayFixture]:
    """Opens a gateway whose model costs 4 cents, with a daily budget of 8 cents."""
    return open_gateway_fixture(
        database, folder, catalogue=Catalogue([paid(STORYBOOK, PRICE)]), daily_budget_usd=0.08
    )


@pytest.fixture
async def stored(database: str, tmp_path: Path) -> str:
    """Returns a story whose pages are drawn, which has used up the budget."""
    async with a_gateway(database, tmp_path) as gateway:
        mia = gateway.caller("mia")
        story = await mia.create_story(*PAGES)
        await mia.generate_story(story.id)
        for _ in PAGES:
            await gateway.complete(await gateway.claim(), PRICE)
        return story.id


@pytest.fixture
async def poor(stored: str, database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway that knows from its start that the budget is used up."""
    async with a_gateway(database, tmp_path) as gateway:
        yield gateway


@pytest.fixture
def mia(poor: GatewayFixture) -> Caller:
    """Returns the caller whose pictures are stored."""
    return poor.caller("mia")


async def test_a_stored_picture_needs_no_budget(
    poor: GatewayFixture, mia: Caller, stored: str
) -> None:
    again = await mia.scene(stored, options=REUSE)
    assert reused(again)
    assert (again.estimated_cost_micros, again.model) == (0, "paid")


async def test_a_picture_that_is_not_stored_is_refused(
    poor: GatewayFixture, mia: Caller, stored: str
) -> None:
    jobs = await poor.count("image_generation_jobs")
    page = (await mia.get_story(stored)).pages[0].id
    for options in (REUSE, None):
        request = generation_pb2.GenerateSceneRequest(
            story_id=stored, page_id=page, style="anime", options=options
        )
        refused = await mia.refused(mia.generation.GenerateScene, request)
        assert refused.reason == "BUDGET_EXHAUSTED"
        assert refused.metadata == {"price_micros": str(PRICE), "scope": "global"}
    assert await poor.count("image_generation_jobs") == jobs


async def test_a_story_whose_pages_are_stored_needs_no_budget(
    poor: GatewayFixture, mia: Caller, stored: str
) -> None:
    batch = await mia.generate_story(stored, options=REUSE)
    assert batch.status == batch_pb2.BATCH_STATUS_COMPLETED
    jobs = await poor.count("image_generation_jobs")
    request = generation_pb2.GenerateStoryRequest(
        story_id=stored, options=REUSE, include_cover=True
    )
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert refused.reason == "BUDGET_EXHAUSTED"
    assert await poor.count("image_generation_jobs") == jobs


async def test_a_reused_job_keeps_its_lanes_its_limits_and_its_choice(
    poor: GatewayFixture, mia: Caller, stored: str
) -> None:
    again = await mia.scene(stored, options=REUSE)
    [row] = await poor.store.database.fetch(
        "SELECT lanes IS NOT NULL AS lanes, limits, route FROM image_generation_jobs WHERE id = $1",
        again.job_id,
    )
    assert row["lanes"]
    assert row["limits"]["key"]
    assert row["route"]["losers"][0]["model"] == "paid"
    found = await poor.store.routes.of_job(mia.user_id, JobId(again.job_id))  # type: ignore[arg-type]
    assert found is not None
    assert found.attempts == ()


async def test_what_no_budget_was_seen_to_cover_is_refused_although_one_does_now(
    store: Store,
) -> None:
    user = await new_user(store)
    story = await new_story(store, user)
    backlog = Backlog(store.jobs.waiting, Forecast(store.jobs.outlook), QueueLimits())
    signals = Signals(store.database)
    cheapest = CheapestOffers(Catalogue([STORYBOOK]), Observer(store, GpuCost()))
    admission = Admission(store, signals, PRICE * 10, backlog, cheapest, GatewayMetrics())
    batches = BatchAdmission(store, signals, admission)
    job = new_job(user, price_micros=PRICE, reuse=Reuse(), short="global")
    with pytest.raises(OverBudget):
        await admission.admit(job)
    batch = BatchId(uuid4())
    placed = replace(job, batch=BatchPlace(batch, 0))
    with pytest.raises(OverBudget):
        await batches.admit(NewBatch(batch, user, story, "anime", 1, None, (placed,), ()))
    assert await store.jobs.waiting() == {}
