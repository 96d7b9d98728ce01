"""How many drawings saturate a model, by models whose times are made up."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
import torch

from actors.engine.drawing import Drawing
from actors.engine.saturation import saturating
from server.domain.joined import Joined

DRAWINGS = cast("Sequence[Drawing]", list(range(16)))


class Timed:
    """A model that takes `seconds` for a number of drawings."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        self.now = 0.0
        self._seconds = seconds

    def predict(self, drawings: Sequence[Any]) -> None:
        self.now += self._seconds(len(drawings))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (lambda count: 1.0, Joined(16, 16.0)),  # a device that is idle most of the time
        (float, Joined(1, 1.0)),  # one that a single drawing fills
        (lambda count: max(1.0, count / 4), Joined(4, 4.0)),
        (lambda count: 0.5 + 0.5 * count, Joined(16, 16 / 8.5)),
    ],
)
def test_the_number_is_doubled_while_each_drawing_gets_faster(
    seconds: Callable[[int], float], expected: Joined
) -> None:
    model = Timed(seconds)
    assert saturating(model.predict, DRAWINGS, lambda: model.now) == expected


def test_memory_comes_first() -> None:
    def seconds(count: int) -> float:
        if count > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 1.0

    model = Timed(seconds)
    assert saturating(model.predict, DRAWINGS, lambda: model.now) == Joined(4, 4.0)
