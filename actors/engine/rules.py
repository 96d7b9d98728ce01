"""Rules: the steps of diffusers' schedulers as arithmetic on the latents of many drawings at once.

A scheduler of diffusers steps one drawing, by numbers of one time. Here each number is a vector,
since each drawing is at a time of its own. The operations, their order and what each is rounded to
are those of diffusers 0.42: on a CPU a step gives the same bits.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler

Numbers = tuple[torch.Tensor, ...]
"""Vectors with a number for each drawing, (drawings, 1, 1, 1)."""


def vectors(rows: Sequence[Sequence[float]], like: torch.Tensor) -> Numbers:
    """Returns the columns of a table that has a row for each drawing, on the device of `like`.

    Each is (drawings, 1, 1, 1), to be multiplied with latents, and as wide as the scalars by which
    torch multiplies a tensor like `like`: float32 at least.
    """
    wide = torch.promote_types(like.dtype, torch.float32)
    table = torch.tensor(rows, dtype=wide).to(like.device)
    return table.T[..., None, None, None].unbind()


def times(number: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    """Returns a product, rounded as one by a scalar is."""
    return (number * of).to(of.dtype)


def over(of: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
    """Returns a quotient, rounded as one by a scalar is."""
    return (of / number).to(of.dtype)


class Stepped(NamedTuple):
    """Latents after a step, and the clean ones that it predicts."""

    after: torch.Tensor
    clean: torch.Tensor


class Rule(ABC):
    """How the scheduler of a drawing steps: a row of numbers for each of its times.

    Drawings whose rules have one `key` step together, by the rule of any of them. `left` is how
    many steps a drawing has left.
    """

    def __init__(self, scheduler: Any) -> None:
        self._is_velocity = scheduler.config.prediction_type == "v_prediction"
        self._times: list[float] = scheduler.timesteps.tolist()
        columns = list(self._columns(scheduler))
        self._table: list[list[float]] = torch.stack(columns, dim=1).tolist()

    @property
    def key(self) -> Hashable:
        """What rules have in common whose drawings step together."""
        return type(self), self._is_velocity

    @staticmethod
    def fits(config: Any) -> bool:
        """Returns whether a scheduler with that configuration steps by this rule."""
        del config
        return True

    @abstractmethod
    def _columns(self, scheduler: Any) -> Sequence[torch.Tensor]: ...

    def numbers(self, scheduler: Any, left: int) -> Sequence[float]:
        """Returns the numbers of the next step."""
        del scheduler
        return self._table[-left]

    def time(self, left: int) -> float:
        """Returns the time of the next step."""
        return self._times[-left]

    def scale(self, left: int) -> float:
        """Returns what the latents are divided by before the UNet reads them at the next step."""
        del left
        return 1.0

    @abstractmethod
    def step(
        self,
        schedulers: Sequence[Any],
        numbers: Numbers,
        predicted: torch.Tensor,
        latents: torch.Tensor,
    ) -> Stepped:
        """Returns the latents after a step; (drawings, C, h, w), as the predicted ones are.

        Schedulers remember nothing of it until they are told to.
        """
        ...

    def remember(self, scheduler: Any, left: int, clean: torch.Tensor) -> None:
        """Leaves a scheduler as its own step would."""
        del clean
        scheduler._step_index = len(self._table) - left + 1


class Euler(Rule):
    """Euler's method: Karras et al. 2022, arXiv 2206.00364, lines 4 and 5 of algorithm 1.

    Velocities are those of arXiv 2202.00512, appendix D.
    """

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        self._scales: list[float] = ((scheduler.sigmas[:-1].cpu() ** 2 + 1) ** 0.5).tolist()

    def scale(self, left: int) -> float:
        """Returns the deviation of the latents, whose clean values have about 1."""
        return self._scales[-left]

    def _columns(self, scheduler: Any) -> Sequence[torch.Tensor]:
        sigmas = scheduler.sigmas.cpu()
        now, one_more = sigmas[:-1], sigmas[:-1] ** 2 + 1
        return now, sigmas[1:] - now, -now / one_more**0.5, one_more

    def step(
        self,
        schedulers: Sequence[Any],
        numbers: Numbers,
        predicted: torch.Tensor,
        latents: torch.Tensor,
    ) -> Stepped:
        """Steps along the slope."""
        sigma, change, out, one_more = numbers
        sample = latents.float()
        if self._is_velocity:
            clean = times(out, predicted) + over(sample, one_more)
        else:
            clean = sample - times(sigma, predicted)
        slope = over(sample - clean, sigma)
        return Stepped((sample + times(change, slope)).to(predicted.dtype), clean)


class Ddim(Rule):
    """DDIM without noise: arXiv 2010.02502, formula (12) where eta is 0."""

    @staticmethod
    def fits(config: Any) -> bool:
        """Returns whether the clean latents are taken as they are predicted."""
        return not config.clip_sample

    def _columns(self, scheduler: Any) -> Sequence[torch.Tensor]:
        now = scheduler.timesteps.cpu()
        before = now - scheduler.config.num_train_timesteps // scheduler.num_inference_steps
        kept = scheduler.alphas_cumprod.cpu()
        left = torch.where(before >= 0, kept[before.clamp(min=0)], scheduler.final_alpha_cumprod)
        return kept[now] ** 0.5, (1 - kept[now]) ** 0.5, left**0.5, (1 - left) ** 0.5

    def step(
        self,
        schedulers: Sequence[Any],
        numbers: Numbers,
        predicted: torch.Tensor,
        latents: torch.Tensor,
    ) -> Stepped:
        """Steps to the same noise at its next level."""
        alpha, sigma, next_alpha, next_sigma = numbers
        if self._is_velocity:
            clean = times(alpha, latents) - times(sigma, predicted)
            noise = times(alpha, predicted) + times(sigma, latents)
        else:
            clean = over(latents - times(sigma, predicted), alpha)
            noise = predicted
        return Stepped(times(next_alpha, clean) + times(next_sigma, noise), clean)

    def remember(self, scheduler: Any, left: int, clean: torch.Tensor) -> None:
        """Nothing: each step is by its time alone."""


class DpmPlusPlus(Rule):
    """DPM-Solver++(2M) in its midpoint form: arXiv 2211.01095, algorithm 2."""

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        config, steps = scheduler.config, len(self._table)
        self._first_at_last = (
            config.euler_at_final
            or config.final_sigmas_type == "zero"
            or (config.lower_order_final and steps < 15)
        )

    @staticmethod
    def fits(config: Any) -> bool:
        """Returns whether it is of the second order, and of noise that a variance is kept of."""
        is_2m = (config.algorithm_type, config.solver_order, config.solver_type)
        return (
            is_2m == ("dpmsolver++", 2, "midpoint")
            and config.variance_type is None
            and not config.use_flow_sigmas
        )

    def _columns(self, scheduler: Any) -> Sequence[torch.Tensor]:
        levels = scheduler.sigmas.cpu()
        alphas = 1 / (levels**2 + 1) ** 0.5
        sigmas = levels * alphas
        lambdas = torch.log(alphas) - torch.log(sigmas)
        steps = lambdas.diff()
        pull = alphas[1:] * (torch.exp(-steps) - 1.0)
        bend = 1.0 / (steps.roll(1) / steps)
        return alphas[:-1], sigmas[:-1], sigmas[1:] / sigmas[:-1], pull, 0.5 * pull, bend

    def numbers(self, scheduler: Any, left: int) -> Sequence[float]:
        """Returns the numbers of the next step: of the first order, the last two are 0."""
        row = self._table[-left]
        is_first = not self._has_bend(scheduler) or (left == 1 and self._first_at_last)
        return [*row[:-2], 0.0, 0.0] if is_first else row

    @staticmethod
    def _has_bend(scheduler: Any) -> bool:
        return bool(scheduler.lower_order_nums >= 1)

    def step(
        self,
        schedulers: Sequence[Any],
        numbers: Numbers,
        predicted: torch.Tensor,
        latents: torch.Tensor,
    ) -> Stepped:
        """Steps towards the clean latents, by their change since the step before."""
        alpha, sigma, ratio, pull, half, bend = numbers
        if self._is_velocity:
            clean = times(alpha, latents) - times(sigma, predicted)
        else:
            clean = over(latents - times(sigma, predicted), alpha)
        # At the first step any others do, since they are multiplied by 0.
        before = torch.cat(
            [
                one.model_outputs[-1] if self._has_bend(one) else clean[row : row + 1]
                for row, one in enumerate(schedulers)
            ]
        )
        change = times(bend, clean - before)
        after = times(ratio, latents.float()) - times(pull, clean) - times(half, change)
        return Stepped(after.to(clean.dtype), clean)

    def remember(self, scheduler: Any, left: int, clean: torch.Tensor) -> None:
        """Keeps the clean latents for the step after."""
        super().remember(scheduler, left, clean)
        scheduler.model_outputs = [*scheduler.model_outputs[1:], clean]
        scheduler.lower_order_nums = min(scheduler.lower_order_nums + 1, 2)


_RULES: dict[type, type[Rule]] = {
    EulerDiscreteScheduler: Euler,
    DDIMScheduler: Ddim,
    DPMSolverMultistepScheduler: DpmPlusPlus,
}
_PREDICTED = ("epsilon", "v_prediction")


def rule_of(scheduler: Any) -> Rule | None:
    """Returns the rule of a scheduler whose times are set; None where it steps by itself alone."""
    rule = _RULES.get(type(scheduler))
    if rule is None:
        return None
    config = scheduler.config
    is_plain = config.prediction_type in _PREDICTED and not getattr(config, "thresholding", False)
    return rule(scheduler) if is_plain and rule.fits(config) else None
