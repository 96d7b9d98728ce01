"""The diffuser with the shipped checkpoint, on a CPU."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageOps, ImageStat

from actors.engine.diffuser import Diffuser
from actors.engine.loading import load_pipeline
from actors.engine.preview import LinearDecoder
from actors.engine.profiles import profile, render_request
from actors.engine.render import (
    DeviceBroken,
    OnStep,
    RecordPace,
    RenderCancelled,
    RenderEvent,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from actors.settings import DiffuserSettings
from server.domain.scenes import Scene
from server.domain.states import ImageType
from tests.unit.content import character, render_spec

STEPS = 9
REQUEST = RenderRequest(
    prompt="cartoon style, portrait of a young girl with long red hair, smiling, in a forest",
    negative_prompt="",
    width=128,
    height=128,
    steps=STEPS,
    guidance_scale=3.0,
    guidance_rescale=0.6,
    seed=7,
)

# A quarter of the pixels is enough where the picture does not matter.
PICTURE = replace(REQUEST, width=256, height=256)


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return load_pipeline(DiffuserSettings(device="cpu", torch_threads=1))


@pytest.fixture(scope="module")
def decoder(pipeline: Any) -> LinearDecoder | None:
    return LinearDecoder.fit(pipeline)


@pytest.fixture
def diffuser(pipeline: Any, decoder: LinearDecoder | None) -> Iterator[Diffuser]:
    diffuser = Diffuser(pipeline, model="storybook", previews=decoder, preview_interval_s=0)
    yield diffuser
    diffuser.close()


class Hold:
    """Stalls a render after one of its steps until `release` is set."""

    def __init__(self, step: int) -> None:
        self._step = step
        self.seen: list[int] = []
        self.reached = threading.Event()
        self.release = threading.Event()

    def __call__(self, event: StepEvent) -> None:
        self.seen.append(event.step)
        if event.step == self._step:
            self.reached.set()
            self.release.wait()


@pytest.fixture
def held(pipeline: Any, decoder: LinearDecoder | None) -> Iterator[tuple[Diffuser, Hold]]:
    """Yields a diffuser that stalls after step 7, and its hold."""
    hold = Hold(7)
    diffuser = Diffuser(pipeline, model="storybook", previews=decoder, on_step=hold)
    yield diffuser, hold
    hold.release.set()
    diffuser.close()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """Returns the mean difference of two pictures' channels, 0 to 255."""
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


async def collected(events: AsyncGenerator[RenderEvent]) -> list[RenderEvent]:
    async with aclosing(events):
        return [event async for event in events]


def test_a_picture_has_the_size_asked_for_and_shows_something(diffuser: Diffuser) -> None:
    result = diffuser.render(PICTURE)
    image = opened(result.png)
    assert (image.format, image.size, image.mode) == ("PNG", (256, 256), "RGB")
    assert (result.width, result.height) == (256, 256)
    assert result.scheduler == "DDIMScheduler"
    assert min(ImageStat.Stat(image).stddev) > 20


def test_the_same_request_gives_the_same_bytes_and_another_seed_others(diffuser: Diffuser) -> None:
    png = diffuser.render(REQUEST).png
    assert diffuser.render(REQUEST).png == png
    assert diffuser.render(replace(REQUEST, seed=8)).png != png


def test_prompt_and_negative_prompt_both_count(diffuser: Diffuser) -> None:
    png = diffuser.render(REQUEST).png
    assert diffuser.render(replace(REQUEST, prompt="in the snow")).png != png
    assert diffuser.render(replace(REQUEST, negative_prompt="red hair")).png != png


def test_a_mirrored_picture_is_the_other_one_in_a_mirror(diffuser: Diffuser) -> None:
    request = replace(REQUEST, previews=True)
    shown: dict[bool, list[bytes]] = {False: [], True: []}

    def render(*, mirrored: bool) -> Image.Image:
        def heard(event: StepEvent) -> None:
            shown[mirrored] += [event.preview] if event.preview else []

        asked = replace(request, mirrored=mirrored)
        return opened(diffuser.render(asked, on_step=heard).png)

    assert difference(render(mirrored=True), ImageOps.mirror(render(mirrored=False))) == 0
    last, other = opened(shown[False][-1]), opened(shown[True][-1])
    assert difference(ImageOps.mirror(last), other) < difference(last, other)


def test_the_tail_of_a_prompt_beyond_77_tokens_counts(diffuser: Diffuser) -> None:
    long = ", ".join([REQUEST.prompt] * 6)
    by_day = diffuser.render(replace(REQUEST, prompt=f"{long}, sunny day"))
    by_night = diffuser.render(replace(REQUEST, prompt=f"{long}, at night"))
    assert by_day.png != by_night.png


def test_the_prompt_decides_what_is_seen(diffuser: Diffuser) -> None:
    day = diffuser.render(replace(PICTURE, prompt="cartoon style, a girl, in a forest, sunny day"))
    night = diffuser.render(replace(PICTURE, prompt="cartoon style, a girl, in a forest, at night"))
    sky = (0, 0, 256, 60)
    brightness = [sum(ImageStat.Stat(opened(result.png).crop(sky)).mean) for result in (day, night)]
    assert brightness[0] > 1.5 * brightness[1]


def test_every_step_is_reported_in_order(diffuser: Diffuser) -> None:
    events: list[StepEvent] = []
    diffuser.render(REQUEST, on_step=events.append)
    assert events == [StepEvent(step, STEPS) for step in range(1, STEPS + 1)]


def test_a_step_callback_can_end_the_render(diffuser: Diffuser) -> None:
    steps: list[int] = []

    def stop_at_three(event: StepEvent) -> None:
        steps.append(event.step)
        if event.step == 3:
            raise RenderCancelled("enough")

    with pytest.raises(RenderCancelled, match="enough"):
        diffuser.render(REQUEST, on_step=stop_at_three)
    assert steps == [1, 2, 3]


def test_previews_are_small_jpegs_that_come_to_look_like_the_picture(diffuser: Diffuser) -> None:
    previews: list[bytes] = []

    def keep(event: StepEvent) -> None:
        assert event.preview is not None
        previews.append(event.preview)

    picture = opened(diffuser.render(replace(PICTURE, previews=True), on_step=keep).png)
    images = [opened(preview) for preview in previews]
    assert {(image.format, image.size) for image in images} == {("JPEG", (256, 256))}
    # By a linear map, which makes a coarser picture than the VAE's own decoder.
    assert difference(images[-1], picture) < 20
    assert difference(images[0], picture) > difference(images[-1], picture)
    assert max(map(len, previews)) < 20_000


def test_previews_change_nothing_in_the_picture(diffuser: Diffuser) -> None:
    assert diffuser.render(replace(REQUEST, previews=True)).png == diffuser.render(REQUEST).png


def test_a_render_goes_on_from_a_record_of_another_to_the_same_picture(
    diffuser: Diffuser, pipeline: Any
) -> None:
    request = replace(REQUEST, records=RecordPace(every=4))
    events: list[StepEvent] = []
    whole = diffuser.render(request, on_step=events.append)
    records = {event.step: event.record for event in events if event.record}
    assert list(records) == [4, 8]
    assert whole.png == diffuser.render(REQUEST).png
    other = Diffuser(pipeline, model="storybook")
    steps: list[int] = []
    resumed = other.render(
        replace(request, record=records[4]), on_step=lambda event: steps.append(event.step)
    )
    other.close()
    assert steps == list(range(5, STEPS + 1))
    assert resumed.png == whole.png


def test_previews_are_no_closer_than_their_interval(
    pipeline: Any, decoder: LinearDecoder | None
) -> None:
    diffuser = Diffuser(pipeline, model="storybook", previews=decoder, preview_interval_s=3600)
    previews: list[bytes | None] = []

    def keep(event: StepEvent) -> None:
        previews.append(event.preview)

    diffuser.render(replace(REQUEST, previews=True), on_step=keep)
    diffuser.close()
    assert [preview is not None for preview in previews] == [True] + [False] * (STEPS - 1)


async def test_a_stream_yields_the_steps_and_then_the_result(diffuser: Diffuser) -> None:
    *steps, result = await collected(diffuser.stream(REQUEST))
    assert steps == [StepEvent(step, STEPS) for step in range(1, STEPS + 1)]
    assert isinstance(result, RenderResult)
    assert result.png == diffuser.render(REQUEST).png


async def test_a_running_stream_makes_previews_once_they_are_requested(
    held: tuple[Diffuser, Hold],
) -> None:
    diffuser, hold = held
    async with aclosing(diffuser.stream(replace(REQUEST, id="mine"))) as events:
        before = [await anext(events) for _ in range(7)]
        await diffuser.show_previews("another")
        await diffuser.show_previews("mine")
        hold.release.set()
        after = [event async for event in events]
    assert not any(isinstance(event, StepEvent) and event.preview for event in before)
    assert any(isinstance(event, StepEvent) and event.preview for event in after)


async def test_a_render_that_stalls_after_step_7_reads_7(held: tuple[Diffuser, Hold]) -> None:
    diffuser, hold = held
    async with aclosing(diffuser.stream(REQUEST)) as events:
        steps = [await anext(events) for _ in range(7)]
        await asyncio.to_thread(hold.reached.wait)
        assert steps[-1] == StepEvent(7, STEPS)
        following = asyncio.ensure_future(anext(events))
        done, _ = await asyncio.wait([following], timeout=0.1)
        assert not done
        assert hold.seen == [1, 2, 3, 4, 5, 6, 7]
        hold.release.set()
        assert await following == StepEvent(8, STEPS)


async def test_a_closed_stream_stops_the_render_at_the_next_step(
    held: tuple[Diffuser, Hold],
) -> None:
    diffuser, hold = held
    events = diffuser.stream(REQUEST)
    while await anext(events) != StepEvent(7, STEPS):
        pass
    await asyncio.to_thread(hold.reached.wait)
    closing = asyncio.ensure_future(events.aclose())
    # One turn of the loop, so that the stop is set before the step resumes.
    await asyncio.sleep(0)
    hold.release.set()
    await closing
    assert hold.seen == [1, 2, 3, 4, 5, 6, 7]
    assert isinstance((await collected(diffuser.stream(REQUEST)))[-1], RenderResult)


async def test_a_cancelled_waiter_stops_its_render(held: tuple[Diffuser, Hold]) -> None:
    diffuser, hold = held
    waiter = asyncio.ensure_future(collected(diffuser.stream(REQUEST)))
    await asyncio.to_thread(hold.reached.wait)
    waiter.cancel()
    await asyncio.sleep(0)
    hold.release.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert hold.seen == [1, 2, 3, 4, 5, 6, 7]


async def test_renders_share_their_steps(pipeline: Any) -> None:
    diffuser = Diffuser(pipeline, model="storybook")
    async with asyncio.TaskGroup() as group:
        for seed in range(4):
            group.create_task(collected(diffuser.stream(replace(REQUEST, seed=seed))))
    diffuser.close()
    # One after the other it would be 4 * STEPS; the first may step before the others join.
    assert diffuser.unet.forwards < 3 * STEPS


async def test_a_picture_is_the_same_beside_others(diffuser: Diffuser) -> None:
    alone = opened(diffuser.render(PICTURE).png)
    beside = [
        diffuser.stream(replace(PICTURE, seed=seed, steps=steps, previews=True))
        for seed, steps in ((1, 3), (2, STEPS + 4))
    ]
    ended = await asyncio.gather(*(collected(each) for each in [diffuser.stream(PICTURE), *beside]))
    result = ended[0][-1]
    assert isinstance(result, RenderResult)
    differing = np.asarray(ImageChops.difference(alone, opened(result.png)))
    assert differing.max() <= 2


async def test_a_render_that_fails_raises_where_it_is_awaited(diffuser: Diffuser) -> None:
    with pytest.raises(ValueError, match="divisible by 8"):
        await collected(diffuser.stream(replace(REQUEST, width=250)))
    assert isinstance((await collected(diffuser.stream(REQUEST)))[-1], RenderResult)


def test_a_fault_of_the_device_is_met_before_the_steps_too(pipeline: Any) -> None:
    class Broken(torch.nn.Module):
        """An encoder whose device is broken."""

        device = "cpu"

        def forward(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    diffuser = Diffuser(_With(pipeline, text_encoder=Broken()), model="storybook")
    diffuser.check()
    with pytest.raises(DeviceBroken, match="illegal memory access"):
        diffuser.render(REQUEST)
    with pytest.raises(DeviceBroken):
        diffuser.check()
    diffuser.close()


async def test_a_fault_of_the_device_is_met_where_references_are_encoded_too(pipeline: Any) -> None:
    class Broken:
        """An adapter whose encoder's device is broken."""

        projection = None

        def embed(self, _: bytes) -> None:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    adapter: Any = Broken()
    diffuser = Diffuser(pipeline, model="storybook", adapter=adapter)
    with pytest.raises(DeviceBroken, match="illegal memory access"):
        await diffuser.encode(b"")
    with pytest.raises(DeviceBroken):
        diffuser.check()
    diffuser.close()


class _With:
    """A pipeline with other parts."""

    def __init__(self, pipeline: Any, **parts: Any) -> None:
        self.__dict__.update(parts)
        self._pipeline = pipeline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)


def test_it_is_warm_after_two_steps(pipeline: Any) -> None:
    steps: list[StepEvent] = []
    on_step: OnStep = steps.append
    diffuser = Diffuser(pipeline, model="storybook", on_step=on_step)
    diffuser.warm()
    diffuser.close()
    assert steps == [StepEvent(1, 2), StepEvent(2, 2)]


def test_content_becomes_a_picture(diffuser: Diffuser) -> None:
    spec = render_spec([character(hair="long red hair")], ImageType.PORTRAIT)
    scene = Scene(place="forest")
    request = render_request(spec, profile("storybook").dialect.compile(spec, scene))
    assert opened(diffuser.render(request).png).size == (256, 256)


@pytest.mark.parametrize(
    "settings",
    [
        DiffuserSettings(device="cpu", dtype="bfloat16"),
        pytest.param(
            DiffuserSettings(device="cuda"),
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
        ),
    ],
    ids=["bfloat16", "gpu"],
)
def test_other_precisions_and_devices_draw_nearly_the_same(
    diffuser: Diffuser, settings: DiffuserSettings
) -> None:
    other = Diffuser.load(settings)
    drawn, redrawn = (opened(drawing.render(PICTURE).png) for drawing in (diffuser, other))
    other.close()
    # The rounding error depends on torch and the processor; another prompt gives the scale.
    night = replace(PICTURE, prompt="watercolor style, portrait of an old man, in space")
    another = opened(diffuser.render(night).png)
    assert difference(drawn, redrawn) < difference(drawn, another) / 2
