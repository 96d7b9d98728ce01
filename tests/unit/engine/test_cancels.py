"""Thousands of cancels on a tiny UNet: none leaves a row, a drawing or a tensor."""

import gc
import threading
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest
import torch

from actors.engine.attention import use_row_attention
from actors.engine.batch import BatchedUNet
from actors.engine.drawing import Drawing
from actors.engine.loop import Entry, StepLoop
from actors.engine.render import RenderCancelled
from tests.unit.engine.tiny import WAIT_S, Asked, drawing
from tests.unit.tiny_sdxl import tiny_sdxl

ROUNDS, A_ROUND, CANCELLED = 5, 2050, 2000
ROWS = 128


@pytest.fixture(scope="module")
def unet() -> Any:
    torch.set_num_threads(1)
    unet = tiny_sdxl().unet
    use_row_attention(unet)
    return unet


class Watched(BatchedUNet):
    """A UNet in whose batches only drawings that somebody waits for may be."""

    def __init__(self, unet: Any) -> None:
        super().__init__(unet)
        self.stopped: set[int] = set()
        self.late = 0
        self.idle = threading.Event()

    def predict(self, drawings: Sequence[Drawing]) -> list[torch.Tensor]:
        self.late += sum(id(each) in self.stopped for each in drawings)
        return super().predict(drawings)

    def forget(self) -> None:
        super().forget()
        self.idle.set()


def test_ten_thousand_random_cancels_leave_no_row_and_no_tensor(unet: Any) -> None:
    model, chance = Watched(unet), Random(0)
    loop = StepLoop(model, max_rows=ROWS)
    counts = [_tensors_after(loop, model, chance) for _ in range(ROUNDS)]
    assert loop.drawings == 0
    assert model.late == 0
    assert len(set(counts)) == 1
    loop.close()


def _tensors_after(loop: StepLoop, model: Watched, chance: Random) -> int:
    """Draws a round, cancels most of it at random moments; returns how many tensors are left."""
    _round(loop, model, chance)
    model.stopped.clear()  # before an id is used again
    model.idle.clear()
    # One more step, after which the loop waits: what is left then is kept for nobody.
    loop.add(_drawing(1), lambda _: None).drawn.result(WAIT_S)
    assert model.idle.wait(WAIT_S)
    gc.collect()
    return sum(type(one) in (torch.Tensor, torch.nn.Parameter) for one in gc.get_objects())


def _round(loop: StepLoop, model: Watched, chance: Random) -> None:
    held, to_stop = threading.Event(), list[Entry]()

    def stop_one(_: Drawing) -> None:
        """Cancels another between two steps, in the loop's thread: no later batch may have it."""
        for entry in [to_stop.pop() for _ in range(min(4, len(to_stop)))]:
            entry.stop()
            model.stopped.add(id(entry.drawing))

    # All join before the first step.
    loop.add(_drawing(1), lambda _: _hold(held))
    entries = [loop.add(_drawing(chance.randint(1, 4)), stop_one) for _ in range(A_ROUND)]
    to_stop += chance.sample(entries, CANCELLED)
    while len(to_stop) > CANCELLED / 2:
        to_stop.pop().stop()  # before its first step
    held.set()
    ends = [entry.drawn.exception(WAIT_S) for entry in entries]
    assert not to_stop
    assert all(end is None or isinstance(end, RenderCancelled) for end in ends)
    assert sum(end is None for end in ends) >= A_ROUND - CANCELLED


def _hold(held: threading.Event) -> None:
    assert held.wait(WAIT_S)


def _drawing(steps: int) -> Drawing:
    one = _templates()[steps - 1]
    return replace(one, latents=one.latents.clone(), scheduler=copy(one.scheduler))


@cache
def _templates() -> list[Drawing]:
    return [
        drawing(Asked(steps, steps=steps, guidance=1.0, side=4), torch.float32)
        for steps in range(1, 5)
    ]
