"""Prices, routes and providers through the client, against the fake service."""

import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from imggen import Client, SyncClient
from imggen.errors import AlreadyExists, FailedPrecondition, InvalidRequest, NotFound
from imggen.orders import options_of
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ERROR_REASON_NO_ELIGIBLE_OFFER
from imggen.v1.generation_pb2 import GenerationOptions
from imggen.v1.routing_pb2 import EXCLUSION_UNSPECIFIED, QuoteGenerationRequest
from imggen.v1.scene_pb2 import LOSS_KIND_PROP, NotDrawn
from imggen.v1.story_pb2 import Page

UNTIL = datetime(2030, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


def test_every_limit_is_an_option() -> None:
    options = options_of(provider="local", min_quality="good", complete_by=UNTIL, max_cost_micros=0)
    assert options.complete_by.ToDatetime(UTC) == UNTIL
    assert (options.provider, options.min_quality) == ("local", "good")
    assert options.HasField("max_cost_micros")
    assert options.max_cost_micros == 0


def test_a_limit_that_is_left_out_is_unset() -> None:
    assert options_of() == GenerationOptions()


def test_a_time_without_a_zone_is_local() -> None:
    local = UNTIL.astimezone().replace(tzinfo=None)
    assert options_of(complete_by=local).complete_by.ToDatetime(UTC) == UNTIL


async def test_a_quote_sends_the_request_of_its_generation(
    fake: FakeService, client: Client
) -> None:
    mia = await client.create_character(name="Mia")
    story = await client.create_story(title="Day", style="anime", pages=["Mia runs."])
    image = await client.wait(await client.generate_portrait(mia, style="anime", seed=7))
    page = story.pages[0]
    fields = {"request_id": "00000000-0000-4000-8000-000000000001"}
    routes = [
        await client.quote_portrait(mia, style="anime", seed=7, **fields),  # type: ignore[arg-type]
        await client.quote_scene(story, page, min_quality="draft", **fields),  # type: ignore[arg-type]
        await client.quote_regeneration(image, prompt="smiling", **fields),  # type: ignore[arg-type]
    ]
    for route in routes:
        [offer] = route.offers
        assert (route.HasField("most_micros"), route.most_micros) == (True, 0)
        assert (offer.model, offer.price_micros, offer.score) == ("storybook", 0, 1.5)
        assert offer.expected_duration.seconds == 4
    await client.generate_portrait(mia, style="anime", seed=7, **fields)  # type: ignore[arg-type]
    quoted = fake.requests("QuoteGeneration")
    assert quoted[0] == QuoteGenerationRequest(portrait=fake.requests("GeneratePortrait")[-1])  # type: ignore[arg-type]
    assert len([job async for job in client.list_jobs()]) == 2


async def test_a_scene_is_quoted_by_the_number_of_its_page(
    fake: FakeService, client: Client
) -> None:
    story = await client.create_story(title="Day", style="anime", pages=["One.", "Two."])
    await client.quote_scene(story.id, 2)
    [quoted] = fake.requests("QuoteGeneration")
    assert quoted.scene.page_id == story.pages[1].id  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        await client.quote_scene(story, 3)


def test_a_quote_takes_what_its_generation_takes() -> None:
    for quote, generation in (
        (Client.quote_portrait, Client.generate_portrait),
        (Client.quote_scene, Client.generate_scene),
        (Client.quote_regeneration, Client.regenerate),
        (Client.quote_story, Client.generate_story),
        (Client.plan_story, Client.generate_story),
    ):
        ours, theirs = inspect.signature(quote), inspect.signature(generation)
        assert ours.parameters == theirs.parameters, quote.__name__


async def test_a_story_is_quoted_and_nothing_runs(client: Client) -> None:
    story = await client.create_story(title="Day", style="anime", pages=["One.", "Two."])
    quote = await client.quote_story(story, images_per_page=2, cover=True)
    assert (quote.images, quote.price_micros, quote.expected_duration.seconds) == (5, 0, 4)
    assert [(one.model, one.images) for one in quote.models] == [("storybook", 5)]
    assert [job async for job in client.list_jobs()] == []


async def test_a_story_is_planned_and_nothing_runs(fake: FakeService, client: Client) -> None:
    lantern = NotDrawn(phrase="lantern", kind=LOSS_KIND_PROP)
    fake.not_draw(lantern)
    mia = await client.create_character(name="Mia")
    pages = [Page(text="Mia runs.", character_ids=[mia.id]), Page(text="A wood.")]
    story = await client.create_story(title="Day", style="anime", pages=pages)
    plan = await client.plan_story(story, cover=True, portraits=False, images_per_page=2)
    assert [page.page_number for page in plan.pages] == [0, 1, 2]
    assert [page.page_id for page in plan.pages] == ["", *(page.id for page in story.pages)]
    figures = [[one.character_id for one in page.scene.figures] for page in plan.pages]
    assert figures == [[mia.id], [mia.id], []]
    assert all(list(page.not_drawn) == [lantern] for page in plan.pages)
    assert not any(page.HasField("better") for page in plan.pages)
    assert (plan.images, plan.price_micros, plan.expected_duration.seconds) == (5, 0, 4)
    assert [job async for job in client.list_jobs()] == []


async def test_a_plan_has_an_id_of_its_own(fake: FakeService, client: Client) -> None:
    story = await client.create_story(title="Day", style="anime", pages=["One."])
    other = await client.create_story(title="Day", style="anime", pages=["Two."])
    key = "00000000-0000-4000-8000-000000000001"
    plan = await client.plan_story(story, request_id=key)
    assert await client.plan_story(story, request_id=key) == plan
    with pytest.raises(AlreadyExists):
        await client.plan_story(other, request_id=key)
    await client.plan_story(other)
    assert len({request.request_id for request in fake.requests("PlanStory")}) == 2  # type: ignore[attr-defined]
    assert not any(request.story.request_id for request in fake.requests("PlanStory"))  # type: ignore[attr-defined]


async def test_a_job_is_explained_in_its_attempts(fake: FakeService, client: Client) -> None:
    fake.hold()
    job = await client.generate_portrait(await client.create_character(name="Mia"), style="anime")
    explained = await client.explain_route(job)
    assert explained.admitted.reason == "storybook, free: the only model that may draw it"
    assert not explained.attempts
    fake.show(job)
    fake.lose_worker(job)
    fake.finish(job)
    attempts = (await client.explain_route(job.job_id)).attempts
    assert [(one.attempt, one.outcome, one.error) for one in attempts] == [
        (1, "lost", "the worker fake was lost"),
        (2, "completed", ""),
    ]
    assert all(one.route == explained.admitted for one in attempts)
    with pytest.raises(NotFound):
        await client.explain_route("00000000-0000-4000-8000-000000000009")


async def test_providers_have_their_models(client: Client) -> None:
    [local] = await client.list_providers()
    assert (local.provider, local.health, local.reason) == ("local", "well", "")
    [storybook] = local.models
    assert storybook.HasField("price_micros")
    assert (storybook.model, storybook.score, storybook.price_micros) == ("storybook", 1.5, 0)
    assert storybook.max_characters == 2
    assert list(storybook.qualities) == ["draft", "standard", "hd"]


async def test_what_no_model_may_draw_says_why(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    soon = datetime.now(UTC) + timedelta(seconds=2)
    for limits, why in (
        ({"min_quality": "good"}, "scores 1.5, below the least of 2.5"),
        ({"complete_by": soon}, "takes 4 s, and "),
    ):
        for ask in (client.generate_portrait, client.quote_portrait):
            with pytest.raises(FailedPrecondition) as refused:
                await ask(mia, style="anime", **limits)
            assert refused.value.reason == ERROR_REASON_NO_ELIGIBLE_OFFER
            assert refused.value.metadata["storybook"].startswith(why)


async def test_wrong_limits_are_refused_together(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    with pytest.raises(InvalidRequest) as refused:
        await client.quote_portrait(
            mia, style="anime", provider="nobody", min_quality="superb", max_cost_micros=-1
        )
    assert [bad.field for bad in refused.value.violations] == [
        "options.provider",
        "options.min_quality",
        "options.max_cost_micros",
    ]


def test_the_synchronous_client_quotes_and_explains() -> None:
    with FakeService() as fake, SyncClient(fake.target) as client:
        mia = client.create_character(name="Mia")
        story = client.create_story(title="Day", style="anime", pages=["Mia runs."])
        image = client.wait(client.generate_portrait(mia, style="anime"))
        routes = [
            client.quote_portrait(mia, style="anime"),
            client.quote_scene(story, 1),
            client.quote_regeneration(image),
            client.explain_route(image.job_id).admitted,
        ]
        assert {route.offers[0].model for route in routes} == {"storybook"}
        assert client.quote_story(story).images == 1
        assert [one.provider for one in client.list_providers()] == ["local"]
        assert EXCLUSION_UNSPECIFIED not in {
            one.exclusion for route in routes for one in route.passed_over
        }
