"""Drawings of random rows for a tiny UNet, in any precision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler

from actors.engine.attention import RowReference
from actors.engine.batch import BatchedUNet
from actors.engine.drawing import Drawing, Row
from actors.engine.guidance import Guidance
from actors.engine.loop import Predictor, StepLoop
from actors.engine.preview import LinearDecoder, Previews
from actors.engine.render import Scheduler
from actors.engine.schedulers import new_scheduler

CHANNELS, WIDTH, POOLED, SIDE = 4, 40, 24, 8
WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to draw, and after which step of the first one it arrives."""

    seed: int
    steps: int = 3
    arrives: int = 0
    guidance: float = 5.0
    rescale: float = 0.0
    scheduler: Scheduler = Scheduler.DDIM
    chunks: int = 1
    scales: tuple[float, ...] = ()
    side: int = SIDE
    guided: tuple[bool, ...] | None = None
    swapped: bool = False
    """Whether its references change their columns."""
    stops: int = 0
    """After which of its own steps it is cancelled; 0 for never."""
    previews: bool = False

    @property
    def is_stopped(self) -> bool:
        """Whether it is cancelled before it is done."""
        return 0 < self.stops < self.steps


def drawing(asked: Asked, dtype: torch.dtype) -> Drawing:
    """Returns a drawing that the seed alone decides, but for what is asked."""
    chance = torch.Generator().manual_seed(asked.seed)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=chance, dtype=torch.float64).to(dtype)

    scheduler = new_scheduler(EulerDiscreteScheduler(), asked.scheduler)
    scheduler.set_timesteps(asked.steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    latents = noise(1, CHANNELS, asked.side, asked.side) * scheduler.init_noise_sigma
    pixels = 8 * asked.side
    columns = [_column(number, len(asked.scales), pixels) for number in range(len(asked.scales))]
    if asked.swapped:
        columns.reverse()
    references = tuple(
        RowReference(noise(4, WIDTH), scale, column)
        for scale, column in zip(asked.scales, columns, strict=True)
    )
    sizes = torch.tensor([pixels, pixels, 0, 0, pixels, pixels], dtype=dtype)
    rows = [Row(noise(77 * asked.chunks, WIDTH), noise(POOLED), sizes, references)]
    guidance = None
    if asked.guidance > 1:
        rows.insert(0, Row(noise(77 * asked.chunks, WIDTH), noise(POOLED), sizes, references))
        guidance = Guidance(asked.guidance, asked.rescale, asked.guided)
    return Drawing(latents.to(dtype), scheduler, scheduler.timesteps, tuple(rows), guidance)


def _column(number: int, of: int, pixels: int) -> torch.Tensor | None:
    if of == 1:
        return None
    mask = torch.zeros(pixels, pixels)
    mask[:, pixels * number // of : pixels * (number + 1) // of] = 1
    return mask


def drawn(
    unet: Any,
    asked: list[Asked],
    *,
    dtype: torch.dtype,
    max_rows: int = 16,
    on_step: Callable[[Asked, Drawing], None] = lambda *_: None,
) -> tuple[list[torch.Tensor], BatchedUNet]:
    """Draws requests in one loop; each arrives after its step of the first, or at its end.

    Returns the latents of those that were not cancelled. The first one never is.
    """
    predictor = BatchedUNet(unet)
    return drawn_by(predictor, asked, dtype=dtype, max_rows=max_rows, on_step=on_step), predictor


def drawn_by(
    predictor: Predictor,
    asked: list[Asked],
    *,
    dtype: torch.dtype,
    max_rows: int = 16,
    on_step: Callable[[Asked, Drawing], None] = lambda *_: None,
) -> list[torch.Tensor]:
    """Draws requests as `drawn` does, by a predictor."""
    loop = StepLoop(predictor, max_rows=max_rows)
    first, *others = asked
    entries: dict[int, Any] = {}

    def join(step: int, *, at_end: bool = False) -> None:
        for number, one in enumerate(others, 1):
            if number not in entries and (one.arrives <= step or at_end):
                entries[number] = loop.add(drawing(one, dtype), partial(heard, number))

    def heard(number: int, it: Drawing) -> None:
        one = asked[number]
        if one.previews:
            assert Previews(_DECODER, 0.0).after_step(it)
        if one.stops == it.step:
            entries[number].stop()
        on_step(one, it)

    def led(it: Drawing) -> None:
        join(it.step, at_end=it.is_done)
        heard(0, it)

    try:
        entries[0] = loop.add(drawing(first, dtype), led)
        entries[0].drawn.result(WAIT_S)
        ends = [entries[number].drawn for number in range(len(asked))]
        stopped = [one.is_stopped for one in asked]
        assert [end.exception(WAIT_S) is not None for end in ends] == stopped
    finally:
        loop.close()
    return [end.result() for end, is_stopped in zip(ends, stopped, strict=True) if not is_stopped]


_DECODER = LinearDecoder(torch.ones(CHANNELS + 1, 3 * 8 * 8), 8)
