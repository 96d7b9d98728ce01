"""The traces of a diffuser's renders."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from actors.engine.diffuser import Diffuser
from actors.engine.loading import load_pipeline
from actors.engine.render import PlacedReference, RenderRequest
from actors.settings import DiffuserSettings
from actors.testing.stored import draw_pictures
from server.traces import OpenTraces, start_traces
from tests.collector import Collector, collector

REQUEST = RenderRequest(
    prompt="cartoon style, portrait of a young girl with long red hair, smiling, in a forest",
    negative_prompt="",
    width=128,
    height=128,
    steps=9,
    guidance_scale=3.0,
    guidance_rescale=0.6,
    seed=7,
)
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACED = replace(REQUEST, trace=f"00-{TRACE}-b7ad6b7169203331-01", steps=2)


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return load_pipeline(DiffuserSettings(device="cpu", torch_threads=1))


@asynccontextmanager
async def traced(pipeline: Any) -> AsyncIterator[tuple[Diffuser, OpenTraces, Collector]]:
    """Yields a diffuser with its traces, and the collector that has them once they are closed."""
    async with collector() as otlp:
        traces = start_traces(otlp.endpoint, "imggen-diffuser")
        diffuser = Diffuser(pipeline, model="storybook", traces=traces)
        yield diffuser, traces, otlp
        diffuser.close()


async def drawn(diffuser: Diffuser, request: RenderRequest) -> None:
    async with aclosing(diffuser.stream(request)) as events:
        async for _ in events:
            pass


async def test_the_parts_of_a_render_are_in_the_trace_of_its_call(pipeline: Any) -> None:
    async with traced(pipeline) as (diffuser, traces, otlp):
        await asyncio.gather(drawn(diffuser, TRACED), drawn(diffuser, REQUEST))
        await traces.close()
        draw = "draw"
        parts = ["wait for the diffuser", "encode text", "denoise", "decode"]
        assert otlp.tree(TRACE) == sorted([draw, *(f"{draw} > {part}" for part in parts)])
        [span] = otlp.named(draw)
        assert (span.service, span.kind, span.parent) == (
            "imggen-diffuser",
            "SERVER",
            "b7ad6b7169203331",
        )
        assert dict(span.attributes) == {"imggen.model": "storybook", "imggen.steps": 2}
        assert not any(one.failed for one in otlp.spans)
        assert REQUEST.prompt not in otlp.said


async def test_reading_references_is_a_part_of_a_render() -> None:
    async with collector() as otlp:
        traces = start_traces(otlp.endpoint, "imggen-diffuser")
        settings = DiffuserSettings(device="cpu", torch_threads=1)
        diffuser = Diffuser.load(settings, traces=traces)
        picture = await diffuser.encode(draw_pictures(1, 64)[0])
        reference = PlacedReference(picture.data)
        await drawn(diffuser, replace(TRACED, references=(reference,), reference_scale=0.5))
        diffuser.close()
        await traces.close()
        assert "draw > read references" in otlp.tree(TRACE)


async def test_a_render_that_fails_or_is_stopped_is_told_with_its_parts(pipeline: Any) -> None:
    async with traced(pipeline) as (diffuser, traces, otlp):
        odd = replace(TRACED, width=7)
        with pytest.raises(ValueError, match="divisible by 8"):
            await drawn(diffuser, odd)
        async with aclosing(diffuser.stream(replace(TRACED, steps=100))) as events:
            await anext(events)
        await traces.close()
        failed, stopped = otlp.named("draw")
        assert (failed.failed, failed.attributes["error.type"]) == (True, "ValueError")
        assert not stopped.failed
        assert [one.failed for one in otlp.named("denoise")] == [True]


def test_a_request_of_a_worker_before_traces_is_drawn(pipeline: Any) -> None:
    class Older:
        """A request without the newest field, as a worker of the version before pickles it."""

        def __getattr__(self, name: str) -> Any:
            if name == "trace":
                raise AttributeError(name)
            return getattr(replace(REQUEST, steps=1), name)

    diffuser = Diffuser(pipeline, model="storybook")

    async def steps() -> int:
        async with aclosing(diffuser.stream(cast(RenderRequest, Older()))) as events:
            return len([event async for event in events])

    assert asyncio.run(steps()) == 2
    diffuser.close()
