"""What the loop takes beside the forwards of its UNet."""

from time import perf_counter
from typing import Any

import torch

from actors.engine.batch import BatchedUNet
from actors.engine.loop import StepLoop
from actors.engine.preparing import prepare
from benchmarks.engines.systems import SIDE, request

_WAIT_S = 300.0


class Recorded:
    """A UNet that keeps what it was called with."""

    def __init__(self, unet: Any) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self._unet = unet

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Predicts."""
        self.calls.append((values, named))
        return self._unet(*values, **named)

    @torch.no_grad()
    def repeat_s(self) -> float:
        """Returns the seconds of the same forwards, and nothing else."""
        began = perf_counter()
        for values, named in self.calls:
            self._unet(*values, **named)
        return perf_counter() - began


def round_of(pipeline: Any, drawings: int, steps: int, side: int = SIDE) -> dict[str, Any]:
    """Returns the seconds of drawings in the loop, and of its forwards alone."""
    recorded = Recorded(pipeline.unet)
    made = [prepare(pipeline, request(steps, seed, side)) for seed in range(drawings)]
    loop = StepLoop(BatchedUNet(recorded), max_rows=2 * drawings)
    try:
        began = perf_counter()
        entries = [loop.add(one, lambda _: None) for one in made]
        for entry in entries:
            entry.drawn.result(_WAIT_S)
        engine_s = perf_counter() - began
    finally:
        loop.close()
    return {"engine_s": engine_s, "bare_s": recorded.repeat_s(), "forwards": len(recorded.calls)}
