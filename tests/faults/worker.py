"""A worker as a process, without Ray and torch, that tells what it does on its standard output.

Everything but the renderer is what runs in production. A line on its standard input lets it go
on from the point where it is held; the end of its standard input drains it.
"""

import argparse
import asyncio
import os
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import cast

from actors.engine.render import RenderRequest
from actors.extractors.plain import PlainExtractor
from actors.settings import WorkerSettings
from actors.testing.scripted import ScriptedRenderer
from actors.worker.attempt import Drawing
from actors.worker.loop import Worker
from actors.worker.reporting import Reporter
from actors.worker.stages import Stages
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.states import AssetKind
from server.logs import configure_logs
from server.storage import Storage, StorageSettings, open_storage
from server.store import open_store
from server.store.database import open_database
from server.store.signals import Signals
from tests.faults.hold_points import (
    HoldPoints,
    TellingDrawing,
    TellingRenderer,
    TellingStorage,
    TellingStore,
)


class PoisonScript:
    """Is a script that fails for the seed it was given, at the second step."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def __call__(self, request: RenderRequest, step: int) -> None:
        """Fails if this is the picture."""
        if request.seed == self._seed and step == 2:
            raise RuntimeError("the model fails for this one")


class TimedDrawing:
    """Says that a picture was drawn and stored after a while, and does neither."""

    def __init__(self, takes_s: float) -> None:
        self._takes_s = takes_s

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns an outcome with four assets that do not exist."""
        await asyncio.sleep(self._takes_s)
        assets = tuple(
            NewAsset(kind, f"{claim.job_id}/{kind}.png", "image/png", "00", 3, 1024, 1024)
            for kind in AssetKind
        )
        return Outcome("a picture", "", assets, {}, claim.price_micros)


async def _work(options: argparse.Namespace) -> None:
    settings = WorkerSettings()
    points = HoldPoints(sys.stdout.fileno(), options.hold)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = TellingStore(await enter(open_database(settings.database_url, max_size=4)), points)
        progress = await enter(
            open_store(settings.database_url, max_connections=2, synchronous_commit=False)
        )
        signals = Signals(store.database)
        await enter(signals.running())
        storage = await enter(open_storage(StorageSettings()))
        worker = Worker(
            options.name,
            settings,
            TellingDrawing(_drawing(options, points, storage)),
            store,
            progress,
            signals,
            backoff=timedelta(seconds=options.backoff_s),
        )
        await enter(worker.running())
        points.say("ready", "", 0)
        await _follow(points)


def _drawing(options: argparse.Namespace, points: HoldPoints, storage: Storage) -> Drawing:
    if options.takes_s is not None:
        return TimedDrawing(options.takes_s)
    renderer = ScriptedRenderer(options.step_s, PoisonScript(options.poison))
    # The stages do nothing but put.
    told = cast(Storage, TellingStorage(storage, points))
    return Stages(TellingRenderer(renderer, points), PlainExtractor(), told)


async def _follow(points: HoldPoints) -> None:
    """Lets the worker go on with each line, until there are no more."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        points.let_go.set()


def main() -> None:
    """Works until its standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--hold", action="append", default=[])
    parser.add_argument("--step-s", type=float, default=0.0)
    parser.add_argument("--poison", type=int, default=-1, help="the seed that cannot be drawn")
    parser.add_argument("--backoff-s", type=float, default=2.0)
    parser.add_argument("--takes-s", type=float, help="draw nothing, and take that long")
    options = parser.parse_args()
    configure_logs("info")
    asyncio.run(_work(options))
    # What asyncio's threads still do is of no use to anybody.
    os._exit(0)


if __name__ == "__main__":
    main()
