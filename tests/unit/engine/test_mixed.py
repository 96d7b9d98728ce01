"""Drawings that differ in all they can, and join in any order, step as each does alone."""

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import torch
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import rescale_noise_cfg
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.engine.advancing import advance
from actors.engine.drawing import Drawing, Row, scaled_together
from actors.engine.guidance import Guidance
from tests.unit.engine.test_advancing import CASES, SHAPE, scheduled

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
_ROW = Row(torch.zeros(0), torch.zeros(0), torch.zeros(0))


@dataclass(frozen=True, slots=True)
class Mixed:
    """A drawing: its scheduler, its steps, its guidance, and before which step of all it joins."""

    case: tuple[str, str]
    steps: int
    skipped: int
    scale: float
    rescale: float
    interval: tuple[int, int] | None
    joins: int
    seed: int

    @property
    def start(self) -> int:
        """The first of its scheduler's steps that it takes; at least one is left."""
        return self.skipped % self.steps

    @property
    def guidance(self) -> Guidance | None:
        """Its guidance, at some of its steps or at all."""
        if self.scale <= 1:
            return None
        taken = range(self.steps - self.start)
        low, high = self.interval or (0, 0)
        guided = tuple(low <= step < high for step in taken)
        return Guidance(self.scale, self.rescale, guided if self.interval else None)

    def scheduler(self) -> Any:
        """Returns a scheduler of its own before the first step that it takes."""
        kind, predicts = self.case
        return scheduled(kind, self.steps, self.start, prediction_type=predicts)

    def noise(self, step: int) -> torch.Tensor:
        """Returns what is predicted at a step without the prompt and with it; -1 is the start."""
        chance = torch.Generator().manual_seed(1000 * self.seed + step + 1)
        return torch.randn(2, *SHAPE, generator=chance)


MIXED = st.builds(
    Mixed,
    case=st.sampled_from(CASES),
    steps=st.integers(1, 9),
    skipped=st.integers(0, 8),
    scale=st.sampled_from((1.0, 1.5, 5.0, 7.3)),
    rescale=st.sampled_from((0.0, 0.3, 0.7, 1.0)),
    interval=st.none() | st.tuples(st.integers(0, 4), st.integers(0, 9)),
    joins=st.integers(0, 6),
    seed=st.integers(0, 10**6),
)


def alone(one: Mixed) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Returns what the UNet reads at each step and the latents after it, by diffusers' pipeline."""
    scheduler, guidance = one.scheduler(), one.guidance
    latents, found = one.noise(-1)[:1], []
    for step, time in enumerate(scheduler.timesteps[one.start :]):
        read = scheduler.scale_model_input(latents, time)
        without, shown = one.noise(step).chunk(2)
        predicted = shown
        if guidance is not None and (guidance.steps is None or guidance.steps[step]):
            predicted = without + guidance.scale * (shown - without)
            if guidance.rescale > 0:
                predicted = rescale_noise_cfg(predicted, shown, guidance.rescale)
        latents = scheduler.step(predicted, time, latents, return_dict=False)[0]
        found.append((read, latents))
    return found


def begun(one: Mixed) -> Drawing:
    scheduler, guidance = one.scheduler(), one.guidance
    rows = (_ROW,) if guidance is None else (_ROW, _ROW)
    times = scheduler.timesteps[one.start :]
    return Drawing(one.noise(-1)[:1], scheduler, times, rows, guidance)


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(MIXED, min_size=1, max_size=6), order=st.integers(0, 10**6))
def test_a_mixed_batch_has_the_bits_of_each_drawing_alone(asked: list[Mixed], order: int) -> None:
    chance = Random(order)
    expected = [alone(one) for one in asked]
    drawings = [begun(one) for one in asked]
    assert all(drawing.rule for drawing in drawings)
    for tick in range(max(one.joins for one in asked) + 9):
        numbers = [number for number, one in enumerate(asked) if one.joins <= tick]
        running = [number for number in numbers if not drawings[number].is_done]
        chance.shuffle(running)
        if not running:
            continue
        batch = [drawings[number] for number in running]
        wanted = [expected[number][drawings[number].step] for number in running]
        assert torch.equal(scaled_together(batch), torch.cat([read for read, _ in wanted]))
        rows = [
            asked[number].noise(drawing.step)[-len(drawing.next_rows) :]
            for number, drawing in zip(running, batch, strict=True)
        ]
        assert not any(advance(batch, rows))
        for drawing, (_, after) in zip(batch, wanted, strict=True):
            assert torch.equal(drawing.latents, after)
    assert all(drawing.is_done for drawing in drawings)


@settings(max_examples=30, deadline=None)
@given(asked=st.lists(MIXED, min_size=2, max_size=5), bad=st.integers(0, 4))
def test_one_that_fails_in_a_mixed_batch_changes_no_other(asked: list[Mixed], bad: int) -> None:
    expected = [alone(one)[0][1] for one in asked]
    drawings = [begun(one) for one in asked]
    bad %= len(asked)
    rows = [
        one.noise(0)[-len(drawing.next_rows) :]
        for one, drawing in zip(asked, drawings, strict=True)
    ]
    rows[bad] = rows[bad][..., :2]
    errors = advance(drawings, rows)
    assert [error is not None for error in errors] == [
        number == bad for number in range(len(asked))
    ]
    for number, drawing in enumerate(drawings):
        assert drawing.step == (number != bad)
        assert number == bad or torch.equal(drawing.latents, expected[number])
