"""Saturation: how many drawings one step takes before more of them are no faster."""

from collections.abc import Callable, Sequence
from time import perf_counter

import torch

from actors.engine.drawing import Drawing
from actors.engine.memory import UnlessOutOfMemory
from server.domain.joined import Joined

MOST = 8
"""The most drawings that are tried."""
_WORTH = 0.95
"""A larger batch must take this part of the time for each drawing, or less."""
_IN_A_ROW, _TIMES = 2, 3
"""The sizes in a row that are not worth it, and the forwards of each: a machine has others, too."""


def saturating(
    predict: Callable[[Sequence[Drawing]], object],
    drawings: Sequence[Drawing],
    clock: Callable[[], float] = perf_counter,
) -> Joined:
    """Returns how many of some equal drawings saturate a model, and how much faster they are.


    The number is doubled until a drawing takes about as long as in half as many, or until memory
    runs out. Blocks for some forwards.
    """
    chosen, fastest, alone = 1, float("inf"), 0.0
    count, worse = 1, 0
    while count <= len(drawings) and worse < _IN_A_ROW:
        each = None
        with UnlessOutOfMemory():
            each = _seconds(predict, drawings[:count], clock) / count
        if each is None:
            torch.cuda.empty_cache()
            break
        alone = alone or each
        if each > _WORTH * fastest:
            worse += 1
        else:
            chosen, fastest, worse = count, each, 0
        count *= 2
    return Joined(chosen, min(chosen, alone / fastest) if chosen > 1 else 1.0)


def _seconds(
    predict: Callable[[Sequence[Drawing]], object],
    drawings: Sequence[Drawing],
    clock: Callable[[], float],
) -> float:
    """Returns the fastest of some forwards; one before them is not counted."""
    predict(drawings)
    took = []
    for _ in range(_TIMES):
        began = clock()
        predict(drawings)
        took.append(clock() - began)
    return min(took)
