"""Guidance: away from the picture without the prompt, for all drawings of a forward at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from actors.engine.rules import times, vectors


@dataclass(frozen=True, slots=True)
class Guidance:
    """Classifier-free guidance; `rescale` is phi of arXiv 2305.08891, section 3.4.

    `steps` are those that it works at, of all that the drawing takes; None for every one.
    """

    scale: float
    rescale: float = 0.0
    steps: tuple[bool, ...] | None = None


_UNGUIDED = Guidance(0.0)


def guided(guidances: Sequence[Guidance | None], predicted: Sequence[torch.Tensor]) -> torch.Tensor:
    """Returns what is predicted with guidance, (drawings, C, h, w): arXiv 2207.12598, formula (6).

    Of each drawing there are the row without the prompt and the one with it, or, where it has no
    guidance, one row, which is its own.
    """
    shown = torch.cat([rows[-1:] for rows in predicted])
    if not any(guidances):
        return shown
    each = [guidance or _UNGUIDED for guidance in guidances]
    without = torch.cat([rows[:1] for rows in predicted])
    scale, rescale, rest = vectors(
        [(one.scale, one.rescale, 1 - one.rescale) for one in each], shown
    )
    found = without + times(scale, shown - without)
    if any(one.rescale > 0 for one in each):
        found = torch.where(rescale > 0, _rescaled(found, shown, rescale, rest), found)
    return found


def _rescaled(
    found: torch.Tensor, shown: torch.Tensor, rescale: torch.Tensor, rest: torch.Tensor
) -> torch.Tensor:
    """Returns guided rows with the contrast of those with the prompt, formulas (15) and (16)."""
    ratio = (_deviation(shown) / _deviation(found)).to(found.dtype)
    return times(rescale, found * ratio) + times(rest, found)


def _deviation(rows: torch.Tensor) -> torch.Tensor:
    """Returns the standard deviation of each row, (drawings, 1, 1, 1), with diffusers' own bits."""
    wide = rows.to(torch.promote_types(rows.dtype, torch.float32))
    if wide.device.type == "cpu":
        # All at once they take up to five times as long there, and on a GPU it is one kernel.
        return torch.stack([row.std() for row in wide])[:, None, None, None]
    return wide.std(dim=(1, 2, 3), keepdim=True)
