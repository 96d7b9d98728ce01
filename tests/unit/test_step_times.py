"""Steps are measured: what they took, and how much memory they needed."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from PIL import Image

from actors.finishing.forms import finish
from actors.finishing.timing import ProcessMemory, StepClock
from server.domain.finishing import DEFAULT, FinishingStep
from server.domain.models import Size
from server.domain.states import ImageType, Stage
from server.domain.timings import StepTime, TimedStep, read_step_times, step_times_json
from tests.signatures import picture

MIB = 2**20


def scripted(*peaks: int | None) -> ProcessMemory:
    """Returns a memory that holds 100 bytes before each block, and those at most in each."""
    told: Iterator[int | None] = iter(peaks)
    return ProcessMemory(lambda: 100, lambda: next(told))


def test_runs_of_a_step_are_one() -> None:
    clock = StepClock(scripted(140, 120, 99))
    for step in (TimedStep.ENCODING, TimedStep.ENCODING, TimedStep.DECODING):
        with clock.measure(step):
            pass
    decoding, encoding = clock.times
    assert (decoding.step, decoding.peak_bytes) == (TimedStep.DECODING, 0)
    assert (encoding.step, encoding.peak_bytes) == (TimedStep.ENCODING, 40)


def test_a_step_of_which_one_run_was_not_measured_has_no_memory() -> None:
    clock = StepClock(scripted(140, None))
    for _ in range(2):
        with clock.measure(TimedStep.ENCODING):
            pass
    assert [one.peak_bytes for one in clock.times] == [None]


def test_a_run_that_fails_does_not_count() -> None:
    clock = StepClock(scripted(140))
    with pytest.raises(ValueError, match="broken"), clock.measure(TimedStep.DECODING):
        raise ValueError("broken")
    assert clock.times == ()


def test_a_step_that_runs_again_is_measured_anew() -> None:
    before = (StepTime(TimedStep.ENCODING, 70, 5), StepTime(TimedStep.SIGNING, 90_000))
    clock = StepClock(before=before)
    with clock.measure(TimedStep.SIGNING):
        pass
    encoding, signing = clock.times
    assert encoding == before[0]
    assert signing.ms < 90_000


def test_blocks_at_once_get_no_number() -> None:
    numbers = count(100, 10)
    memory = ProcessMemory(lambda: next(numbers), lambda: next(numbers))
    with memory.measured() as first, memory.measured() as second:
        pass
    with memory.measured() as third:
        pass
    assert (first.bytes, second.bytes, third.bytes) == (None, None, 10)


def test_the_memory_of_this_process_is_measured_where_the_kernel_tells_it() -> None:
    with ProcessMemory().measured() as peak:
        assert np.ones(64 * MIB, np.uint8).any()
    assert peak.bytes is None or peak.bytes > 32 * MIB


def test_a_finished_picture_says_what_each_step_took() -> None:
    finished = finish(
        picture("PNG"),
        ImageType.PORTRAIT,
        Size(64, 64),
        post_processing=DEFAULT,
        marking=Image.Image.copy,
        memory=scripted(*[150] * 99),
    )
    assert [one.step for one in finished.times] == [
        *(TimedStep.DECODING, TimedStep.SIGNATURE_REMOVAL, TimedStep.COLOUR_CORRECTION),
        *(TimedStep.SHARPENING, TimedStep.RESIZING, TimedStep.WATERMARK, TimedStep.ENCODING),
    ]
    assert {one.peak_bytes for one in finished.times} == {50}
    assert {one.step.stage for one in finished.times} == {Stage.FINISHING}


def test_every_step_of_post_processing_that_changes_pixels_is_measured() -> None:
    measured = {step.value for step in TimedStep}
    assert {step.value for step in FinishingStep} - measured == {"print_check"}


def test_times_are_stored_and_those_of_a_newer_worker_left_out() -> None:
    times = (StepTime(TimedStep.ENCODING, 240, 5), StepTime(TimedStep.SIGNING, 31))
    stored = [{"step": "folding", "ms": 1, "peak_bytes": None}, *step_times_json(times)]
    assert read_step_times(stored) == times
    assert read_step_times(None) == ()
