"""The drawing of a worker whose models are hosted, for the fault tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.extractors.plain import PlainExtractor
from actors.providers.hosted import Accounts, open_providers
from actors.settings import WorkerSettings
from actors.worker.attempt import Drawing
from actors.worker.choosing import Chooser
from actors.worker.patience import Patience
from actors.worker.routed import RoutedDrawing
from actors.worker.stages import Stages
from actors.worker.storing import JobObjects
from server.routing.observer import Observer
from server.storage import Storage
from server.store import Store
from tests.faults.hold_points import HoldPoints, RecordingProvider


@asynccontextmanager
async def hosted_drawing(
    settings: WorkerSettings, store: Store, storage: Storage, points: HoldPoints
) -> AsyncIterator[tuple[Drawing, JobObjects]]:
    """Yields the drawing of the hosted models that the settings name, and what stores for it."""
    catalogue = settings.catalogue()
    async with open_providers(catalogue.models, Accounts()) as hosted:
        providers = {one.model: RecordingProvider(one, points) for one in hosted}
        stages = Stages(providers, PlainExtractor(), storage, catalogue=catalogue)
        drawing = RoutedDrawing(
            stages,
            Chooser(catalogue, Observer(store, settings.gpu_cost), providers),
            providers,
            store,
            Patience(settings.lease_s, lambda: False),
        )
        yield drawing, stages.objects
