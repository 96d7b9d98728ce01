"""Schedulers: each request has one of its own, so that requests at any step share a forward."""

from typing import Any

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler

from actors.engine.render import Scheduler

_KINDS: dict[Scheduler, tuple[Any, dict[str, Any]]] = {
    Scheduler.EULER: (EulerDiscreteScheduler, {}),
    Scheduler.DPM_KARRAS: (DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
    Scheduler.DDIM: (DDIMScheduler, {}),
}


def new_scheduler(own: Any, name: Scheduler = Scheduler.OWN) -> Any:
    """Returns a scheduler that has done no step, by the configuration of the checkpoint's own."""
    kind, changes = _KINDS.get(name, (type(own), {}))
    return kind.from_config(own.config, **changes)


def stepped(
    scheduler: Any, predicted: torch.Tensor, timestep: torch.Tensor, latents: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the latents after a step, and the clean ones that it predicts.

    A scheduler that tells no prediction gives the latents twice.
    """
    output = scheduler.step(predicted, timestep, latents, return_dict=False)
    after = output[0].to(latents.dtype)
    return after, output[1] if len(output) > 1 else after
