"""A drawing that goes on from a record ends as one that was never interrupted."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers import (
    EulerAncestralDiscreteScheduler,
    HeunDiscreteScheduler,
    LCMScheduler,
    UniPCMultistepScheduler,
)
from safetensors.torch import load, save

from actors.engine.batch import BatchedUNet
from actors.engine.diffuser import Diffuser
from actors.engine.preparing import prepare
from actors.engine.records import Recorder, checksum_of
from actors.engine.render import Origin, RecordPace, RenderRequest, Scheduler
from actors.testing.stored import draw_pictures
from tests.unit.tiny_adapter import save_adapter, tensors_of
from tests.unit.tiny_sdxl import tiny_sdxl

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
EACH = RecordPace(every=1)
ASKED = RenderRequest(
    prompt="a girl in a forest",
    negative_prompt="blurry",
    width=64,
    height=64,
    steps=4,
    guidance_scale=5.0,
    guidance_rescale=0.0,
    seed=7,
    records=EACH,
)
OVER = Origin(draw_pictures(1, 64)[0], 1.0)
MODES = {
    "from noise": None,
    "over": replace(OVER, strength=0.75),
    "masked": replace(OVER, mask=draw_pictures(2, 64)[1]),
}
SCHEDULERS = [Scheduler.EULER, Scheduler.DPM_KARRAS, Scheduler.DDIM]


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    return tiny_sdxl()


class Drawer:
    """Draws with one pipeline, and keeps each record by its step."""

    def __init__(self, pipeline: Any, model: str = "tiny") -> None:
        self.records: dict[int, bytes] = {}
        self.began_at = 0
        self._pipeline = pipeline
        self._unet = BatchedUNet(pipeline.unet)
        self._model = checksum_of(pipeline, model)

    def draw(self, request: RenderRequest, until: int = 1000) -> torch.Tensor:
        """Returns the latents after the last step, or an earlier one."""
        recorder = Recorder(request, self._model)
        drawing = prepare(self._pipeline, request)
        recorder.begin(drawing)
        self.began_at = drawing.step
        while not drawing.is_done and drawing.step < until:
            [predicted] = self._unet.predict([drawing])
            drawing.advance(predicted)
            if (record := recorder.after_step(drawing)) is not None:
                self.records[drawing.step] = record
        return drawing.latents


def goes_on_the_same(pipeline: Any, request: RenderRequest) -> None:
    """Checks that a request drawn on from each of its records gives the same latents."""
    first = Drawer(pipeline)
    whole = first.draw(request)
    assert whole.isfinite().all()
    assert len(first.records) >= 2
    for step, record in first.records.items():
        again = Drawer(pipeline)
        resumed = again.draw(replace(request, record=record))
        assert again.began_at == step
        assert torch.equal(resumed, whole), step
        assert [kept for kept in first.records if kept > step] == list(again.records)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("mode", MODES)
def test_a_drawing_goes_on_from_each_step(pipeline: Any, mode: str, scheduler: Scheduler) -> None:
    goes_on_the_same(pipeline, replace(ASKED, scheduler=scheduler, origin=MODES[mode]))


@pytest.mark.parametrize("mode", MODES)
def test_a_drawing_without_guidance_goes_on_from_each_step(pipeline: Any, mode: str) -> None:
    request = replace(ASKED, guidance_scale=1.0, scheduler=Scheduler.EULER)
    goes_on_the_same(pipeline, replace(request, origin=MODES[mode]))


@pytest.mark.parametrize(
    "kind",
    [
        EulerAncestralDiscreteScheduler,
        LCMScheduler,
        HeunDiscreteScheduler,
        UniPCMultistepScheduler,
    ],
)
def test_a_drawing_goes_on_by_other_schedulers_of_checkpoints(pipeline: Any, kind: Any) -> None:
    own = pipeline.scheduler
    pipeline.scheduler = kind.from_config(own.config)
    try:
        goes_on_the_same(pipeline, ASKED)
    finally:
        pipeline.scheduler = own


def test_a_drawing_goes_on_in_double_precision() -> None:
    pipeline = tiny_sdxl().to(torch.float64)
    goes_on_the_same(pipeline, replace(ASKED, scheduler=Scheduler.DPM_KARRAS))


def test_a_record_in_half_precision_is_little_more_than_its_latents() -> None:
    pipeline = tiny_sdxl().to(torch.bfloat16)
    request = replace(ASKED, width=1024, height=1024)
    recorder, drawing = Recorder(request, "model"), prepare(pipeline, request)
    recorder.begin(drawing)
    drawing.step, drawing.latents = 1, drawing.latents * 0.9
    record = recorder.after_step(drawing)
    assert record is not None
    latents = 4 * 128 * 128 * 2
    assert latents < len(record) < latents + 8192
    again = prepare(pipeline, request)
    Recorder(replace(request, record=record), "model").begin(again)
    assert again.step == 1
    assert torch.equal(again.latents, drawing.latents)


def test_records_come_at_their_pace(pipeline: Any) -> None:
    drawer = Drawer(pipeline)
    drawer.draw(replace(ASKED, steps=5, records=RecordPace(every=2)))
    assert list(drawer.records) == [2, 4]
    never = Drawer(pipeline)
    never.draw(replace(ASKED, records=RecordPace()), until=2)
    assert not never.records


def test_a_drawing_that_has_taken_little_time_has_no_record(pipeline: Any) -> None:
    now = 0.0
    request = replace(ASKED, steps=5, records=RecordPace(every=1, after_s=2.0))
    recorder = Recorder(request, "model", clock=lambda: now)
    drawing = prepare(pipeline, request)
    recorder.begin(drawing)
    unet = BatchedUNet(pipeline.unet)
    taken = []
    for _ in range(4):
        drawing.advance(unet.predict([drawing])[0])
        taken.append(recorder.after_step(drawing) is not None)
        now += 1.0
    assert taken == [False, False, True, True]


def test_a_drawing_that_is_not_finite_has_no_record(pipeline: Any) -> None:
    recorder = Recorder(ASKED, "model")
    drawing = prepare(pipeline, ASKED)
    recorder.begin(drawing)
    drawing.step, drawing.latents = 1, drawing.latents * float("nan")
    assert recorder.after_step(drawing) is None


class Odd:
    """What no record can hold."""


def test_a_scheduler_that_remembers_something_else_has_no_records(
    pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(ASKED, "model")
    drawing = prepare(pipeline, ASKED)
    recorder.begin(drawing)
    drawing.scheduler.odd = Odd()
    for step in (1, 2):
        drawing.step = step
        assert recorder.after_step(drawing) is None
    assert [line.message for line in caplog.records] == ["no records"]


def _told(record: bytes, **changes: str) -> bytes:
    """Returns a record whose metadata are changed."""
    length = int.from_bytes(record[:8], "little")
    told = json.loads(record[8 : 8 + length])["__metadata__"]
    return save(load(record), told | changes)


def _tensors(record: bytes, change: Callable[[dict[str, torch.Tensor]], Any]) -> bytes:
    """Returns a record whose tensors are changed."""
    length = int.from_bytes(record[:8], "little")
    tensors = load(record)
    change(tensors)
    return save(tensors, json.loads(record[8 : 8 + length])["__metadata__"])


_BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "garbage": (lambda _: b"no record at all", "unreadable"),
    "cut off": (lambda it: it[:-100], "unreadable"),
    "only a length": (lambda it: it[:8], "unreadable"),
    "too large": (lambda it: it + bytes(10_000_000), "larger than"),
    "of no metadata": (lambda it: save(load(it)), "unreadable"),
    "of another format": (lambda it: _told(it, format="2"), "format is '2'"),
    "of another picture": (lambda it: _told(it, of="0" * 64), "of another model"),
    "after its end": (lambda it: _told(it, step="4"), "step is 4 of 4"),
    "before its start": (lambda it: _told(it, step="-1"), "step is -1 of 4"),
    "of no step": (lambda it: _told(it, step="two"), "unreadable"),
    "of no scheduler": (lambda it: _told(it, scheduler="{"), "unreadable"),
    "of a list": (lambda it: _told(it, scheduler="[]"), "unreadable"),
    "of a method": (
        lambda it: _told(it, scheduler='{"step": {"plain": 1}}'),
        "no memory of a DPMSolverMultistepScheduler",
    ),
    "of code": (lambda it: _told(it, scheduler='{"a": {"call": "exit"}}'), "of no known kind"),
    "of fewer tensors": (lambda it: _tensors(it, lambda its: its.pop("state.0")), "unreadable"),
    "without latents": (lambda it: _tensors(it, lambda its: its.pop("latents")), "unreadable"),
    "of other latents": (
        lambda it: _tensors(it, lambda its: its.update(latents=torch.zeros(1, 4, 2, 2))),
        r"latents are \[1, 4, 2, 2\]",
    ),
    "not finite": (
        lambda it: _tensors(it, lambda its: its["latents"].fill_(float("inf"))),
        "not finite",
    ),
    "of another generator": (
        lambda it: _tensors(it, lambda its: its.update(generator=torch.zeros(7))),
        "unreadable",
    ),
}


@pytest.fixture(scope="module")
def taken(pipeline: Any) -> tuple[RenderRequest, bytes]:
    """Returns a request, and its record after three steps."""
    request = replace(ASKED, scheduler=Scheduler.DPM_KARRAS)
    drawer = Drawer(pipeline)
    drawer.draw(request, until=3)
    return request, drawer.records[3]


def _ignored(caplog: pytest.LogCaptureFixture) -> str:
    [line] = caplog.records
    assert (line.message, line.levelno) == ("record ignored", logging.WARNING)
    return cast(str, line.__dict__["error"])


@pytest.mark.parametrize("how", _BAD)
def test_a_bad_record_is_ignored_with_one_line(
    pipeline: Any, taken: tuple[RenderRequest, bytes], caplog: pytest.LogCaptureFixture, how: str
) -> None:
    request, record = taken
    spoil, words = _BAD[how]
    drawer = Drawer(pipeline)
    drawer.draw(replace(request, record=spoil(record)), until=0)
    assert drawer.began_at == 0
    assert re.search(words, _ignored(caplog))


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 8},
        {"prompt": "a boy in a forest"},
        {"negative_prompt": ""},
        {"steps": 5},
        {"guidance_scale": 4.0},
        {"width": 128},
        {"scheduler": Scheduler.DDIM},
        {"origin": OVER},
        {"mirrored": True},
    ],
    ids=lambda it: next(iter(it)),
)
def test_a_record_of_another_request_is_ignored(
    pipeline: Any,
    taken: tuple[RenderRequest, bytes],
    caplog: pytest.LogCaptureFixture,
    other: dict[str, Any],
) -> None:
    request, record = taken
    drawer = Drawer(pipeline)
    drawer.draw(replace(request, record=record, **other), until=0)
    assert drawer.began_at == 0
    assert "of another model, request or scheduler" in _ignored(caplog)


def test_a_record_of_another_model_is_ignored(
    pipeline: Any,
    taken: tuple[RenderRequest, bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    request, record = taken
    named = Drawer(pipeline, model="another")
    named.draw(replace(request, record=record), until=0)
    assert named.began_at == 0
    assert "of another model" in _ignored(caplog)
    caplog.clear()
    changed = tiny_sdxl()
    with torch.no_grad():
        changed.unet.conv_out.bias[0] += 1e-3
    trained = Drawer(changed)
    trained.draw(replace(request, record=record), until=0)
    assert trained.began_at == 0
    assert "of another model" in _ignored(caplog)


def test_a_record_by_another_projection_of_an_adapter_is_ignored(
    pipeline: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.save_pretrained(tmp_path / "plain")
    tensors = tensors_of("base", pipeline.unet)
    first = Diffuser.load(save_adapter(tmp_path, tensors))
    tensors["image_proj.proj.weight"] = 0.5 * tensors["image_proj.proj.weight"]
    second = Diffuser.load(save_adapter(tmp_path, tensors))
    records: list[bytes] = []
    first.render(ASKED, on_step=lambda event: records.append(event.record or b""))
    second.render(replace(ASKED, record=records[1]))
    first.close()
    second.close()
    assert "of another model" in _ignored(caplog)


def test_what_does_not_decide_the_picture_does_not_stop_a_record(
    pipeline: Any, taken: tuple[RenderRequest, bytes]
) -> None:
    request, record = taken
    drawer = Drawer(pipeline)
    beside = replace(request, id="2", trace="t", previews=True, records=RecordPace(every=7))
    drawer.draw(replace(beside, record=record), until=0)
    assert drawer.began_at == 3


def test_a_request_of_the_version_before_is_drawn(pipeline: Any) -> None:
    class Old:
        """A request without the fields for records."""

    old = Old()
    for name in ("id", "prompt", "seed"):
        setattr(old, name, getattr(ASKED, name))
    recorder = Recorder(cast(RenderRequest, old), "model")
    drawing = prepare(pipeline, ASKED)
    recorder.begin(drawing)
    drawing.step = 1
    assert recorder.after_step(drawing) is None
