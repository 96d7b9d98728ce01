"""Schedulers: each request has one of its own, so that requests at any step share a forward."""

from inspect import signature
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler

from actors.engine.render import Scheduler

# A checkpoint's own scheduler may have others.
_EVEN = {f"use_{name}_sigmas": False for name in ("karras", "exponential", "beta")}
_KINDS: dict[Scheduler, tuple[Any, dict[str, Any]]] = {
    Scheduler.EULER: (EulerDiscreteScheduler, _EVEN),
    Scheduler.EULER_TRAILING: (EulerDiscreteScheduler, _EVEN | {"timestep_spacing": "trailing"}),
    Scheduler.DPM_KARRAS: (DPMSolverMultistepScheduler, _EVEN | {"use_karras_sigmas": True}),
    Scheduler.DDIM: (DDIMScheduler, {}),
}


def new_scheduler(own: Any, name: Scheduler = Scheduler.OWN) -> Any:
    """Returns a scheduler that has done no step, by the configuration of the checkpoint's own."""
    kind, changes = _KINDS.get(name, (type(own), {}))
    return kind.from_config(own.config, **changes)


def noise_levels(scheduler: Any, timesteps: torch.Tensor) -> list[float]:
    """Returns the noise at each time, as sigma: its deviation beside a clean picture's values.

    Times between those that the model was trained on are interpolated, as diffusers' Euler does.
    """
    # At the last time of a zero terminal SNR there is nothing but noise.
    kept = scheduler.alphas_cumprod.double().clamp(min=2**-24).cpu()
    trained = ((1 - kept) / kept).sqrt().numpy()
    found: list[float] = np.interp(timesteps.cpu(), np.arange(len(trained)), trained).tolist()
    return found


def stepped(
    scheduler: Any,
    predicted: torch.Tensor,
    timestep: torch.Tensor,
    latents: torch.Tensor,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the latents after a step, and the clean ones that it predicts.

    A scheduler that tells no prediction gives the latents twice; one that adds noise draws it
    from the generator.
    """
    takes_it = "generator" in signature(scheduler.step).parameters
    more = {"generator": generator} if takes_it else {}
    output = scheduler.step(predicted, timestep, latents, return_dict=False, **more)
    after = output[0].to(latents.dtype)
    return after, output[1] if len(output) > 1 else after
