"""A worker in a separate process whose images take a set time each, several at once."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from actors.settings import WorkerSettings
from actors.worker.loop import Worker
from actors.worker.reporting import Reporter
from benchmarks.children.instant_worker import NoDrawing
from benchmarks.processes import say_ready
from server.domain.jobs import Claim, Outcome
from server.domain.states import Stage
from server.stopping import stop_signal
from server.store import open_store
from server.store.signals import Signals

_STEPS = 10


class TimedDrawing:
    """Stages that take a set time, step by step, and store nothing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._none = NoDrawing()

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns an outcome with four assets that do not exist."""
        for step in range(1, _STEPS + 1):
            await asyncio.sleep(self._seconds / _STEPS)
            reporter.say(Stage.RENDERING, step, _STEPS)
        return await self._none.draw(claim, reporter)


async def _work(ready_file: Path, seconds: float, slots: int) -> None:
    settings = WorkerSettings(slots={"local": slots})
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = await enter(open_store(settings.database_url, max_connections=4))
        progress = await enter(
            open_store(settings.database_url, max_connections=2, synchronous_commit=False)
        )
        signals = Signals(store.database)
        await enter(signals.running())
        worker = Worker("timed", settings, TimedDrawing(seconds), store, progress, signals)
        await enter(worker.running())
        with stop_signal() as stop:
            say_ready(ready_file)
            await stop.wait()


def main() -> None:
    """Works until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.children.timed_worker", description=__doc__
    )
    parser.add_argument("--ready-file", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--slots", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(_work(options.ready_file, options.seconds, options.slots))


if __name__ == "__main__":
    main()
