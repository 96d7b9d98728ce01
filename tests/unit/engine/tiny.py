"""Drawings of random rows for a tiny UNet, in any precision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler

from actors.engine.attention import RowReference
from actors.engine.batch import BatchedUNet
from actors.engine.drawing import Drawing, Guidance, Row
from actors.engine.loop import StepLoop
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
    references = tuple(
        RowReference(noise(4, WIDTH), scale, _column(number, len(asked.scales), pixels))
        for number, scale in enumerate(asked.scales)
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
    """Draws requests in one loop; each arrives after its step of the first, or at its end."""
    predictor = BatchedUNet(unet)
    loop = StepLoop(predictor, max_rows=max_rows)
    first, *others = asked
    entries: dict[int, Any] = {}

    def join(step: int, *, at_end: bool = False) -> None:
        for number, one in enumerate(others, 1):
            if number not in entries and (one.arrives <= step or at_end):
                entries[number] = loop.add(drawing(one, dtype), partial(on_step, one))

    def led(it: Drawing) -> None:
        join(it.step, at_end=it.is_done)
        on_step(first, it)

    try:
        entries[0] = loop.add(drawing(first, dtype), led)
        latents = [entries[0].drawn.result(WAIT_S)]
        latents += [entries[number].drawn.result(WAIT_S) for number in range(1, len(asked))]
    finally:
        loop.close()
    return latents, predictor
