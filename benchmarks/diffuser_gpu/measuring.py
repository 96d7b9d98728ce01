"""What is measured of a batch size: steps, pictures in flight, one alone, arrivals."""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from time import perf_counter
from typing import Any

import torch

from actors.engine.drawing import Drawing
from benchmarks.diffuser_gpu.engine import GUIDANCE, Engine, Picture
from benchmarks.diffuser_gpu.model import Architecture, prompts
from benchmarks.report import quantile

_LOAD = 0.7


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of a run; the second of `steps` is that of pictures alone and of arrivals."""

    steps: tuple[int, int, int] = (20, 30, 50)
    rounds: int = 2
    arrivals: int = 40
    roof_side: int = 8192
    compile_by: str = "inductor"


@dataclass(frozen=True, slots=True)
class InFlight:
    """Pictures drawn with a number of them always in flight."""

    per_second: float
    step_s: float


def in_flight(engine: Engine, batch: int, steps: int, pictures: int) -> InFlight:
    """Draws pictures; whenever one has taken its last step, the next joins."""
    left = [engine.drawing(steps, seed) for seed in range(pictures)]
    drawn: list[Future[Picture]] = []

    def on_step(it: Drawing) -> None:
        # In the loop's thread and before the next step, so that every step has a full batch.
        if it.is_done and left:
            drawn.append(engine.add(left.pop(), on_step))

    engine.unet.ends.clear()
    go = engine.hold()
    drawn += [engine.add(left.pop(), on_step) for _ in range(batch)]
    began = perf_counter()
    go()
    # The list grows while it is read.
    seconds = max(drawn[number].result().at for number in range(pictures)) - began
    ends = [began, *engine.unet.ends]
    each = [after - before for before, after in pairwise(ends)]
    return InFlight(pictures / seconds, statistics.median(each))


def alone(engine: Engine, steps: int, times: int) -> float:
    """Returns the seconds from a request to its PNG with nothing beside it."""
    took = []
    for seed in range(times):
        began = perf_counter()
        took.append(engine.add(engine.drawing(steps, seed)).result().at - began)
    return statistics.median(took)


def arriving(engine: Engine, steps: int, per_second: float, count: int) -> list[float]:
    """Returns the seconds from arrival to picture of requests that come at random (Poisson)."""
    chance, due = Random(0), perf_counter()
    came: list[tuple[float, Future[Picture]]] = []
    for seed in range(count):
        due += chance.expovariate(_LOAD * per_second)
        time.sleep(max(due - perf_counter(), 0))
        came.append((due, engine.add(engine.drawing(steps, seed))))
    return [picture.result().at - due for due, picture in came]


def roof_tflops(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """Returns what a large product of matrices reaches, in TFLOP a second."""
    one = torch.randn(side, side, device=device, dtype=dtype)
    fastest = min(_seconds(lambda: one @ one, device, 10) for _ in range(6))
    return 10 * 2 * side**3 / fastest / 1e12


def _seconds(work: Callable[[], object], device: torch.device, times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return perf_counter() - began


def snippet_s(architecture: Architecture, pipeline: Any, steps: int) -> float:
    """Returns the seconds of the specification's example: diffusers' pipeline, one picture."""
    given = prompts(architecture, pipeline)

    def draw(count: int) -> None:
        pipeline(
            prompt_embeds=given.prompt[None],
            negative_prompt_embeds=given.negative[None],
            pooled_prompt_embeds=given.pooled[None],
            negative_pooled_prompt_embeds=given.negative_pooled[None],
            width=architecture.side,
            height=architecture.side,
            num_inference_steps=count,
            guidance_scale=GUIDANCE,
        )

    draw(2)
    return statistics.median(_seconds(lambda: draw(steps), pipeline.device, 1) for _ in range(2))


def measure(engine: Engine, plan: Plan, batch: int) -> Iterator[dict[str, Any]]:
    """Yields figures as they are measured."""
    for pictures in (1, batch):
        in_flight(engine, pictures, 2, pictures)  # warm
    engine.ready()
    rates = []
    for steps in plan.steps:
        found = in_flight(engine, batch, steps, plan.rounds * batch)
        rates.append(found.per_second)
        yield {"step_s": found.step_s, f"per_second_{steps}": found.per_second}
    usual = plan.steps[1]
    if batch == 1:
        yield {"alone_s": alone(engine, usual, 3)}
    took = arriving(engine, usual, rates[1], plan.arrivals)
    yield {
        "arrival_p50_s": quantile(took, 0.5),
        "arrival_p99_s": quantile(took, 0.99),
        "arrivals": len(took),
    }
