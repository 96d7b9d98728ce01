"""The answer of each method is lost once; the repeated call succeeds, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from imggen import Client
from imggen.v1.batch_pb2 import BATCH_STATUS_CANCELLED, BATCH_STATUS_PROCESSING
from imggen.v1.job_pb2 import JOB_STATUS_CANCELLED, JOB_STATUS_QUEUED
from imggen.v1.story_pb2 import Page
from server.identity.caller import Role
from tests.contract import methods
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy_to
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.owned_resources import PAID
from tests.integration.page_reader import reading_pages

LIMIT_S = 60
Call = Callable[[], Awaitable[Any]]


@dataclass
class Lossy:
    """A caller, and a client whose connection can lose what the gateway answers."""

    gateway: GatewayFixture
    caller: Caller
    client: Client
    proxy: TcpProxy
    method: str = ""

    async def failed_job(self) -> str:
        """Returns the id of a job that failed."""
        job = await self.caller.portrait()
        await self.gateway.fail(await self.gateway.claim())
        return job.job_id

    async def image(self) -> str:
        """Returns the id of a completed image."""
        return (await self.gateway.draw(await self.caller.portrait())).image_id

    async def batch(self, *, cancelled: bool = False) -> str:
        """Returns the id of the batch of a story with one page."""
        story = await self.caller.create_story("Mia runs through the wood.")
        batch = await self.caller.generate_story(story.id)
        if cancelled:
            await self.caller.cancel_batch(batch.batch_id)
        return batch.batch_id

    async def call(self, call: Call) -> Any:
        """Loses the first answer of a call, cuts the connection, and returns the next answer."""
        before = self._served()
        self.proxy.answers_lost = True
        answer = asyncio.ensure_future(call())
        while self._served() == before:
            await asyncio.sleep(0.01)
        self.proxy.answers_lost = False
        self.proxy.cut()
        return await answer

    def _served(self) -> float:
        """Returns how many calls of the method were answered, or are streams that have begun."""
        service, _, name = self.method.partition(".")
        labels = {"method": f"/imggen.v1.{service}/{name}", "code": "OK"}
        registry = self.gateway.metrics.registry
        streams = self.gateway.open_calls() if name.startswith("Watch") else 0
        return (registry.get_sample_value("imggen_grpc_calls_total", labels) or 0) + streams


@pytest.fixture
async def lossy(gateway: GatewayFixture, mia: Caller) -> AsyncIterator[Lossy]:
    """Yields a caller whose answers can be lost; its connection is open."""
    port = int(gateway.address.rpartition(":")[2])
    # As an admin, who may call every method.
    admin = gateway.caller("mia", Role.ADMIN)
    token = admin.metadata[0][1].removeprefix("Bearer ")
    async with (
        tcp_proxy_to(port) as (proxy, through),
        Client(f"127.0.0.1:{through}", token=token) as client,
    ):
        assert [style.id async for style in client.styles()]
        yield Lossy(gateway, mia, client, proxy)


async def _one(stream: Any) -> Any:
    async with aclosing(stream):
        return await anext(stream)


async def _all(stream: Any) -> list[Any]:
    return [one async for one in stream]


async def _reads(lossy: Lossy) -> dict[str, Call]:
    """Returns the methods that change nothing."""
    client, caller = lossy.client, lossy.caller
    character, story = await caller.create_character(), await caller.create_story("Mia runs.")
    job, batch = await caller.portrait(character.id), await lossy.batch()
    image = job.image_id
    await lossy.gateway.store.database.execute(PAID, UUID(job.job_id))
    await lossy.gateway.store.database.execute("UPDATE calls SET estimated = true")
    assert await client.pause_lane("hosted")
    return {
        "AdminService.GetOverview": client.get_overview,
        "AdminService.GetJobHistory": lambda: client.get_job_history(job),
        "AdminService.ListAdminActions": lambda: _all(client.list_admin_actions()),
        "CharacterService.GetCharacter": lambda: client.get_character(character.id),
        "CharacterService.ListCharacters": lambda: _all(client.list_characters()),
        "StoryService.GetStory": lambda: client.get_story(story.id),
        "StoryService.ListStories": lambda: _all(client.list_stories()),
        "StyleService.ListStyles": lambda: _all(client.styles()),
        "BudgetService.GetBudget": client.get_budget,
        "BudgetService.ListSpend": lambda: _all(client.list_spend()),
        "BudgetService.ListUnsettledCalls": lambda: _all(client.list_unsettled_calls()),
        "RoutingService.QuoteGeneration": lambda: client.quote_portrait(character, style="anime"),
        "RoutingService.QuoteStory": lambda: client.quote_story(story),
        "RoutingService.ExplainRoute": lambda: client.explain_route(job),
        "RoutingService.ListProviders": client.list_providers,
        "JobService.GetJob": lambda: client.get_job(job.job_id),
        "JobService.ListJobs": lambda: _all(client.list_jobs()),
        "JobService.WatchJob": lambda: _one(client.watch(job.job_id)),
        "BatchService.GetBatch": lambda: client.get_batch(batch),
        "BatchService.ListBatches": lambda: _all(client.list_batches()),
        "BatchService.WatchBatch": lambda: _one(client.watch_batch(batch)),
        "ImageService.GetImage": lambda: client.get_image(image),
        "ImageService.ListImages": lambda: _all(client.list_images()),
        "EventService.WatchEvents": lambda: _one(client.events("oldest")),
    }


READS = (
    "AdminService.GetOverview",
    "AdminService.GetJobHistory",
    "AdminService.ListAdminActions",
    "CharacterService.GetCharacter",
    "CharacterService.ListCharacters",
    "StoryService.GetStory",
    "StoryService.ListStories",
    "StyleService.ListStyles",
    "BudgetService.GetBudget",
    "BudgetService.ListSpend",
    "BudgetService.ListUnsettledCalls",
    "RoutingService.QuoteGeneration",
    "RoutingService.QuoteStory",
    "RoutingService.ExplainRoute",
    "RoutingService.ListProviders",
    "JobService.GetJob",
    "JobService.ListJobs",
    "JobService.WatchJob",
    "BatchService.GetBatch",
    "BatchService.ListBatches",
    "BatchService.WatchBatch",
    "ImageService.GetImage",
    "ImageService.ListImages",
    "EventService.WatchEvents",
)
CHANGES: dict[str, Callable[[Lossy], Awaitable[None]]] = {}


def changes(method: str) -> Callable[[Callable[[Lossy], Awaitable[None]]], None]:
    """Names the method that a scenario repeats."""

    def add(scenario: Callable[[Lossy], Awaitable[None]]) -> None:
        CHANGES[method] = scenario

    return add


@changes("CharacterService.CreateCharacter")
async def _(lossy: Lossy) -> None:
    made = await lossy.call(lambda: lossy.client.create_character(name="Mia"))
    assert await lossy.gateway.count("characters") == 1
    assert made == await lossy.caller.get_character(made.id)


@changes("CharacterService.UpdateCharacter")
async def _(lossy: Lossy) -> None:
    mia = await lossy.caller.create_character()
    changed = await lossy.call(lambda: lossy.client.update_character(mia.id, hair="blue"))
    assert (changed.hair, changed.description_version) == ("blue", 2)
    # Its etag is that of the version before its first, lost answer.
    changed.eyes = "brown"
    again = await lossy.call(lambda: lossy.client.update_character(changed))
    assert (again.eyes, again.description_version) == ("brown", 3)
    assert again.etag != changed.etag


@changes("CharacterService.DeleteCharacter")
async def _(lossy: Lossy) -> None:
    mia = await lossy.caller.create_character()
    await lossy.call(lambda: lossy.client.delete_character(mia.id))


@changes("StoryService.CreateStory")
async def _(lossy: Lossy) -> None:
    await lossy.call(lambda: lossy.client.create_story(title="The Map"))
    assert await lossy.gateway.count("stories") == 1


@changes("StoryService.UpdateStory")
async def _(lossy: Lossy) -> None:
    story = await lossy.caller.create_story("Mia runs.")
    changed = await lossy.call(lambda: lossy.client.update_story(story.id, title="Night"))
    assert changed.title == "Night"
    # Its etag is that of the version before its first, lost answer; the new page is made once.
    changed.pages.insert(0, Page(text="Mia wakes."))
    again = await lossy.call(lambda: lossy.client.update_story(changed))
    assert [page.text for page in again.pages] == ["Mia wakes.", "Mia runs."]
    assert again.pages[1].id == story.pages[0].id
    assert again.etag != changed.etag
    assert await lossy.gateway.count("story_pages") == 2


@changes("BudgetService.SetBudget")
async def _(lossy: Lossy) -> None:
    changed = await lossy.call(lambda: lossy.client.set_budget("global", 5))
    assert changed.limit_micros == 5


@changes("BudgetService.SettleCall")
async def _(lossy: Lossy) -> None:
    job = (await lossy.caller.portrait()).job_id
    await lossy.gateway.store.database.execute(PAID, UUID(job))
    await lossy.gateway.store.database.execute(
        "UPDATE calls SET state = 'unknown', estimated = true"
    )
    settled = await lossy.call(lambda: lossy.client.settle_call(job, 1, 9))
    assert settled.cost_micros == 9
    [row] = await lossy.gateway.store.database.fetch("SELECT count(*) AS rows FROM ledger")
    assert row["rows"] == 1


@changes("AdminService.CancelJobs")
async def _(lossy: Lossy) -> None:
    await lossy.caller.portrait()
    user = str(lossy.caller.user_id)
    cancelled = await lossy.call(lambda: lossy.client.cancel_jobs(user))
    assert (cancelled.jobs, cancelled.action.jobs) == (1, 1)
    assert await lossy.gateway.count("admin_actions") == 1


@changes("AdminService.RequeueJobs")
async def _(lossy: Lossy) -> None:
    job = await lossy.failed_job()
    requeued = await lossy.call(lambda: lossy.client.requeue_jobs([job]))
    assert requeued.action.jobs == 1
    assert await lossy.gateway.count("admin_actions") == 1
    assert (await lossy.caller.get_job(job)).status == JOB_STATUS_QUEUED


@changes("AdminService.PauseLane")
async def _(lossy: Lossy) -> None:
    await lossy.call(lambda: lossy.client.pause_lane("local"))
    assert await lossy.gateway.count("paused_lanes") == 1
    assert await lossy.gateway.count("admin_actions") == 1


@changes("AdminService.ResumeLane")
async def _(lossy: Lossy) -> None:
    await lossy.client.pause_lane("local")
    await lossy.call(lambda: lossy.client.resume_lane("local"))
    assert await lossy.gateway.count("paused_lanes") == 0
    assert await lossy.gateway.count("admin_actions") == 2


@changes("AdminService.DrainWorker")
async def _(lossy: Lossy) -> None:
    await lossy.call(lambda: lossy.client.drain_worker("worker"))
    assert await lossy.gateway.count("workers WHERE draining") == 1
    assert await lossy.gateway.count("admin_actions") == 1


@changes("StoryService.DeleteStory")
async def _(lossy: Lossy) -> None:
    story = await lossy.caller.create_story("Mia runs.")
    await lossy.call(lambda: lossy.client.delete_story(story.id))


@changes("GenerationService.GeneratePortrait")
async def _(lossy: Lossy) -> None:
    mia = await lossy.caller.create_character()
    await lossy.call(lambda: lossy.client.generate_portrait(mia.id, style="anime"))
    assert await lossy.gateway.count("image_generation_jobs") == 1


@changes("GenerationService.GenerateScene")
async def _(lossy: Lossy) -> None:
    story = await lossy.caller.create_story("Mia runs.")
    await lossy.call(lambda: lossy.client.generate_scene(story.id, story.pages[0]))
    assert await lossy.gateway.count("image_generation_jobs") == 1


@changes("GenerationService.GenerateStory")
async def _(lossy: Lossy) -> None:
    story = await lossy.caller.create_story("Mia runs.")
    await lossy.call(lambda: lossy.client.generate_story(story.id))
    assert await lossy.gateway.count("batches") == 1


@changes("GenerationService.RegenerateImage")
async def _(lossy: Lossy) -> None:
    image = (await lossy.caller.portrait()).image_id
    await lossy.call(lambda: lossy.client.regenerate(image))
    assert await lossy.gateway.count("images") == 2


@changes("GenerationService.UpscaleImage")
async def _(lossy: Lossy) -> None:
    image = (await lossy.gateway.draw(await lossy.caller.portrait())).image_id
    await lossy.call(lambda: lossy.client.upscale(image))
    assert await lossy.gateway.count("image_generation_jobs") == 2


@changes("RoutingService.PlanStory")
async def _(lossy: Lossy) -> None:
    story = await lossy.caller.create_story("Mia runs.", "She rests.")
    async with reading_pages(lossy.gateway):
        plan = await lossy.call(lambda: lossy.client.plan_story(story))
    assert [page.page_number for page in plan.pages] == [1, 2]
    assert await lossy.gateway.count("attempts") == 2  # nothing was read twice


@changes("JobService.CancelJob")
async def _(lossy: Lossy) -> None:
    job = await lossy.caller.portrait()
    cancelled = await lossy.call(lambda: lossy.client.cancel(job.job_id))
    assert cancelled.status == JOB_STATUS_CANCELLED


@changes("JobService.RetryJob")
async def _(lossy: Lossy) -> None:
    failed = await lossy.failed_job()
    retried = await lossy.call(lambda: lossy.client.retry(failed))
    assert retried.status == JOB_STATUS_QUEUED


@changes("BatchService.CancelBatch")
async def _(lossy: Lossy) -> None:
    batch = await lossy.batch()
    cancelled = await lossy.call(lambda: lossy.client.cancel_batch(batch))
    assert cancelled.status == BATCH_STATUS_CANCELLED


@changes("BatchService.RetryBatch")
async def _(lossy: Lossy) -> None:
    batch = await lossy.batch(cancelled=True)
    retried = await lossy.call(lambda: lossy.client.retry_batch(batch))
    assert retried.status == BATCH_STATUS_PROCESSING


@changes("ImageService.DeleteImage")
async def _(lossy: Lossy) -> None:
    image = await lossy.image()
    await lossy.call(lambda: lossy.client.delete_image(image))


@changes("ImageService.DownloadImage")
async def _(lossy: Lossy) -> None:
    image = await lossy.image()
    assert await lossy.call(lambda: lossy.client.download(image))


def test_no_method_of_the_contract_is_left_out() -> None:
    assert {*READS, *CHANGES} == methods().keys()


@pytest.mark.parametrize("method", READS)
async def test_a_read_whose_answer_is_lost_is_repeated(lossy: Lossy, method: str) -> None:
    lossy.method = method
    call = (await _reads(lossy))[method]
    async with asyncio.timeout(LIMIT_S):
        assert await lossy.call(call)


@pytest.mark.parametrize("method", sorted(CHANGES))
async def test_a_change_whose_answer_is_lost_is_made_once(lossy: Lossy, method: str) -> None:
    lossy.method = method
    async with asyncio.timeout(LIMIT_S):
        await CHANGES[method](lossy)
