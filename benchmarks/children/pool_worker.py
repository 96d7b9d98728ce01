"""A worker with a pool of simulated GPUs: a plan on stdin, its measurements on stdout."""

import asyncio
import json
import random
import shutil
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from actors.extractors.plain import PlainExtractor
from actors.finishing.forms import Finished, RenderedAsset
from actors.settings import WorkerSettings
from actors.testing.models import every_model
from actors.testing.stored import StoredRenderer, draw_pictures
from actors.worker.loop import Worker
from actors.worker.stages import Finishing, Stages
from server.domain.states import AssetKind
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store import Store, open_store
from server.store.signals import Signals

_ASSET_BYTES = 200_000
_PICTURE_SIDE = 64  # small, since the pictures are not measured
# More than one job per GPU: while one renders, others are prepared and stored.
_SLOTS_PER_GPU = 2
_PAUSE_S = 0.05

_LEFT = """
SELECT count(*) FROM image_generation_jobs WHERE status IN ('queued', 'processing')
"""


async def work(plan: dict[str, Any]) -> dict[str, float]:
    """Renders all jobs of a plan; returns the measurements."""
    gpus, url, folder = plan["gpus"], plan["database_url"], Path(plan["folder"])
    settings = WorkerSettings(database_url=url, slots={"local": gpus * _SLOTS_PER_GPU})
    renderer = StoredRenderer(
        draw_pictures(8, _PICTURE_SIDE), render_s=plan["render_s"], at_once=gpus
    )
    clock = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        # The pool sizes of a worker's deployment.
        store = await enter(open_store(url, max_connections=4))
        progress = await enter(open_store(url, max_connections=2, synchronous_commit=False))
        storage = await enter(FolderStorage(folder, UrlSigner("s" * 32, "http://127.0.0.1")))
        signals = Signals(store.database)
        await enter(signals.running())
        stages = Stages(every_model(renderer), PlainExtractor(), storage, finishing=_finishing())
        worker = Worker("pool", settings, stages, store, progress, signals)
        began, cpu = clock.time(), time.process_time()
        await enter(worker.running())
        await _emptied(store)
        return {
            "rendering_s": renderer.last - began,
            "seconds": clock.time() - began,
            "cpu_s": time.process_time() - cpu,
            "rendered": renderer.done,
            "most": renderer.most,
        }


async def _emptied(store: Store) -> None:
    while True:
        row = await store.database.fetchrow(_LEFT)
        if row is not None and row["count"] == 0:
            return
        await asyncio.sleep(_PAUSE_S)


def _finishing() -> Finishing:
    """Returns a finishing that gives every picture the same four assets of random bytes."""
    assets = tuple(
        RenderedAsset(kind, random.randbytes(_ASSET_BYTES), "image/png", 1024, 1024)
        for kind in AssetKind
    )
    return lambda _png, _type, _size, _enlarged, _by, _post: Finished(assets)


def main() -> None:
    """Works until the jobs of its plan have ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = json.loads(sys.stdin.readline())
    try:
        says = asyncio.run(work(plan))
    finally:
        shutil.rmtree(plan["folder"], ignore_errors=True)
    print(json.dumps(says), flush=True)


if __name__ == "__main__":
    main()
