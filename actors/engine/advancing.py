"""Advancing: the drawings of one forward take their next steps together."""

import logging
from collections.abc import Callable, Hashable, Sequence
from functools import partial

import torch

from actors.engine.drawing import Drawing
from actors.engine.guidance import guided
from actors.engine.rules import Rule, vectors

_log = logging.getLogger(__name__)


def advance(
    drawings: Sequence[Drawing], predicted: Sequence[torch.Tensor]
) -> list[Exception | None]:
    """Takes the next step of each drawing by what was predicted for its `next_rows`.

    Drawings of one rule step in one operation, and others by their own schedulers, one after
    another. Returns of each why it failed, or None.
    """
    groups: dict[Hashable, list[int]] = {}
    for number, drawing in enumerate(drawings):
        groups.setdefault(drawing.rule.key if drawing.rule else number, []).append(number)
    errors: list[Exception | None] = [None] * len(drawings)
    for numbers in groups.values():
        moves = _moves([drawings[one] for one in numbers], [predicted[one] for one in numbers])
        for number, move in zip(numbers, moves, strict=True):
            try:
                move()
            except Exception as error:  # the loop's: it ends this drawing, or all for a fault
                errors[number] = error
    return errors


def _moves(
    drawings: Sequence[Drawing], predicted: Sequence[torch.Tensor]
) -> list[Callable[[], None]]:
    """Returns what moves each of a group of drawings; so far none has moved."""
    if rule := drawings[0].rule:
        try:
            return _together(rule, drawings, predicted)
        except Exception as error:
            # By themselves, the one that has failed them all fails alone.
            about = {"drawings": len(drawings), "error": f"{type(error).__name__}: {error}"}
            _log.warning("steps apart", extra=about)
    return [
        partial(drawing.advance, rows) for drawing, rows in zip(drawings, predicted, strict=True)
    ]


def _together(
    rule: Rule, drawings: Sequence[Drawing], predicted: Sequence[torch.Tensor]
) -> list[Callable[[], None]]:
    found = guided([drawing.guided_next for drawing in drawings], predicted)
    latents = torch.cat([drawing.latents for drawing in drawings])
    stepped = rule.step(
        [drawing.scheduler for drawing in drawings],
        vectors([drawing.numbers for drawing in drawings], latents),
        found,
        latents,
    )
    after, clean = (each[:, None].unbind() for each in stepped)
    rows = zip(drawings, after, clean, strict=True)
    return [partial(drawing.take, *both) for drawing, *both in rows]
