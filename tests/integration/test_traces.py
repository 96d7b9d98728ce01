"""One trace a job, from its caller to each call of a provider, at a real OTLP server."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from opentelemetry.trace import Tracer, format_trace_id

from actors.extractors import AskedScene
from actors.extractors.pages import Page
from actors.testing.classifying import WordClassifier
from actors.testing.scripted import ScriptedRenderer
from cluster.embedded.processes import free_port
from imggen import Client
from imggen.v1 import job_pb2
from server.domain.lanes import JobLane
from server.domain.money import Bill
from server.domain.scenes import Scene
from server.domain.states import ImageType, JobStatus, Lane
from server.logs import JsonFormatter
from server.routing.failover import FailureKind
from tests.builders import new_job, render_spec
from tests.collector import Collector
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import JobQueue, Stall, failing
from tests.integration.paid_jobs import LIMIT, PAID, PRICE, admitted, calls, providers
from tests.integration.paid_jobs import failing as failing_call
from tests.integration.plans_of_stories import Planning
from tests.integration.private_words import WORD, private_character, private_in, private_story
from tests.integration.test_private_texts import ended, logged

SCENE = "imggen.v1.GenerationService/GenerateScene"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def token(gateway: GatewayFixture) -> str:
    return gateway.caller().metadata[0][1].removeprefix("Bearer ")


@asynccontextmanager
async def calling(gateway: GatewayFixture) -> AsyncIterator[Client]:
    async with Client(gateway.address, token=token(gateway)) as client:
        yield client


async def a_scene(client: Client, seed: int = 7) -> job_pb2.Job:
    """Requests a scene in which every text is private."""
    who = await client.create_character(private_character())
    story = await client.create_story(private_story())
    return await client.generate_scene(story, story.pages[0], characters=[who], seed=seed)


def drawn_once(attempt: str, *, stored: int = 4) -> list[str]:
    """Returns the paths of the spans of an attempt that ends with a picture."""
    stages = [f"{attempt} > stage {name}" for name in ("resolving", "rendering", "finishing")]
    storing = f"{attempt} > stage storing"
    return [
        attempt,
        *stages,
        f"{attempt} > stage rendering > call render",
        storing,
        *[f"{storing} > store asset"] * stored,
    ]


async def test_a_job_is_one_trace_from_its_caller_to_the_provider(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector, tracer: Tracer
) -> None:
    async with open_gateway_fixture(
        database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint
    ) as gateway:
        async with calling(gateway) as client:
            with tracer.start_as_current_span("a page of the caller") as asked:
                job = await a_scene(client)
        async with job_queue.worker(otlp_endpoint=otlp.endpoint):
            await ended(job_queue, gateway.caller(), job.job_id)
    trace = format_trace_id(asked.get_span_context().trace_id)
    calls = ["imggen.v1.CharacterService/CreateCharacter", "imggen.v1.StoryService/CreateStory"]
    assert otlp.tree(trace) == sorted([*calls, SCENE, *drawn_once(f"{SCENE} > attempt")])
    [scene], [attempt], [render] = map(otlp.named, (SCENE, "attempt", "call render"))
    assert (scene.kind, attempt.kind, render.kind) == ("SERVER", "CONSUMER", "CLIENT")
    assert (scene.service, attempt.service) == ("imggen-gateway", "imggen-worker")
    assert scene.parent == f"{asked.get_span_context().span_id:016x}"
    assert scene.attributes["imggen.job_id"] == attempt.attributes["imggen.job_id"] == job.job_id
    assert scene.attributes["rpc.grpc.status_code"] == 0
    about = (attempt.attributes["imggen.attempt"], attempt.attributes["imggen.outcome"])
    assert about == (1, "completed")
    assert render.attributes["imggen.model"] == "storybook"
    assert not any(span.failed for span in otlp.spans)
    assert private_in(otlp.said) == []


def attempts(otlp: Collector) -> list[tuple[int, str, bool]]:
    """Returns the number, the outcome and the failure of each attempt."""
    return [
        (one.attributes["imggen.attempt"], one.attributes["imggen.outcome"], one.failed)
        for one in otlp.named("attempt")
    ]


def traces(otlp: Collector, *names: str) -> set[str]:
    """Returns the traces of the spans with these names."""
    return {span.trace for name in names for span in otlp.named(name)}


async def test_a_retry_is_in_the_same_trace(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector
) -> None:
    fault = ScriptedRenderer(script=failing(RuntimeError(str(private_character())), times=1))
    async with open_gateway_fixture(
        database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint
    ) as gateway:
        async with calling(gateway) as client:
            job = await a_scene(client)
        async with job_queue.worker(fault, otlp_endpoint=otlp.endpoint, poll_s=0.05):
            await ended(job_queue, gateway.caller(), job.job_id)
    [scene] = otlp.named(SCENE)
    assert attempts(otlp) == [(1, "retried", True), (2, "completed", False)]
    assert {one.parent for one in otlp.named("attempt")} == {scene.id}
    assert traces(otlp, SCENE, "attempt", "stage rendering", "call render") == {scene.trace}
    first, second = otlp.named("call render")
    assert (first.failed, second.failed) == (True, False)
    assert first.attributes["error.type"] == "RuntimeError"
    assert otlp.named("attempt")[0].attributes["error.type"] == "RENDER_FAILED"
    assert private_in(otlp.said) == []


async def test_a_retry_by_the_caller_stays_in_the_trace_of_the_job(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector
) -> None:
    fault = ScriptedRenderer(script=failing(ValueError("it cannot be drawn"), times=1))
    async with (
        open_gateway_fixture(database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint) as gateway,
        calling(gateway) as client,
    ):
        job = await a_scene(client)
        async with job_queue.worker(fault, otlp_endpoint=otlp.endpoint, poll_s=0.05):
            first = await ended(job_queue, gateway.caller(), job.job_id)
            assert first.status is JobStatus.FAILED
            await client.retry(job)
            await ended(job_queue, gateway.caller(), job.job_id)
    assert [one[1] for one in attempts(otlp)] == ["failed", "completed"]
    assert len(traces(otlp, SCENE, "attempt")) == 1
    assert traces(otlp, "imggen.v1.JobService/RetryJob").isdisjoint(traces(otlp, SCENE))


async def test_another_worker_goes_on_in_the_trace_of_a_lost_one(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector
) -> None:
    async with open_gateway_fixture(
        database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint
    ) as gateway:
        async with calling(gateway) as client:
            job = await a_scene(client)
        await job_queue.claim_as_lost_worker()
        async with job_queue.worker(
            name="rescuer", otlp_endpoint=otlp.endpoint, heartbeat_s=0.1, poll_s=0.05
        ):
            await ended(job_queue, gateway.caller(), job.job_id)
    assert attempts(otlp) == [(2, "completed", False)]
    assert len(traces(otlp, SCENE, "attempt", "call render", "store asset")) == 1


async def test_the_next_offer_is_in_the_trace_with_what_each_call_cost(
    job_queue: JobQueue, otlp: Collector
) -> None:
    down = failing_call(FailureKind.OUTCOME_UNKNOWN, request_id="req-1", cost_micros=1_000)
    new = new_job(
        job_queue.user,
        lanes=(JobLane(Lane.HOSTED, ("fake", "dear")),),
        price_micros=PRICE,
        provider="fake",
        trace=PARENT,
    )
    await admitted(job_queue, new)
    async with job_queue.worker(
        providers=providers([down]), catalogue=PAID, otlp_endpoint=otlp.endpoint, poll_s=0.05
    ):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    first, second = otlp.named("call render")
    assert [one.attributes["imggen.model"] for one in (first, second)] == ["fake", "dear"]
    assert [one.attributes["imggen.provider"] for one in (first, second)] == ["fake", "somebody"]
    assert first.attributes["imggen.provider_request_id"] == "req-1"
    assert first.attributes["error.type"] == FailureKind.OUTCOME_UNKNOWN
    assert second.attributes["imggen.provider_request_id"]
    costs = [one.attributes["imggen.cost_micros"] for one in (first, second)]
    assert costs == [cost for _, _, _, cost in await calls(job_queue)]
    assert attempts(otlp) == [(1, "retried", True), (2, "completed", False)]
    assert {one.trace for one in otlp.spans} == {TRACE}


class Reading:
    """A paid extractor that finds nothing on any page."""

    provider = "reader"
    model = "a chat model"

    def most_micros(self, _page: Page) -> int:
        return 500

    async def ask(self, _page: Page) -> AskedScene:
        return AskedScene(Scene(), Bill(321, request_id="req-7"))


async def test_a_page_that_a_chat_model_reads_is_a_call_of_its_own(
    job_queue: JobQueue, otlp: Collector
) -> None:
    text = private_story().pages[0].text
    spec = render_spec(image_type=ImageType.SCENE, characters=(), page_text=text)
    await job_queue.store.money.default_limit(LIMIT)
    new = await job_queue.submit(spec=spec, trace=PARENT)
    async with job_queue.worker(extractor=Reading(), otlp_endpoint=otlp.endpoint):
        await job_queue.becomes(new, JobStatus.COMPLETED)
    [read] = otlp.named("call read")
    assert otlp.tree(TRACE) == sorted(
        [*drawn_once("attempt"), "attempt > stage resolving > call read"]
    )
    told = {name.removeprefix("imggen."): value for name, value in read.attributes.items()}
    assert told == {
        "provider": "reader",
        "model": "a chat model",
        "provider_request_id": "req-7",
        "cost_micros": 321,
    }
    assert private_in(otlp.said) == []


async def test_the_pages_that_a_plan_reads_are_in_the_trace_of_its_call(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector
) -> None:
    async with (
        open_gateway_fixture(database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint) as gateway,
        job_queue.worker(extractor=Reading(), otlp_endpoint=otlp.endpoint, poll_s=0.05),
    ):
        await job_queue.store.money.default_limit(LIMIT)
        mia = Planning(gateway, gateway.caller())
        await mia.plan(await mia.story())
    [plan] = otlp.named("imggen.v1.RoutingService/PlanStory")
    attempt = f"{plan.name} > attempt"
    read = [attempt, f"{attempt} > stage resolving", f"{attempt} > stage resolving > call read"]
    assert otlp.tree(plan.trace) == sorted([plan.name, *read, *read])


async def test_what_classifiers_look_at_is_traced_and_not_told(
    job_queue: JobQueue, otlp: Collector
) -> None:
    text = private_story().pages[0].text
    spec = render_spec(image_type=ImageType.SCENE, characters=(), page_text=text)
    words = WordClassifier({WORD: "secret"})
    async with job_queue.worker(classifier=words, otlp_endpoint=otlp.endpoint):
        new = await job_queue.submit(spec=spec, trace=PARENT)
        await job_queue.becomes(new, JobStatus.FAILED)
    [look] = otlp.named("classify text")
    assert look.attributes == {"imggen.classifier": "words"}
    assert attempts(otlp) == [(1, "failed", True)]
    assert otlp.named("attempt")[0].attributes["error.type"] == "CONTENT_POLICY"
    assert private_in(otlp.said) == []


@pytest.mark.parametrize("why", ["cancelled", "returned"])
async def test_an_attempt_that_is_stopped_says_why_and_has_not_failed(
    job_queue: JobQueue, otlp: Collector, why: str
) -> None:
    stall = Stall(3)
    renderer = ScriptedRenderer(script=stall)
    async with job_queue.worker(
        renderer, otlp_endpoint=otlp.endpoint, poll_s=0.05, heartbeat_s=0.05, drain_s=0.05
    ):
        new = await job_queue.submit(trace=PARENT)
        await stall.reached.wait()
        if why == "cancelled":
            await job_queue.cancel(new)
            await job_queue.becomes(new, JobStatus.CANCELLED)
    assert attempts(otlp) == [(1, why, False)]
    [render] = otlp.named("call render")
    assert render.attributes["imggen.cancelled"] is True
    assert not render.failed


async def test_each_job_of_a_story_has_a_trace_that_links_to_the_call(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector
) -> None:
    async with (
        open_gateway_fixture(database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint) as gateway,
        calling(gateway) as client,
    ):
        who = await client.create_character(private_character())
        told = private_story()
        told.pages[0].character_ids.append(who.id)
        batch = await client.generate_story(await client.create_story(told), cover=True)
        async with job_queue.worker(otlp_endpoint=otlp.endpoint, poll_s=0.05):
            await client.wait_batch(batch)
    [submit] = otlp.named("imggen.v1.GenerationService/GenerateStory")
    queued = otlp.named("queue job")
    assert len(queued) == len(otlp.named("attempt")) == batch.total_images
    assert {one.links for one in queued} == {(submit.id,)}
    assert len({one.trace for one in queued} | {submit.trace}) == batch.total_images + 1
    for one in queued:
        assert otlp.tree(one.trace) == sorted(["queue job", *drawn_once("queue job > attempt")])
    assert submit.attributes["imggen.batch_id"] == batch.batch_id
    assert private_in(otlp.said) == []


async def test_a_story_that_is_sampled_is_sampled_whole(
    database: str,
    job_queue: JobQueue,
    tmp_path: Path,
    otlp: Collector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    async with open_gateway_fixture(
        database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint
    ) as gateway:
        mia = gateway.caller()
        story = await mia.create_story()
        sampled = replace(mia, metadata=(*mia.metadata, ("traceparent", PARENT)))
        batch = await sampled.generate_story(story.id)
        async with (
            job_queue.worker(otlp_endpoint=otlp.endpoint, poll_s=0.05),
            calling(gateway) as client,
        ):
            await client.wait_batch(batch.batch_id)
    assert len(otlp.named("attempt")) == len(otlp.named("queue job")) == batch.total_images
    assert otlp.tree(TRACE) == ["imggen.v1.GenerationService/GenerateStory"]
    assert otlp.named("imggen.v1.StoryService/CreateStory") == []


async def test_a_caller_that_does_not_sample_a_call_has_none_of_its_job(
    database: str, job_queue: JobQueue, tmp_path: Path, otlp: Collector
) -> None:
    async with open_gateway_fixture(
        database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint
    ) as gateway:
        mia = gateway.caller()
        unsampled = replace(mia, metadata=(*mia.metadata, ("traceparent", f"{PARENT[:-2]}00")))
        story = await unsampled.create_story()
        job = await unsampled.scene(story.id)
        batch = await unsampled.generate_story(story.id)
        async with job_queue.worker(otlp_endpoint=otlp.endpoint, poll_s=0.05):
            await ended(job_queue, mia, job.job_id)
            async with calling(gateway) as client:
                await client.wait_batch(batch.batch_id)
    assert {one.trace for one in otlp.spans}.isdisjoint({TRACE})
    assert otlp.named("attempt") == []


async def test_log_lines_have_the_trace_that_they_belong_to(
    database: str,
    job_queue: JobQueue,
    tmp_path: Path,
    otlp: Collector,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    try:
        async with open_gateway_fixture(
            database, tmp_path / "pixels", otlp_endpoint=otlp.endpoint
        ) as gateway:
            async with calling(gateway) as client:
                job = await a_scene(client)
            async with job_queue.worker(otlp_endpoint=otlp.endpoint):
                await ended(job_queue, gateway.caller(), job.job_id)
    finally:
        logging.getLogger().removeHandler(handler)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    [completed] = [line for line in lines if line["event"] == "job completed"]
    [scene] = otlp.named(SCENE)
    assert completed["trace_id"] == scene.trace


async def test_a_collector_that_is_away_costs_a_line_and_no_job(
    database: str, job_queue: JobQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    away = f"http://127.0.0.1:{free_port()}"
    async with open_gateway_fixture(database, tmp_path / "pixels", otlp_endpoint=away) as gateway:
        async with calling(gateway) as client:
            job = await a_scene(client)
        async with job_queue.worker(otlp_endpoint=away):
            end = await ended(job_queue, gateway.caller(), job.job_id)
    assert end.status is JobStatus.COMPLETED
    lost = [one for one in caplog.records if one.getMessage() == "traces not sent"]
    assert len(lost) == 2  # of the gateway, and of the worker
    assert private_in(logged(caplog)) == []
