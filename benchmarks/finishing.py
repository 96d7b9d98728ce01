"""What finishing costs a picture of the embedded checkpoint, by step, in one process."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from actors.finishing.bare import as_png
from actors.finishing.forms import finish
from actors.finishing.post import post_process
from benchmarks.environment import BenchEnvironment
from benchmarks.report import Figure, Target
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from server.domain.finishing import DEFAULT, FinishingStep
from server.domain.models import Size
from server.domain.states import ImageType

WHOLE = Target(1_000.0)
_DISPLAY = Size(1024, 1024)
_DETAIL = 4


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Finishes drawings of 1024 pixels, as the upscaler makes them of 256; CPU of all threads."""
    chance, illustrator = Random(20), Illustrator(_DETAIL)
    by_step: dict[FinishingStep, list[float]] = defaultdict(list)
    whole: list[float] = []
    for _ in range(bench.sized(20, 2)):
        large = Image.fromarray(illustrator.draw(sample_scene(chance, FULL)).image)
        for step in list(FinishingStep)[:4]:
            by_step[step].append(_alone(large, step))
        small = as_png(large.resize((256, 256), Image.Resampling.BOX))
        began = time.process_time()
        finish(small, ImageType.PORTRAIT, _DISPLAY, as_png(large), "", DEFAULT)
        whole.append((time.process_time() - began) * 1e3)
    for step, times in by_step.items():
        note = "on request" if step is FinishingStep.BACKGROUND_REMOVAL else ""
        yield Figure.median(f"{step.replace('_', ' ')}, CPU", times, "ms", note=note)
    steps = sum(statistics.median(times) for step, times in by_step.items() if _is_usual(step))
    note = f"{steps:.0f} ms of it the usual steps"
    yield Figure.median("finishing without the upscaler, CPU", whole, "ms", WHOLE, note)


def _is_usual(step: FinishingStep) -> bool:
    return bool(getattr(DEFAULT, step.value))


def _alone(picture: Image.Image, step: FinishingStep) -> float:
    """Returns the CPU time of one step, in ms."""
    alone: dict[str, Any] = {one.value: one is step for one in list(FinishingStep)[:4]}
    wanted = replace(DEFAULT, **alone)
    pixels = np.asarray(picture)
    began = time.process_time()
    post_process(Image.fromarray(pixels), wanted, _DETAIL)
    return (time.process_time() - began) * 1e3
