"""A page of a plan that a paid model reads is a paid call: held, settled, and read once."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from actors.extractors import AskedScene, ModelFailed
from actors.extractors.pages import Page
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED
from imggen.v1.routing_pb2 import PlanStoryResponse
from server.domain.money import Bill
from server.domain.scenes import Scene
from server.routing.failover import FailureKind
from tests.integration.gateway_fixture import GatewayFixture, new_id
from tests.integration.job_queue import JobQueue, until
from tests.integration.plans_of_stories import Planning

HOLD, COST = 900, 700
ENOUGH = 1_000_000


@dataclass
class PaidReader:
    """A paid extractor that finds every page to happen on the moon, unless it is away."""

    away: bool = False
    asked: list[str] = field(default_factory=list)
    provider: str = "reader"
    model: str = "reads-all"

    def most_micros(self, page: Page) -> int:
        return HOLD

    async def ask(self, page: Page) -> AskedScene:
        self.asked.append(page.text)
        if self.away:
            raise ModelFailed(FailureKind.NOT_CONNECTED, "nobody listens")
        return AskedScene(Scene(place="the moon"), Bill(COST))


@pytest.fixture
def mia(gateway: GatewayFixture) -> Planning:
    """Returns a caller that plans stories."""
    return Planning(gateway, gateway.caller("mia"))


async def planned(
    mia: Planning, job_queue: JobQueue, reader: PaidReader, limit: int, **fields: Any
) -> PlanStoryResponse:
    """Plans a story of two pages with a worker that may spend so much."""
    await mia.gateway.store.money.default_limit(limit)
    async with job_queue.worker(poll_s=0.2, extractor=reader):
        return await mia.plan(await mia.story(), **fields)


def places(plan: PlanStoryResponse) -> list[bool]:
    """Returns of each page whether the paid model has read it."""
    return [page.scene.place == "the moon" for page in plan.pages]


async def calls(mia: Planning) -> list[tuple[object, ...]]:
    """Returns the paid calls; budgets, calls and ledger must agree."""
    database = mia.gateway.store.database
    assert await database.fetch("SELECT * FROM money_differences") == []
    rows = await database.fetch("SELECT call, provider, state, cost_micros FROM calls")
    return [tuple(row) for row in rows]


async def test_each_page_is_one_call_that_is_held_and_settled(
    mia: Planning, job_queue: JobQueue
) -> None:
    reader = PaidReader()
    plan = await planned(mia, job_queue, reader, ENOUGH)
    assert places(plan) == [True, True]
    assert len(reader.asked) == 2
    assert await calls(mia) == [("read", "reader", "settled", COST)] * 2
    kinds = await mia.gateway.store.database.fetch("SELECT kind FROM ledger ORDER BY id")
    assert sorted(row["kind"] for row in kinds) == ["hold", "hold", "settle", "settle"]
    budget = await mia.gateway.store.budgets.get(f"user:{mia.caller.user_id}")
    assert (budget.held_micros, budget.spent_micros) == (0, 2 * COST)


async def test_spend_has_the_calls_of_a_plan_and_no_picture_of_it(
    mia: Planning, job_queue: JobQueue
) -> None:
    await planned(mia, job_queue, PaidReader(), ENOUGH)
    today = await mia.gateway.store.budgets.today()
    [spend] = await mia.gateway.store.budgets.spend(
        (today, today), "model", None, after=None, most=9
    )
    assert (spend.key, spend.calls, spend.images) == ("reads-all", 2, 0)
    [story] = await mia.gateway.store.budgets.spend(
        (today, today), "story", None, after=None, most=9
    )
    assert story.key != ""


async def test_pages_that_no_budget_covers_are_read_by_rules(
    mia: Planning, job_queue: JobQueue
) -> None:
    plan = await planned(mia, job_queue, PaidReader(), HOLD)
    assert sorted(places(plan)) == [False, True]
    assert len(await calls(mia)) == 1


async def test_a_story_of_free_pictures_alone_is_read_by_rules(
    mia: Planning, job_queue: JobQueue
) -> None:
    plan = await planned(mia, job_queue, PaidReader(), ENOUGH, options={"max_cost_micros": 0})
    assert places(plan) == [False, False]
    assert await calls(mia) == []


async def test_a_repeated_plan_is_not_paid_again(mia: Planning, job_queue: JobQueue) -> None:
    reader, story, key = PaidReader(), await mia.story(), new_id()
    await mia.gateway.store.money.default_limit(ENOUGH)
    async with job_queue.worker(poll_s=0.2, extractor=reader):
        plan = await mia.plan(story, key)
        assert await mia.plan(story, key) == plan
    assert len(reader.asked) == 2


@pytest.mark.parametrize("away", [False, True])
async def test_plans_with_calls_outlive_the_sweep(
    mia: Planning, job_queue: JobQueue, away: bool
) -> None:
    await planned(mia, job_queue, PaidReader(away=away), ENOUGH)
    store = mia.gateway.store
    await store.database.execute(
        "UPDATE image_generation_jobs SET updated_at = now() - interval '2 days'"
    )
    assert await store.plans.sweep(timedelta(days=1)) == 0
    assert await mia.statuses() == ["completed", "completed"]
    assert [cost for *_, cost in await calls(mia)] == [0 if away else COST] * 2


async def drawn(mia: Planning, job_queue: JobQueue, text: str = "") -> list[str]:
    """Plans a story, draws its first page, maybe with another text, and returns what was read."""
    reader = PaidReader()
    await mia.gateway.store.money.default_limit(ENOUGH)
    async with job_queue.worker(poll_s=0.2, extractor=reader):
        story = await mia.story()
        await mia.plan(story)
        planned = len(reader.asked)
        if text:
            story.pages[0].text = text
            story = await mia.caller.update_story(story.id, pages=story.pages)
        job = await mia.caller.scene(story.id)

        async def completed() -> bool:
            found = await mia.caller.get_job(job.job_id)
            return found.status == JOB_STATUS_COMPLETED

        await until(completed)
        await mia.plan(story)
    rows = await mia.gateway.store.database.fetch("SELECT scene ->> 'place' AS place FROM scenes")
    assert {row["place"] for row in rows} == {"the moon"}
    return reader.asked[planned:]


async def test_a_planned_page_is_drawn_and_planned_again_without_another_reading(
    mia: Planning, job_queue: JobQueue
) -> None:
    assert await drawn(mia, job_queue) == []
    assert len(await calls(mia)) == 2


async def test_a_page_that_was_changed_after_its_plan_is_read_once_more(
    mia: Planning, job_queue: JobQueue
) -> None:
    # The page after it is another one, too, since it follows from it.
    asked = await drawn(mia, job_queue, "Mia swims.")
    assert asked.count("Mia swims.") == 2  # for the picture, and for the new plan
    assert len(asked) == 3


async def test_a_plan_of_the_day_before_is_read_again(mia: Planning, job_queue: JobQueue) -> None:
    reader = PaidReader()
    await mia.gateway.store.money.default_limit(ENOUGH)
    async with job_queue.worker(poll_s=0.2, extractor=reader):
        story = await mia.story()
        await mia.plan(story)
        old = "UPDATE scenes SET created_at = now() - interval '25 hours'"
        await mia.gateway.store.database.execute(old)
        await mia.plan(story)
    assert len(reader.asked) == 4
