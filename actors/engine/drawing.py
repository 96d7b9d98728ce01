"""A drawing: what one request has in the loop, from its noise to its last step."""

from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import rescale_noise_cfg

from actors.engine.attention import RowReference
from actors.engine.lora import LoraSet
from actors.engine.schedulers import stepped


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a forward: a prompt, its pooled embedding, the sizes, and its references."""

    prompt: torch.Tensor
    pooled: torch.Tensor
    sizes: torch.Tensor
    references: tuple[RowReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Guidance:
    """Classifier-free guidance; `rescale` is phi of arXiv 2305.08891, section 3.4.

    `steps` are those that it works at, of all that the drawing takes; None for every one.
    """

    scale: float
    rescale: float = 0.0
    steps: tuple[bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a picture that is partly drawn anew: where `mask` is 0, its own latents."""

    latents: torch.Tensor
    noise: torch.Tensor
    mask: torch.Tensor


@dataclass(slots=True)
class Drawing:
    """The state of one request: its latents (1, C, h, w), its scheduler and its rows.

    `rows` are the one with the prompt, or, where it is guided, the one without and the one with
    it; `next_rows` are those of them that its next step has. `timesteps` are those that it takes,
    which are the last of its scheduler's. `condition` is (rows, D) for a UNet that was distilled
    to read its guidance. `generator` draws the noise of schedulers that add some at each step.
    `loras` are the weights that its steps are predicted by, beside the model's own.
    """

    latents: torch.Tensor
    scheduler: Any
    timesteps: torch.Tensor
    rows: tuple[Row, ...]
    guidance: Guidance | None = None
    condition: torch.Tensor | None = None
    kept: Kept | None = None
    generator: torch.Generator | None = None
    loras: LoraSet | None = None
    step: int = 0
    clean: torch.Tensor | None = field(default=None, repr=False)

    @property
    def steps(self) -> int:
        """How many steps it takes."""
        return len(self.timesteps)

    @property
    def next_rows(self) -> tuple[Row, ...]:
        """The rows of its next step: without guidance at that step, the one with the prompt."""
        return self.rows if self._guided_next is not None else self.rows[-1:]

    @property
    def _guided_next(self) -> Guidance | None:
        guidance = self.guidance
        if guidance is None or guidance.steps is None or guidance.steps[self.step]:
            return guidance
        return None

    @property
    def is_done(self) -> bool:
        """Whether it has taken its last step."""
        return self.step >= self.steps

    @property
    def timestep(self) -> torch.Tensor:
        """The time of its next step, as the UNet reads it."""
        return self.timesteps[self.step]

    def scaled(self) -> torch.Tensor:
        """Returns the latents as the UNet reads them at the next step, (1, C, h, w)."""
        scaled: torch.Tensor = self.scheduler.scale_model_input(self.latents, self.timestep)
        return scaled

    def advance(self, predicted: torch.Tensor) -> None:
        """Takes the next step by what the UNet predicted for its `next_rows`, (rows, C, h, w)."""
        guided = _guided(predicted, self._guided_next)
        self.latents, self.clean = stepped(
            self.scheduler, guided, self.timestep, self.latents, self.generator
        )
        self.step += 1
        if self.kept is not None:
            self.latents = self._with(self.kept)

    def _with(self, kept: Kept) -> torch.Tensor:
        """Returns the latents with what stays, at the noise of the next step."""
        own = kept.latents
        if not self.is_done:
            own = self.scheduler.add_noise(own, kept.noise, self.timestep.reshape(1))
        return (1 - kept.mask) * own + kept.mask * self.latents


def _guided(predicted: torch.Tensor, guidance: Guidance | None) -> torch.Tensor:
    if guidance is None:
        return predicted
    without, with_prompt = predicted.chunk(2)
    guided: torch.Tensor = without + guidance.scale * (with_prompt - without)
    if guidance.rescale > 0:
        guided = rescale_noise_cfg(guided, with_prompt, guidance_rescale=guidance.rescale)
    return guided
