"""Post-processing: the steps between a model's picture and its forms, in their order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias

import numpy as np
from PIL import Image

from actors.finishing.background import remove_background
from actors.finishing.correction import correct
from actors.finishing.retouched import Pixels, Retouched
from actors.finishing.sharpening import sharpen
from actors.finishing.signatures import remove_signatures
from actors.finishing.timing import StepClock
from actors.finishing.transparency import has_clear_ground, spread
from server.domain.finishing import FinishingStep, PostProcessing, StepDone
from server.domain.timings import TimedStep

Step: TypeAlias = Callable[[Pixels], Retouched]
"""A step of post-processing."""


@dataclass(frozen=True, slots=True)
class Processed:
    """A picture after all steps, and what became of each."""

    picture: Image.Image
    steps: tuple[StepDone, ...]

    @property
    def shows_other(self) -> bool:
        """Whether it shows other things or colours than before, and not the same ones sharper."""
        return any(one.changed and one.step is not FinishingStep.SHARPENING for one in self.steps)


def post_process(
    picture: Image.Image,
    wanted: PostProcessing,
    enlarged: float,
    clock: StepClock | None = None,
    cutting: Step = remove_background,
) -> Processed:
    """Returns a picture, RGB or RGBA, after the steps that a request wants.

    `enlarged` is how many times as large it is as what the model drew. The forms are resized from
    it, so that all of them show the same. `clock` measures the steps, `cutting` removes
    backgrounds.
    """
    clock = clock or StepClock()
    pixels = np.asarray(picture)
    done = []
    for step, run in _steps(wanted, enlarged, cutting):
        began = perf_counter()
        with clock.measure(TimedStep(step)):
            found = run(pixels)
        pixels = found.pixels
        ms = round((perf_counter() - began) * 1000)
        done.append(StepDone(step, bool(found.said), found.said or found.left, ms))
    changed = any(one.changed for one in done)
    return Processed(Image.fromarray(pixels) if changed else picture, tuple(done))


def _steps(
    wanted: PostProcessing, enlarged: float, cutting: Step
) -> Iterator[tuple[FinishingStep, Step]]:
    """Yields the steps in their order.

    A signature goes first, since it would count as a part of the figure. Colours are measured
    without it, and without the ground where that is removed. What is sharpened comes last.
    """
    if wanted.signature_removal:
        yield FinishingStep.SIGNATURE_REMOVAL, _on_colours(remove_signatures)
    if wanted.background_removal:
        yield FinishingStep.BACKGROUND_REMOVAL, _on_ground(cutting)
    if wanted.colour_correction:
        yield FinishingStep.COLOUR_CORRECTION, _on_colours(correct)
    if wanted.sharpening:
        yield FinishingStep.SHARPENING, lambda pixels: sharpen(pixels, enlarged)


def _on_colours(step: Step) -> Step:
    """Returns a step that sees colours only, everywhere those that are seen; alpha stays."""

    def run(pixels: Pixels) -> Retouched:
        if pixels.shape[2] == 3:
            return step(pixels)
        alpha = pixels[..., 3]
        found = step(spread(np.ascontiguousarray(pixels[..., :3]), alpha))
        kept = np.dstack((found.pixels, alpha)) if found.said else pixels
        return Retouched(kept, found.said, found.left)

    return run


def _on_ground(step: Step) -> Step:
    """Returns a step that makes clear what is not so yet, unless the whole ground is."""

    def run(pixels: Pixels) -> Retouched:
        if pixels.shape[2] == 3:
            return step(pixels)
        alpha = pixels[..., 3]
        if has_clear_ground(alpha):
            return Retouched(pixels, left="the model's picture is transparent already")
        found = step(spread(np.ascontiguousarray(pixels[..., :3]), alpha))
        if not found.said:
            return Retouched(pixels, left=found.left)
        kept = np.dstack((found.pixels[..., :3], np.minimum(found.pixels[..., 3], alpha)))
        return Retouched(kept, found.said)

    return run
