"""A worker in a separate process that draws with OpenAI's models, by its settings."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from actors.extractors.plain import PlainExtractor
from actors.providers.hosted import Accounts, open_providers
from actors.settings import WorkerSettings
from actors.worker.choosing import Chooser
from actors.worker.loop import Worker
from actors.worker.patience import Patience
from actors.worker.references import ReferenceResolver
from actors.worker.rerouting import Rerouting
from actors.worker.routed import RoutedDrawing
from actors.worker.stages import Stages
from benchmarks.processes import say_ready
from server.routing.observer import Observer
from server.stopping import stop_signal
from server.storage import StorageSettings, open_storage
from server.store import open_store
from server.store.signals import Signals


async def _work(ready_file: Path) -> None:
    settings = WorkerSettings()
    catalogue = settings.catalogue()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        opened = await enter(open_providers(catalogue.models, Accounts()))
        store = await enter(open_store(settings.database_url, max_connections=4))
        progress = await enter(
            open_store(settings.database_url, max_connections=2, synchronous_commit=False)
        )
        storage = await enter(open_storage(StorageSettings()))
        signals = Signals(store.database)
        await enter(signals.running())
        providers = {one.model: one for one in opened}
        observer = Observer(store, settings.gpu_cost)
        stages = Stages(
            providers,
            PlainExtractor(),
            storage,
            catalogue=catalogue,
            references=ReferenceResolver(store.references, storage),
        )
        drawing = RoutedDrawing(
            stages,
            Chooser(catalogue, observer, providers),
            providers,
            store,
            Patience(settings.lease_s, lambda: worker.draining),
        )
        worker = Worker("hosted", settings, drawing, store, progress, signals)
        await enter(Rerouting(catalogue, observer, store, signals).running())
        await enter(worker.running())
        with stop_signal() as stop:
            say_ready(ready_file)
            await stop.wait()


def main() -> None:
    """Works until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.children.hosted_worker", description=__doc__
    )
    parser.add_argument("--ready-file", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(_work(options.ready_file))


if __name__ == "__main__":
    main()
