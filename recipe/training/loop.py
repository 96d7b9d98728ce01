"""The training loop of all networks: resumable, in stretches, with a log."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from recipe.training.settings import Optimisation
from recipe.training.state import Trainee

Figures = Mapping[str, float]
Loss = Callable[[int], tuple[Tensor, Figures]]
"""Computes the loss of a step, and figures for the log; a step's batch depends on its number."""


class Log:
    """Appends lines of JSON to a file, and prints them."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, stage: str, **figures: float | int | str) -> None:
        """Writes one line."""
        rounded = {
            name: round(value, 5) if isinstance(value, float) else value
            for name, value in figures.items()
        }
        line = json.dumps({"stage": stage, **rounded})
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        print(line, flush=True)  # the command's output is its log


@dataclass(frozen=True, slots=True)
class Stretch:
    """One run of a training, of limited time, whose state is saved at intervals."""

    folder: Path
    log: Log
    limit_s: float = math.inf
    save_every_s: float = 180.0
    log_every: int = 50
    rank: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """The seconds since the stretch began, the same in all processes."""
        elapsed = torch.tensor([time.monotonic() - self.began])
        if dist.is_initialized():
            dist.broadcast(elapsed, 0)
        return elapsed.item()


def rate_at(training: Optimisation, step: int) -> float:
    """Returns the learning rate of a step."""
    warm = min(1.0, (step + 1) / training.warmup)
    done = step / training.steps
    late = max(0.0, (done - training.decay_from) / (1 - training.decay_from))
    return training.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * late)))


def train(
    stage: str,
    trainee: Trainee,
    training: Optimisation,
    loss_of: Loss,
    stretch: Stretch,
    on_save: Callable[[], None] = lambda: None,
) -> bool:
    """Trains until the last step or the end of the stretch; returns whether it is finished."""
    state = stretch.folder / "state" / stage
    trainee.resume(state)
    began, first, saved = stretch.elapsed_s, trainee.step, stretch.elapsed_s
    while trainee.step < training.steps:
        rate = rate_at(training, trainee.step)
        loss, figures = loss_of(trainee.step)
        loss.backward()  # type: ignore[no-untyped-call]
        _average_gradients(trainee)
        trainee.update(rate)
        now = stretch.elapsed_s
        if trainee.step % stretch.log_every == 0 and stretch.rank == 0:
            world = dist.get_world_size() if dist.is_initialized() else 1
            speed = (trainee.step - first) * training.batch * world / max(1e-6, now - began)
            stretch.log.write(
                stage, step=trainee.step, loss=loss.item(), samples_s=speed, rate=rate, **figures
            )
        if now > stretch.limit_s:
            break
        if now - saved > stretch.save_every_s:
            saved = now
            if stretch.rank == 0:
                trainee.save(state)
                on_save()
    if stretch.rank == 0:
        trainee.save(state)
    return trainee.step >= training.steps


def _average_gradients(trainee: Trainee) -> None:
    if not dist.is_initialized():
        return
    gradients = [each.grad for each in trainee.parameters if each.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, part in zip(gradients, torch.split(flat, sizes), strict=True):
        gradient.copy_(part.view_as(gradient))


def device() -> torch.device:
    """Returns the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
