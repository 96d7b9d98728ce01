"""Pictures one at a time and eight in flight, and how soon one more joins them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from actors.engine.diffuser import Diffuser
from actors.engine.render import StepEvent
from benchmarks.engines.systems import MOST, SIDE, System, request

_WAIT_S = 300.0


def throughput(system: System, steps: int, pictures: int) -> dict[str, Any]:
    """Returns pictures a second one at a time, and with eight always in flight."""
    return {
        "alone": _rate(system, steps, pictures, 1),
        "together": _rate(system, steps, pictures, MOST),
    }


def _rate(system: System, steps: int, pictures: int, at_once: int) -> float:
    began = perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(lambda seed: system.draw(steps, seed), range(pictures)))
    return pictures / (perf_counter() - began)


def seconds_of(system: System, steps: int) -> float:
    """Returns the seconds of one picture."""
    began = perf_counter()
    system.draw(steps, 1)
    return perf_counter() - began


def steps_waited(diffuser: Diffuser, steps: int, side: int = SIDE) -> int:
    """Returns how many steps of seven running pictures an eighth saw end before its first began.

    One is the step that runs when it arrives.
    """
    seen: list[str] = []

    def led(_: StepEvent) -> None:
        seen.append("theirs")

    def first_of(others: Callable[[], object]) -> Callable[[StepEvent], None]:
        def heard(event: StepEvent) -> None:
            if event.step == 1:
                others()

        return heard

    with ThreadPoolExecutor(MOST) as threads:
        begun = [threading.Event() for _ in range(MOST - 2)]
        waiting = [threads.submit(diffuser.render, request(steps, 0, side), on_step=led)]
        waiting += [
            threads.submit(diffuser.render, request(steps, seed, side), on_step=first_of(one.set))
            for seed, one in enumerate(begun, 1)
        ]
        for one in begun:
            assert one.wait(_WAIT_S)
        seen.append("arrived")
        ours = first_of(lambda: seen.append("ours"))
        waiting.append(threads.submit(diffuser.render, request(steps, MOST, side), on_step=ours))
        for each in waiting:
            each.result(_WAIT_S)
    return seen[seen.index("arrived") : seen.index("ours")].count("theirs") - 1
