"""What the worker of a replica is made of, from its settings."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from actors.classifiers.choice import open_classifier, open_picture_classifier
from actors.credentials.base import PictureSigner
from actors.credentials.choice import open_signer
from actors.engine.profiles import Profile
from actors.engine.render import RecordPace
from actors.extractors import PaidExtractor, PlainExtractor, SceneExtractor, open_paid_extractor
from actors.finishing.forms import Finished
from actors.finishing.matting import background_removal
from actors.finishing.upscaling import Upscaler
from actors.finishing.watermark import marked_finishing
from actors.providers.base import Provider
from actors.providers.hosted import Accounts, open_providers
from actors.providers.local import LocalProvider
from actors.serve.handles import Handle, RayModels, RayPictures
from actors.serve.metrics import RayRefusals, RayRefusedPictures, RayWorkerMetrics
from actors.settings import (
    BackgroundSettings,
    ClassifierSettings,
    CredentialSettings,
    ExtractorSettings,
    PictureSettings,
    WatermarkSettings,
    WorkerSettings,
)
from actors.worker.choosing import Chooser
from actors.worker.loop import Worker
from actors.worker.losses import LossReader
from actors.worker.patience import Patience
from actors.worker.pictures import JobPictures
from actors.worker.planning import DrawingOrReading, Planner
from actors.worker.references import ReferenceResolver
from actors.worker.routed import RoutedDrawing
from actors.worker.signing import JobCredentials
from actors.worker.stages import Stages
from actors.worker.texts import JobTexts
from actors.worker.upscaling import DrawingOrUpscaling, PrintUpscaler
from server.routing.catalogue import Catalogue
from server.routing.observer import Observer
from server.storage import Storage, StorageSettings, open_usable
from server.storage.environment import tell_redirections
from server.store import Store, open_store
from server.store.signals import Signals
from server.traces import Traces


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of, open as long as its replica runs."""

    catalogue: Catalogue
    providers: Mapping[str, Provider]
    store: Store
    progress: Store
    storage: Storage
    extractor: PaidExtractor | None
    signals: Signals
    observer: Observer
    texts: JobTexts
    pictures: JobPictures
    rules: SceneExtractor
    finishing: Callable[..., Finished]
    signer: PictureSigner


async def open_parts(
    stack: AsyncExitStack, settings: WorkerSettings, local: LocalProvider, finisher: Handle
) -> Parts:
    """Opens what a worker is made of; the `finisher` holds the classifier of pictures."""
    enter = stack.enter_async_context
    catalogue = settings.catalogue()
    hosted = await enter(open_providers(catalogue.models, Accounts()))
    store = await enter(open_store(settings.database, max_connections=4))
    progress = await enter(
        open_store(settings.database, max_connections=2, synchronous_commit=False)
    )
    storage_settings = StorageSettings()
    tell_redirections(storage_settings)
    storage = await enter(open_usable(storage_settings, store.clock))
    extractor = await enter(open_paid_extractor(ExtractorSettings()))
    signals = Signals(store.database)
    await enter(signals.running())
    classifying, looking = ClassifierSettings(), PictureSettings()
    classifier = await enter(open_classifier(classifying))
    held = RayPictures(finisher, looking.image_classifier_name)
    pictures = await enter(open_picture_classifier(looking, classifying, held))
    signer = await asyncio.to_thread(open_signer, CredentialSettings(), store.clock)
    cutting = await asyncio.to_thread(background_removal, BackgroundSettings())
    return Parts(
        catalogue,
        {one.model: one for one in (local, *hosted)},
        *(store, progress, storage, extractor, signals),
        Observer(store, settings.gpu_cost),
        JobTexts(settings.text_check(), store.allowed_texts, RayRefusals(), classifier),
        JobPictures(pictures, RayRefusedPictures()),
        PlainExtractor(),
        marked_finishing(WatermarkSettings(), cutting),
        signer,
    )


def stages_of(parts: Parts, settings: WorkerSettings, upscalers: Mapping[str, Upscaler]) -> Stages:
    """Returns the stages of jobs that draw, with the upscalers by their models' names."""
    store = parts.store
    return Stages(
        *(parts.providers, parts.rules, parts.storage),
        catalogue=parts.catalogue,
        references=ReferenceResolver(store.references, parts.storage),
        scenes=store.scenes,
        texts=parts.texts,
        pictures=parts.pictures,
        credentials=JobCredentials(parts.signer),
        upscalers=upscalers,
        prints_by_model=settings.print_by_model,
        finishing=parts.finishing,
        record_pace=RecordPace(settings.record_steps, settings.record_after_s),
        clock=store.clock,
    )


def work_of(
    parts: Parts,
    settings: WorkerSettings,
    profiles: Mapping[str, Profile],
    stages: Stages,
    patience: Patience,
) -> DrawingOrUpscaling:
    """Returns what does jobs of every kind."""
    catalogue, providers, store = parts.catalogue, parts.providers, parts.store
    extractor, storage = parts.extractor, parts.storage
    losses = LossReader(
        *(catalogue, providers, parts.rules, store, patience, parts.texts, extractor, profiles)
    )
    drawing = RoutedDrawing(
        stages,
        Chooser(catalogue, parts.observer, providers, losses),
        *(providers, store, patience, extractor),
        moderated_goes_on=settings.moderated_tries_next_offer,
    )
    upscaler = PrintUpscaler(stages, store.images, storage, parts.finishing)
    return DrawingOrUpscaling(DrawingOrReading(drawing, Planner(losses)), upscaler)


def worker_of(
    parts: Parts,
    settings: WorkerSettings,
    stages: Stages,
    work: DrawingOrUpscaling,
    models: RayModels,
    traces: Traces,
    upscales: bool,
) -> Worker:
    """Returns the worker that does the work, and tells the fleet what it holds."""
    return Worker(
        settings.worker_name or f"{socket.gethostname()}-{os.getpid()}",
        settings.model_copy(update={"slots": settings.served_slots}),
        work,
        *(parts.store, parts.progress, parts.signals),
        models=models,
        draws=parts.providers,
        upscales=upscales,
        traces=traces,
        metrics=RayWorkerMetrics(),
        objects=stages.objects,
        records=stages.records,
    )
