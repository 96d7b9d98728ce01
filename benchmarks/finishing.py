"""What finishing costs a picture of the embedded checkpoint, by step, in one process."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from actors.finishing.bare import as_png
from actors.finishing.forms import finish
from actors.finishing.post import post_process
from actors.finishing.timing import ProcessMemory, StepClock
from actors.finishing.watermark import Watermark
from benchmarks.environment import BenchEnvironment
from benchmarks.report import Figure, Target
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from server.domain.finishing import DEFAULT, FinishingStep
from server.domain.models import Size
from server.domain.states import ImageType
from server.domain.timings import StepTime, TimedStep

WHOLE = Target(1_000.0)
_DISPLAY = Size(1024, 1024)
_DETAIL = 4


@dataclass(frozen=True, slots=True)
class _Run:
    """What a step has taken of one picture: ms, and bytes of memory beyond those held before."""

    ms: float
    peak: int | None


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Finishes drawings of 1024 pixels, as the upscaler makes them of 256; CPU of all threads.

    Beside the time of each step is the most memory that it needed, as a job tells it.
    """
    chance, illustrator = Random(20), Illustrator(_DETAIL)
    retouching: dict[TimedStep, list[_Run]] = defaultdict(list)
    others: dict[TimedStep, list[_Run]] = defaultdict(list)
    whole: list[float] = []
    for _ in range(bench.sized(20, 2)):
        large = Image.fromarray(illustrator.draw(sample_scene(chance, FULL)).image)
        for step in list(FinishingStep)[:4]:
            retouching[TimedStep(step)].append(_alone(large, step))
        small = as_png(large.resize((256, 256), Image.Resampling.BOX))
        began = time.process_time()
        finish(small, ImageType.PORTRAIT, _DISPLAY, as_png(large), "", DEFAULT)
        whole.append((time.process_time() - began) * 1e3)
        for one in _steps_of(small, large):
            others[one.step].append(_Run(one.ms, one.peak_bytes))
    for taken, runs in retouching.items():
        asked = taken is TimedStep.BACKGROUND_REMOVAL
        yield _figure(taken, "CPU", runs, "on request, " if asked else "")
    for taken in [each for each in others if each not in retouching]:
        yield _figure(taken, "wall", others[taken])
    usual = [runs for taken, runs in retouching.items() if getattr(DEFAULT, taken.value)]
    steps = sum(statistics.median(one.ms for one in runs) for runs in usual)
    note = f"{steps:.0f} ms of it the usual steps"
    yield Figure.median("finishing without the upscaler, CPU", whole, "ms", WHOLE, note)


def _figure(step: TimedStep, clock: str, runs: Sequence[_Run], said: str = "") -> Figure:
    """Returns the time of a step; its note has the most memory of any run."""
    peaks = [one.peak for one in runs if one.peak is not None]
    memory = f"peak {max(peaks) / (1 << 20):,.0f} MiB" if peaks else "peak not known"
    name = f"{step.replace('_', ' ')}, {clock}"
    return Figure.median(name, [one.ms for one in runs], "ms", note=said + memory)


def _steps_of(small: bytes, large: Image.Image) -> Sequence[StepTime]:
    """Returns what the steps of finishing a picture take, with its watermark."""
    found = finish(
        *(small, ImageType.PORTRAIT, _DISPLAY, as_png(large), "", DEFAULT),
        marking=Watermark().marked,
        memory=ProcessMemory(),
    )
    return found.times


def _alone(picture: Image.Image, step: FinishingStep) -> _Run:
    """Returns the CPU time and the memory of one step."""
    alone: dict[str, Any] = {one.value: one is step for one in list(FinishingStep)[:4]}
    wanted = replace(DEFAULT, **alone)
    given, clock = Image.fromarray(np.asarray(picture)), StepClock(ProcessMemory())
    began = time.process_time()
    post_process(given, wanted, _DETAIL, clock)
    ms = (time.process_time() - began) * 1e3
    [taken] = clock.times
    return _Run(ms, taken.peak_bytes)
