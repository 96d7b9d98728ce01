"""The engine beside diffusers' own pipeline: a task per line on stdin, its figures on stdout."""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import torch

from actors.engine.allocation import keep_freed_memory
from actors.engine.diffuser import Diffuser
from actors.engine.loading import load_pipeline
from actors.settings import DiffuserSettings
from benchmarks.engines import in_flight, overhead
from benchmarks.engines.arrivals import latencies
from benchmarks.engines.served import Served
from benchmarks.engines.systems import Engine, Turns

ROWS = 16
"""The rows of a step: eight pictures with guidance."""
# The niceness that Ray 2.60 gives its workers.
_NICE = 15


class Driver:
    """The models of this process, each loaded once; a task is a method by its name."""

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing
        settings = DiffuserSettings(diffuser_rows=ROWS)
        self._pipeline = load_pipeline(settings)
        self._diffuser = Diffuser.load(settings)
        closing.callback(self._diffuser.close)
        self._diffuser.warm()
        self._engine, self._turns = Engine(self._diffuser), Turns(self._pipeline)

    def threads(self) -> dict[str, Any]:
        """Returns how many threads torch has."""
        return {"threads": torch.get_num_threads()}

    def throughput(self, steps: int, pictures: int) -> dict[str, Any]:
        """Returns pictures a second one at a time, and with eight in flight."""
        return in_flight.throughput(self._engine, steps, pictures)

    def joins(self, steps: int) -> dict[str, Any]:
        """Returns how many steps of others a request saw begin before its own first one."""
        return {"waited": in_flight.steps_waited(self._diffuser, steps)}

    def overhead(self, drawings: int, steps: int) -> dict[str, Any]:
        """Returns the seconds of the engine's loop, and those of its forwards repeated bare."""
        return overhead.round_of(self._pipeline, drawings, steps)

    def beside(self, steps: int) -> dict[str, Any]:
        """Returns the seconds of a picture by the engine and by the pipeline, alone."""
        return {
            "engine_s": in_flight.seconds_of(self._engine, steps),
            "pipeline_s": in_flight.seconds_of(self._turns, steps),
        }

    def arrivals(self, system: str, steps: int, per_second: float, count: int) -> dict[str, Any]:
        """Returns the seconds that each of some arrivals took in a system."""
        systems: Mapping[str, Callable[[], Any]] = {
            "turns": lambda: self._turns,
            "engine": lambda: self._engine,
            "batch": lambda: self._closing.enter_context(Served()),
        }
        return {"took": latencies(systems[system](), steps, per_second, count)}


def main() -> None:
    """Does tasks until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    keep_freed_memory()  # as the service's processes do
    with ExitStack() as closing:
        driver = Driver(closing)
        print(json.dumps(driver.threads()), flush=True)
        for line in sys.stdin:
            task = json.loads(line)
            print(json.dumps(getattr(driver, task.pop("task"))(**task)), flush=True)


if __name__ == "__main__":
    main()
