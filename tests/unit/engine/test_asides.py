"""What fails beside a picture is told once, and the picture is drawn on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers import EulerAncestralDiscreteScheduler
from PIL import Image

from actors.engine.diffuser import Diffuser
from actors.engine.preview import LinearDecoder
from actors.engine.render import DeviceBroken, RecordPace, RenderRequest, StepEvent
from actors.engine.streams import OneStream, Streams
from server.traces import Kind, Span, Value
from server.traces.spans import NoSpan
from tests.unit.engine.test_streams import Told
from tests.unit.engine.tiny import CHANNELS
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
REQUEST = RenderRequest("a fox", "", 64, 64, 4, 5.0, 0.0, 7, id="one")
WATCHED = replace(REQUEST, previews=True)
STREAMS: dict[str, Callable[[], Streams]] = {"between steps": OneStream, "beside steps": Told}
NARROW = LinearDecoder(torch.ones(CHANNELS, 3 * 8 * 8), 8)
"""A decoder of latents with a channel less."""


class Remembering(EulerAncestralDiscreteScheduler):  # type: ignore[misc]  # untyped
    """A scheduler that remembers what no record can hold: a tensor without places for zeros."""

    def step(self, *args: Any, generator: Any = None, **more: Any) -> Any:
        self.seen = torch.eye(2).to_sparse()
        return super().step(*args, generator=generator, **more)


class Untold(NoSpan):
    """A span whose collector takes no parts of the steps."""

    def child(self, name: str, kind: Kind, attributes: Mapping[str, Value]) -> Span:
        if name in ("wait for the diffuser", "denoise"):
            raise ConnectionError("no collector")
        return super().child(name, kind, attributes)


class Broken(LinearDecoder):
    """A decoder whose device is broken."""

    def image(self, latents: torch.Tensor) -> Image.Image:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


Make = Callable[..., Diffuser]


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    return tiny_sdxl()


@pytest.fixture
def make(pipeline: Any) -> Iterator[Make]:
    made: list[Diffuser] = []

    def new(**more: Any) -> Diffuser:
        made.append(Diffuser(pipeline, model="sdxl", max_rows=8, preview_interval_s=0.0, **more))
        return made[-1]

    yield new
    for each in made:
        each.close()


def asides(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Returns the renders that were drawn without something, and what."""
    lines = [vars(line) for line in caplog.records if line.message == "drawn without"]
    return [(line["render"], line["aside"]) for line in lines]


@pytest.mark.parametrize("streams", STREAMS)
def test_previews_that_fail_cost_no_picture(
    make: Make, caplog: pytest.LogCaptureFixture, streams: str
) -> None:
    events: list[StepEvent] = []
    diffuser = make(previews=NARROW, streams=STREAMS[streams]())
    png = diffuser.render(WATCHED, on_step=events.append).png
    assert png == make().render(REQUEST).png
    assert [event.step for event in events] == [1, 2, 3, 4]
    assert {event.preview for event in events} == {None}
    diffuser.close()
    # Beside the steps, the first may be made after them.
    at_most = [("one", "preview")]
    assert asides(caplog) in ([at_most] if streams == "between steps" else [at_most, []])


def test_records_that_fail_cost_no_picture(
    make: Make, pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    own = pipeline.scheduler
    pipeline.scheduler = Remembering.from_config(own.config)
    try:
        events: list[StepEvent] = []
        kept = replace(REQUEST, records=RecordPace(every=1))
        png = make().render(kept, on_step=events.append).png
        assert png == make().render(REQUEST).png
    finally:
        pipeline.scheduler = own
    assert [event.record for event in events] == [None] * 4
    assert asides(caplog) == [("one", "record")]


def test_a_listener_that_fails_costs_neither_the_picture_nor_other_listeners(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[StepEvent] = []
    steps: list[int] = []

    def fail(event: StepEvent) -> None:
        steps.append(event.step)
        raise ValueError("its event loop is closed")

    assert make(on_step=heard.append).render(REQUEST, on_step=fail).png
    assert steps == [event.step for event in heard] == [1, 2, 3, 4]
    assert asides(caplog) == [("one", "listener 1")]


def test_a_trace_that_fails_costs_no_picture(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    assert make().render(REQUEST, span=Untold()).png
    assert asides(caplog) == [("one", "trace")]


def test_a_device_that_breaks_at_a_preview_is_broken_for_the_picture_too(make: Make) -> None:
    diffuser = make(previews=Broken(torch.ones(CHANNELS + 1, 3 * 8 * 8), 8))
    with pytest.raises(DeviceBroken, match="illegal memory access"):
        diffuser.render(WATCHED)
