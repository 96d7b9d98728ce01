"""A worker in a separate process that completes each job at once, without a picture."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from actors.settings import WorkerSettings
from actors.worker.loop import Worker
from actors.worker.reporting import Reporter
from benchmarks.processes import say_ready
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.states import AssetKind
from server.stopping import stop_signal
from server.store import open_store
from server.store.signals import Signals


class NoDrawing:
    """Stages that report a picture as drawn and stored, and do neither."""

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns an outcome with four assets that do not exist."""
        return nothing(claim)


def nothing(claim: Claim) -> Outcome:
    """Returns an outcome with four assets that do not exist."""
    assets = tuple(
        NewAsset(kind, f"{claim.job_id}/{kind}.png", "image/png", "00", 3, 1024, 1024)
        for kind in AssetKind
    )
    return Outcome("a picture", "", assets, {}, claim.price_micros)


async def _work(ready_file: Path) -> None:
    settings = WorkerSettings()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = await enter(open_store(settings.database_url, max_connections=4))
        progress = await enter(
            open_store(settings.database_url, max_connections=2, synchronous_commit=False)
        )
        signals = Signals(store.database)
        await enter(signals.running())
        worker = Worker("idle", settings, NoDrawing(), store, progress, signals)
        await enter(worker.running())
        with stop_signal() as stop:
            say_ready(ready_file)
            await stop.wait()


def main() -> None:
    """Works until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.children.instant_worker", description=__doc__
    )
    parser.add_argument("--ready-file", type=Path, required=True)
    asyncio.run(_work(parser.parse_args().ready_file))


if __name__ == "__main__":
    main()
