"""A worker process without Ray and torch that writes its actions to its standard output.

Everything but the renderer is production code. A line on standard input resumes the worker from
its hold point; the end of standard input drains it.
"""

import argparse
import asyncio
import os
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import cast

from actors.engine.render import RecordPace, RenderRequest
from actors.extractors.plain import PlainExtractor
from actors.settings import WorkerSettings
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from actors.worker.attempt import Drawing
from actors.worker.loop import Worker
from actors.worker.records import JobRecords
from actors.worker.reporting import Reporter
from actors.worker.stages import Stages
from actors.worker.storing import JobObjects
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.states import AssetKind
from server.logs import configure_logs
from server.storage import Storage, StorageSettings, open_usable
from server.store import open_store
from server.store.database import open_database
from server.store.signals import Signals
from tests.faults.hold_points import (
    ClaimTracker,
    HoldPoints,
    RecordingRenderer,
    RecordingStorage,
    RecordingStore,
)
from tests.faults.hosted import hosted_drawing


class PoisonScript:
    """A script that fails renders of one seed at the second step."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def __call__(self, request: RenderRequest, step: int) -> None:
        """Raises RuntimeError for the seed."""
        if request.seed == self._seed and step == 2:
            raise RuntimeError("the model fails for this one")


class TimedDrawing:
    """A drawing that draws and stores nothing, but takes time and returns an outcome."""

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
        store = RecordingStore(
            await enter(open_database(settings.database_url, max_size=4)), points
        )
        progress = await enter(
            open_store(settings.database_url, max_connections=2, synchronous_commit=False)
        )
        signals = Signals(store.database)
        await enter(signals.running())
        storage = await enter(open_usable(StorageSettings(), store.clock))
        # The stages call nothing but put(), their objects check() and delete(), their records all.
        recording = cast(Storage, RecordingStorage(storage, points))
        drawing: Drawing
        objects: JobObjects | None
        records: JobRecords | None = None
        if options.hosted:
            drawing, objects = await enter(hosted_drawing(settings, store, recording, points))
        elif options.takes_s is not None:
            drawing, objects = TimedDrawing(options.takes_s), None
        else:
            pace = RecordPace(settings.record_steps, settings.record_after_s)
            stages = _stages(options, points, recording, pace)
            drawing, objects, records = stages, stages.objects, stages.records
        worker = Worker(
            options.name,
            settings,
            ClaimTracker(drawing, points),
            store,
            progress,
            signals,
            objects=objects,
            records=records,
            backoff=timedelta(seconds=options.backoff_s),
        )
        await enter(worker.running())
        points.record("ready", "", 0)
        await _resume_on_input(points)


def _stages(
    options: argparse.Namespace, points: HoldPoints, storage: Storage, pace: RecordPace
) -> Stages:
    renderer = ScriptedRenderer(options.step_s, PoisonScript(options.poison))
    providers = every_model(RecordingRenderer(renderer, points))
    return Stages(providers, PlainExtractor(), storage, record_pace=pace)


async def _resume_on_input(points: HoldPoints) -> None:
    """Resumes the worker at each line of standard input, until its end."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        points.resume.set()


def main() -> None:
    """Runs the worker until its standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--hold", action="append", default=[])
    parser.add_argument("--step-s", type=float, default=0.0)
    parser.add_argument("--poison", type=int, default=-1, help="the seed that cannot be drawn")
    parser.add_argument("--backoff-s", type=float, default=2.0)
    parser.add_argument("--hosted", action="store_true", help="draw by the hosted models")
    parser.add_argument("--takes-s", type=float, help="draw nothing, and take this long")
    options = parser.parse_args()
    configure_logs("info")
    asyncio.run(_work(options))
    # asyncio's threads may still run; nobody needs their results.
    os._exit(0)


if __name__ == "__main__":
    main()
