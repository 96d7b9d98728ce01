"""A drawing: what one request has in the loop, from its noise to its last step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from actors.engine.attention import RowReference
from actors.engine.guidance import Guidance, guided
from actors.engine.lora import LoraSet
from actors.engine.memory import UnlessOutOfMemory
from actors.engine.rules import Rule, over, rule_of, vectors
from actors.engine.schedulers import stepped


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a forward: a prompt, its pooled embedding, the sizes, and its references."""

    prompt: torch.Tensor
    pooled: torch.Tensor
    sizes: torch.Tensor
    references: tuple[RowReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a picture that is partly drawn anew: where `mask` is 0, its own latents."""

    latents: torch.Tensor
    noise: torch.Tensor
    mask: torch.Tensor


def by_itself(tensor: torch.Tensor) -> torch.Tensor:
    """Returns a tensor that keeps no memory of others: itself, or its copy if it is a part.

    Drawings of one step are parts of one tensor, which any of them keeps whole. So does the part
    where there is no memory for its copy.
    """
    if tensor.untyped_storage().nbytes() > tensor.nbytes:
        with UnlessOutOfMemory():
            return tensor.clone(memory_format=torch.contiguous_format)
    return tensor


@dataclass(slots=True)
class Drawing:
    """The state of one request: its latents (1, C, h, w), its scheduler and its rows.

    `rows` are the one with the prompt, or, where it is guided, the one without and the one with
    it; `next_rows` are those of them that its next step has. `timesteps` are those that it takes,
    which are the last of its scheduler's. `condition` is (rows, D) for a UNet that was distilled
    to read its guidance. `generator` draws the noise of schedulers that add some at each step.
    `loras` are the weights that its steps are predicted by, beside the model's own. `rule` is how
    its scheduler steps together with others; None where it steps by itself alone.
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
    steps: int = field(init=False)
    """How many steps it takes."""
    rule: Rule | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Reads the rule of the scheduler, whose times are set."""
        self.rule = rule_of(self.scheduler)
        # Read many times a step, and the length of a tensor takes a microsecond.
        self.steps = len(self.timesteps)

    @property
    def next_rows(self) -> tuple[Row, ...]:
        """The rows of its next step: without guidance at that step, the one with the prompt."""
        return self.rows if self.guided_next is not None else self.rows[-1:]

    @property
    def guided_next(self) -> Guidance | None:
        """The guidance of its next step."""
        guidance = self.guidance
        if guidance is None or guidance.steps is None or guidance.steps[self.step]:
            return guidance
        return None

    @property
    def is_done(self) -> bool:
        """Whether it has taken its last step."""
        return self.step >= self.steps

    @property
    def time(self) -> float:
        """The time of its next step, as the UNet reads it."""
        rule = self.rule
        # A rule has it without asking the device.
        return float(self.timestep) if rule is None else rule.time(self.steps - self.step)

    @property
    def timestep(self) -> torch.Tensor:
        """The time of its next step, as its scheduler reads it."""
        return self.timesteps[self.step]

    def scaled(self) -> torch.Tensor:
        """Returns the latents as the UNet reads them at the next step, (1, C, h, w).

        It is the scheduler's own division: `scaled_together` divides those of several at once.
        """
        scaled: torch.Tensor = self.scheduler.scale_model_input(self.latents, self.timestep)
        return scaled

    def advance(self, predicted: torch.Tensor) -> None:
        """Takes the next step by what the UNet predicted for its `next_rows`, (rows, C, h, w).

        It is the scheduler's own step: `advancing.advance` takes those of several at once.
        """
        found = guided([self.guided_next], [predicted])
        if self.rule is not None:
            self.scaled()  # a scheduler of diffusers 0.42 wants to have been asked
        self._move(*stepped(self.scheduler, found, self.timestep, self.latents, self.generator))

    @property
    def numbers(self) -> Sequence[float]:
        """The numbers of its rule for the next step."""
        assert self.rule is not None
        return self.rule.numbers(self.scheduler, self.steps - self.step)

    def take(self, after: torch.Tensor, clean: torch.Tensor) -> None:
        """Takes the next step with what its rule gave for it."""
        assert self.rule is not None
        self.rule.remember(self.scheduler, self.steps - self.step, clean)
        self._move(after.to(self.latents.dtype), clean)

    def _move(self, after: torch.Tensor, clean: torch.Tensor) -> None:
        self.latents, self.clean = after, clean
        self.step += 1
        if self.kept is not None:
            self.latents = self._with(self.kept)

    def _with(self, kept: Kept) -> torch.Tensor:
        """Returns the latents with what stays, at the noise of the next step."""
        own = kept.latents
        if not self.is_done:
            own = self.scheduler.add_noise(own, kept.noise, self.timestep.reshape(1))
        return (1 - kept.mask) * own + kept.mask * self.latents


def scaled_together(drawings: Sequence[Drawing]) -> torch.Tensor:
    """Returns the latents of drawings as the UNet reads them at their next steps, (n, C, h, w)."""
    latents = torch.cat([one.latents if one.rule else one.scaled() for one in drawings])
    scales = [[one.rule.scale(one.steps - one.step) if one.rule else 1.0] for one in drawings]
    if scales == [[1.0]] * len(scales):
        return latents
    [scale] = vectors(scales, latents)
    return over(latents, scale)
