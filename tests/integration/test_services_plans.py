"""A story is planned before anything is drawn: by a real gateway and a worker that reads."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.hosted import HostedDialect
from actors.providers.base import Content
from actors.providers.fake import FakeProvider
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from imggen.v1 import budget_pb2, budget_pb2_grpc, story_pb2
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED
from imggen.v1.scene_pb2 import LOSS_KIND_CHARACTER, LOSS_KIND_PLACE, LOSS_KIND_PROP
from imggen.v1.scene_pb2 import Scene as SceneMessage
from server.identity.caller import Role
from server.routing.catalogue import KNOWN, SDXL, STORYBOOK, Catalogue
from server.routing.rows import Row
from tests.builders import paid
from tests.endpoint import failure
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture
from tests.integration.job_queue import JobQueue, until
from tests.integration.page_reader import read_pages
from tests.integration.plans_of_stories import Planning, page_of

PRICE = 40_000
MANY = 200


@pytest.fixture
def mia(gateway: GatewayFixture) -> Planning:
    """Returns a caller that plans stories."""
    return Planning(gateway, gateway.caller("mia"))


@pytest.fixture
async def reader(job_queue: JobQueue) -> AsyncIterator[None]:
    """Runs a worker that reads by rules."""
    async with job_queue.worker(poll_s=0.2):
        yield


def image_2() -> Row:
    """Returns a hosted model that shows all that it is told."""
    return paid(KNOWN["gpt-image-2.5-flare"], PRICE)


class ToldAll(FakeProvider):
    """A provider whose model shows all that it is told."""

    model = "paid"

    def told(self, content: Content) -> CompiledPrompt:
        return HostedDialect(4_000).compile(
            replace(content.spec, characters=content.cast), content.scene
        )


async def test_a_plan_says_who_is_on_each_page_where_and_doing_what(
    mia: Planning, reader: None
) -> None:
    story = await mia.story()
    first, second = (await mia.plan(story)).pages
    assert [one.page_id for one in (first, second)] == [page.id for page in story.pages]
    assert [one.character_id for one in first.scene.figures] == [*story.pages[0].character_ids]
    [figure] = first.scene.figures
    assert figure.holding == ["lantern"]
    assert figure.doing[0].startswith("climb")
    assert "garden" in first.scene.place
    assert (second.scene.place, second.scene.time) == ("kitchen", "night")
    assert list(second.scene.weather) == ["storm"]


async def test_a_plan_says_what_it_is_not_sure_of_until_the_author_sets_it(
    mia: Planning, reader: None
) -> None:
    [page] = (await mia.plan(await mia.story("Mia laughed."))).pages
    [doubt] = page.unsure
    assert (doubt.kind, doubt.phrase) == (LOSS_KIND_PLACE, "")
    assert doubt.why == "the page does not say where it is"
    told = story_pb2.Page(text="Mia laughed.", scene=SceneMessage(place="mill"))
    story = await mia.caller.create_story(pages=[told], style="cartoon")
    [page] = (await mia.plan(story)).pages
    assert list(page.unsure) == []


async def test_a_plan_has_the_cover_the_totals_of_the_quote_and_no_portraits(
    mia: Planning, reader: None
) -> None:
    story = await mia.story()
    fields: dict[str, Any] = {"include_cover": True, "images_per_page": 3}
    fields["include_character_portraits"] = True
    plan = await mia.plan(story, **fields)
    assert [page.page_number for page in plan.pages] == [0, 1, 2]
    assert plan.pages[0].page_id == ""
    assert plan.images == 2 + 1 + 3 * 2
    assert [(one.model, one.images) for one in plan.models] == [("storybook", plan.images)]
    assert plan.expected_duration.seconds > plan.pages[0].expected_duration.seconds > 0


async def test_a_story_without_pages_to_draw_is_planned_without_a_reader(mia: Planning) -> None:
    story = await mia.story()
    plan = await mia.plan(story, include_scene_images=False, include_character_portraits=True)
    assert (len(plan.pages), plan.images) == (0, 2)


async def test_what_a_model_would_lose_is_told_and_which_other_one_would_not(
    database: str, tmp_path: Path, job_queue: JobQueue
) -> None:
    catalogue = Catalogue([STORYBOOK, image_2(), paid(SDXL, 2 * PRICE, "dear")])
    providers = {**every_model(ScriptedRenderer()), "paid": ToldAll()}
    async with (
        open_gateway_fixture(
            database, tmp_path, catalogue=catalogue, daily_budget_usd=9
        ) as gateway,
        job_queue.worker(poll_s=0.2, catalogue=catalogue, providers=providers),
    ):
        mia = Planning(gateway, gateway.caller("mia"))
        plan = await mia.plan(await mia.story(), images_per_page=2)
        held = (await gateway.store.budgets.get("global")).held_micros
    for page in plan.pages:
        assert (page.model, page.provider, page.price_micros) == ("storybook", "local", 0)
        better = page.better
        assert (better.model, better.provider) == ("paid", "somebody")
        assert better.price_micros == 2 * PRICE  # of the two pictures of the page
        assert len(better.not_drawn) < len(page.not_drawn)
    lost = {one.phrase for one in page_of(plan, 1).not_drawn if one.kind == LOSS_KIND_PROP}
    assert any("lantern" in phrase for phrase in lost)
    assert (plan.price_micros, held) == (0, 0)


async def test_a_page_is_planned_with_the_model_that_shows_enough_of_it(
    database: str, tmp_path: Path, job_queue: JobQueue
) -> None:
    catalogue = Catalogue([STORYBOOK, image_2()])
    async with (
        open_gateway_fixture(
            database, tmp_path, catalogue=catalogue, daily_budget_usd=9
        ) as gateway,
        job_queue.worker(poll_s=0.2, catalogue=catalogue),
    ):
        mia = Planning(gateway, gateway.caller("mia"))
        story = await mia.story(
            "Mia climbs the old oak. She holds a lantern.", "Leo was in a wood."
        )
        plan = await mia.plan(story, options={"min_quality": "draft"})
        free = {"min_quality": "draft", "max_cost_micros": 0}
        refused = await failure(mia.ask(story, options=free))
    assert [page.model for page in plan.pages] == ["paid", "storybook"]
    assert [(one.model, one.images) for one in plan.models] == [("paid", 1), ("storybook", 1)]
    assert plan.price_micros == plan.pages[0].price_micros == PRICE
    assert refused.reason == "NO_ELIGIBLE_OFFER"


async def set_limit(gateway: GatewayFixture, micros: int) -> None:
    """Sets the global limit by this gateway."""
    stub: Any = budget_pb2_grpc.BudgetServiceStub(gateway.channel())
    request = budget_pb2.SetBudgetRequest(scope="global", limit_micros=micros)
    await stub.SetBudget(request, metadata=gateway.caller("ada", Role.ADMIN).metadata)


async def test_the_quote_after_the_reading_knows_a_limit_that_was_raised_elsewhere(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([image_2()]), daily_budget_usd=1
    ) as gateway:
        mia, budgets = Planning(gateway, gateway.caller("mia")), gateway.store.budgets
        story = await mia.story("Mia climbs the old oak.", "Leo was in a wood.")
        planning = mia.ask(story, options={"min_quality": "draft"})
        await mia.become("queued", "queued")
        await set_limit(gateway, 0)
        # What is asked meanwhile makes the gateway keep that limit for a moment.
        refused = await failure(mia.ask(story, include_scene_images=False, include_cover=True))
        assert refused.reason == "BUDGET_EXHAUSTED"
        await budgets.set_limit("global", 2 * PRICE, mia.caller.user_id)
        assert await read_pages(gateway) == 2
        assert (await planning).price_micros == 2 * PRICE


async def test_a_refusal_after_the_reading_names_the_budget_and_what_is_left(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(
        database, tmp_path, catalogue=Catalogue([image_2()]), daily_budget_usd=1
    ) as gateway:
        mia = Planning(gateway, gateway.caller("mia"))
        story = await mia.story("Mia climbs the old oak.", "Leo was in a wood.")
        planning = mia.ask(story, options={"min_quality": "draft"})
        await mia.become("queued", "queued")
        await set_limit(gateway, PRICE)
        assert await read_pages(gateway) == 2
        refused = await failure(planning)
        assert refused.reason == "BUDGET_EXHAUSTED"
        assert "$0.0400 is left of $0.0400" in refused.message


async def test_what_an_author_sets_of_a_scene_takes_the_place_of_what_is_read(
    mia: Planning, reader: None
) -> None:
    story = await mia.story("Mia sat in the kitchen with Leo. It rained.", "Leo slept.")
    page, last = story.pages
    read, _ = (await mia.plan(story)).pages
    assert (read.scene.place, len(read.scene.figures)) == ("kitchen", 2)
    changed = read.scene
    del changed.figures[1]
    changed.figures[0].mood, changed.place = "happy", "garden"
    page.scene.CopyFrom(changed)
    story = await mia.caller.update_story(story.id, pages=[page, last])
    assert story.pages[0].scene == changed
    planned, _ = (await mia.plan(story)).pages
    assert planned.scene == changed
    job = await mia.caller.scene(story.id)

    async def completed() -> bool:
        return (await mia.caller.get_job(job.job_id)).status == JOB_STATUS_COMPLETED

    await until(completed)
    image = await mia.caller.get_image(job.image_id)
    assert list(image.character_ids) == list(page.character_ids)
    other = await mia.caller.scene(story.id, scene_description="Leo is at sea.")
    assert await mia.gateway.spec(other) != await mia.gateway.spec(job)
    assert "fixed" not in (await mia.gateway.spec(other))["spec"]


async def test_an_author_says_that_nobody_is_on_a_page(mia: Planning, reader: None) -> None:
    story = await mia.story("Mia sat in the kitchen with Leo. It rained.", "Leo slept.")
    page, last = story.pages
    page.scene.CopyFrom(SceneMessage(empty=["figures", "weather"]))
    story = await mia.caller.update_story(story.id, pages=[page, last])
    assert list(story.pages[0].scene.empty) == ["figures", "weather"]
    planned, _ = (await mia.plan(story)).pages
    assert (list(planned.scene.figures), list(planned.scene.weather)) == ([], [])
    assert planned.scene.place == "kitchen"
    job = await mia.caller.scene(story.id)

    async def completed() -> bool:
        return (await mia.caller.get_job(job.job_id)).status == JOB_STATUS_COMPLETED

    await until(completed)
    scene = (await mia.gateway.spec(job))["spec"]["fixed"]
    assert scene == {"empty": ["figures", "weather"]}


async def test_a_model_that_was_asked_for_has_no_better_one(mia: Planning, reader: None) -> None:
    plan = await mia.plan(await mia.story(), options={"model": "storybook"})
    assert plan.pages[0].not_drawn
    assert not any(page.HasField("better") for page in plan.pages)


async def test_a_page_with_more_figures_than_its_model_draws_says_who_is_lost(
    database: str, tmp_path: Path, job_queue: JobQueue
) -> None:
    catalogue = Catalogue([STORYBOOK])
    async with (
        open_gateway_fixture(database, tmp_path, catalogue=catalogue) as gateway,
        job_queue.worker(poll_s=0.2, catalogue=catalogue),
    ):
        mia = Planning(gateway, gateway.caller("mia"))
        names = ("Mia", "Leo", "Ida", "Tom")
        cast = [(await mia.caller.create_character(name=name)).id for name in names]
        pages = [
            {"text": "Mia ran.", "character_ids": cast[:1]},
            *({"text": "Somebody ran.", "character_ids": [one]} for one in cast[1:]),
            {"text": "Mia, Leo, Ida and Tom ran through the wood.", "character_ids": cast[:1]},
        ]
        plan = await mia.plan(await mia.caller.create_story(pages=pages, style="cartoon"))
    last = plan.pages[-1]
    assert len(last.scene.figures) == len(names)
    lost = [one.phrase for one in last.not_drawn if one.kind == LOSS_KIND_CHARACTER]
    assert lost
    assert set(lost) < set(names)


async def test_a_repeated_request_gives_the_same_plan_and_reads_nothing_again(
    mia: Planning, reader: None
) -> None:
    story, key = await mia.story(), new_id()
    plan = await mia.plan(story, key)
    assert await mia.plan(story, key) == plan
    assert await mia.reads() == 2
    assert await mia.plan(story) == plan  # without an id it is read anew
    assert await mia.reads() == 4


async def test_an_id_of_another_plan_is_refused_and_queues_nothing(
    mia: Planning, reader: None
) -> None:
    story, key = await mia.story(), new_id()
    await mia.plan(story, key)
    other = await mia.story("Mia swims.", "Leo sings.", "Leo sleeps.")
    refused = await failure(mia.ask(other, key))
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    )
    await mia.caller.update_story(story.id, pages=[{"text": "Mia naps.", "id": story.pages[0].id}])
    refused = await failure(mia.ask(story, key))
    assert refused.reason == "REQUEST_ID_REUSED"
    assert await mia.statuses() == ["completed"] * 2


async def test_the_id_of_one_caller_is_free_for_another(
    gateway: GatewayFixture, mia: Planning, reader: None
) -> None:
    tom, key = Planning(gateway, gateway.caller("tom")), new_id()
    await mia.plan(await mia.story(), key)
    plan = await tom.plan(await tom.story("Mia swims."), key)
    assert len(plan.pages) == 1


async def test_a_story_of_200_pages_is_planned(mia: Planning, reader: None) -> None:
    texts = [f"Mia runs past house {number} in the rain." for number in range(MANY)]
    plan = await mia.plan(await mia.story(*texts), timeout=300)
    assert [page.page_number for page in plan.pages] == list(range(1, MANY + 1))
    assert all(list(page.scene.weather) == ["rain"] for page in plan.pages)


async def test_a_refused_request_is_refused_as_its_quote_is(mia: Planning) -> None:
    story = await mia.story()
    refused = await failure(mia.ask(story, "x", images_per_page=9, options={"quality": "ultra"}))
    assert refused.code == grpc.StatusCode.INVALID_ARGUMENT
    assert {"request_id", "images_per_page"} <= set(refused.fields)
    assert await mia.statuses() == []
