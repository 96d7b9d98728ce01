"""Workers that run in the test, on the test's database and a folder, with a scripted renderer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.classifiers.base import PictureClassifier, TextClassifier
from actors.credentials.base import PictureSigner
from actors.engine.render import RecordPace, RenderRequest
from actors.extractors import PaidExtractor, PlainExtractor
from actors.finishing.forms import finish
from actors.finishing.upscaling import Upscaler
from actors.providers.base import Provider
from actors.settings import WorkerSettings
from actors.testing.classifying import KeptRefusedPictures
from actors.testing.models import every_model
from actors.testing.refusals import KeptRefusals
from actors.testing.scripted import Script, ScriptedRenderer
from actors.worker.choosing import Chooser
from actors.worker.enlarging import NO_UPSCALERS
from actors.worker.loop import Worker
from actors.worker.losses import LossReader
from actors.worker.metrics import WorkerMetrics
from actors.worker.models import Models
from actors.worker.patience import Patience
from actors.worker.pictures import JobPictures
from actors.worker.planning import DrawingOrReading, Planner
from actors.worker.references import ReferenceResolver
from actors.worker.routed import RoutedDrawing
from actors.worker.signing import JobCredentials
from actors.worker.stages import Finishing, Stages
from actors.worker.texts import JobTexts
from actors.worker.upscaling import DrawingOrUpscaling, PrintUpscaler
from server.domain.ids import JobId, UserId
from server.domain.jobs import Claim, Job, NewJob
from server.domain.states import JobStatus, Lane
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from server.storage import Storage
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store import Store, open_store
from server.store.signals import Signals
from server.traces import open_traces
from tests.builders import new_job, new_user
from tests.integration.text_gate import text_gate

DEADLINE_S = 30.0
STEPS = 20
"""The number of steps of a job from `tests.builders.new_job`."""


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Waits until the condition is true, and returns its value."""
    async with asyncio.timeout(DEADLINE_S):
        while not (value := await condition()):
            await asyncio.sleep(0.01)
    return value


class Stall:
    """A script that stalls at a step of its first render until `resume` is set."""

    def __init__(self, step: int, *, always: bool = False) -> None:
        self.reached = asyncio.Event()
        self.resume = asyncio.Event()
        self._step = step
        self._always = always

    async def __call__(self, _request: RenderRequest, step: int) -> None:
        if step == self._step and (self._always or not self.reached.is_set()):
            self.reached.set()
            await self.resume.wait()


def stalling(*stalls: Stall) -> Script:
    """Returns a script with several stalls; one that is never resumed ends only by a stop.

    Steps take no time here: without a second stall a render ends before its worker reads from
    the database that it should stop.
    """

    async def script(request: RenderRequest, step: int) -> None:
        for stall in stalls:
            await stall(request, step)

    return script


@dataclass
class JobQueue:
    """A queue of jobs, and the workers that a test runs on it."""

    database: str
    store: Store
    signals: Signals
    user: UserId
    folder: Path

    async def submit(self, *, signal: bool = True, **changes: Any) -> NewJob:
        """Admits a job and signals it, as a gateway does."""
        new = new_job(self.user, **changes)
        await self.store.submits.submit(new)
        if signal:
            self.signals.wake(one.lane for one in new.lanes)
        return new

    async def cancel(self, new: NewJob) -> None:
        """Cancels a job, as a gateway does."""
        assert await self.store.jobs.cancel(self.user, new.id)
        self.signals.tell([new.id])

    async def job(self, job: JobId) -> Job:
        """Reads a job."""
        found = await self.store.jobs.get(self.user, job)
        assert found is not None
        return found

    async def becomes(self, new: NewJob, status: JobStatus) -> Job:
        """Waits until a job has a status; fails at once when it ends with another."""

        async def there() -> Job | None:
            job = await self.job(new.id)
            assert job.status is status or not job.status.ended, job
            return job if job.status is status else None

        found: Job = await until(there)
        return found

    async def claim_as_lost_worker(self) -> Claim:
        """Claims the next job for a lost worker: the lease has expired already."""
        [claim] = await self.store.leases.claim("lost", Lane.LOCAL, 1, timedelta(seconds=-1))
        return claim

    @asynccontextmanager
    async def worker(
        self,
        renderer: ScriptedRenderer | None = None,
        *,
        name: str = "w",
        models: Models | None = None,
        providers: Mapping[str, Provider] | None = None,
        catalogue: Catalogue | None = None,
        extractor: PaidExtractor | None = None,
        classifier: TextClassifier | None = None,
        refusals: KeptRefusals | None = None,
        pictures: PictureClassifier | None = None,
        refused_pictures: KeptRefusedPictures | None = None,
        signer: PictureSigner | None = None,
        metrics: WorkerMetrics | None = None,
        storage: Storage | None = None,
        upscalers: Mapping[str, Upscaler] = NO_UPSCALERS,
        finishing: Finishing = finish,
        fresh_s: float = 0.05,
        **settings: Any,
    ) -> AsyncIterator[Worker]:
        """Runs a worker in the test, which has all models on one renderer unless told otherwise.

        Failures are retried at once. `storage` stands for the queue's folder. What its router sees
        counts for `fresh_s` seconds.
        """
        configured = WorkerSettings.model_validate({"database_url": self.database} | settings)
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            traces = await enter(open_traces(configured.otlp_endpoint, "imggen-worker", name))
            store = await enter(open_store(configured.database, max_connections=3))
            progress = await enter(
                open_store(configured.database, max_connections=2, synchronous_commit=False)
            )
            signals = Signals(store.database)
            await enter(signals.running())
            storage = await enter(storage or storage_in(self.folder))
            renderer = renderer or ScriptedRenderer()
            drawing = providers or every_model(renderer, renderer)
            catalogue = catalogue or Catalogue(KNOWN[name] for name in drawing if name in KNOWN)
            counts = refusals or KeptRefusals()
            check = configured.text_check(text_gate())
            texts = JobTexts(check, store.allowed_texts, counts, classifier)
            stages = Stages(
                drawing,
                PlainExtractor(),
                storage,
                catalogue=catalogue,
                references=ReferenceResolver(store.references, storage, pauses_s=[0.05] * 3),
                scenes=store.scenes,
                texts=texts,
                pictures=JobPictures(pictures, refused_pictures, pauses_s=[0.05] * 3),
                upscalers=upscalers,
                finishing=finishing,
                credentials=JobCredentials(signer, pauses_s=[0.05]),
                store_pauses_s=[0.05] * 100,
                record_pace=RecordPace(configured.record_steps, configured.record_after_s),
            )
            patience = Patience(configured.lease_s, lambda: worker.draining)
            observer = Observer(store, GpuCost(), fresh_s=fresh_s)
            losses = LossReader(
                catalogue, drawing, PlainExtractor(), store, patience, texts, extractor
            )
            chooser = Chooser(catalogue, observer, drawing, losses)
            routed = RoutedDrawing(
                stages,
                chooser,
                drawing,
                store,
                patience,
                extractor,
                moderated_goes_on=configured.moderated_tries_next_offer,
            )
            worker = Worker(
                name,
                configured,
                DrawingOrUpscaling(
                    DrawingOrReading(routed, Planner(losses)),
                    PrintUpscaler(stages, store.images, storage),
                ),
                store,
                progress,
                signals,
                models=models,
                backoff=timedelta(0),
                draws=drawing,
                upscales=bool(upscalers),
                traces=traces,
                metrics=metrics,
                objects=stages.objects,
                records=stages.records,
            )
            await enter(worker.running())
            yield worker


def storage_in(folder: Path) -> FolderStorage:
    """Returns a storage in a folder."""
    return FolderStorage(folder, UrlSigner("s" * 32, "http://127.0.0.1"))


@asynccontextmanager
async def open_job_queue(database: str, folder: Path) -> AsyncIterator[JobQueue]:
    """Yields a queue on the test's database, with a folder as storage."""
    async with open_store(database) as store:
        signals = Signals(store.database)
        async with signals.running():
            yield JobQueue(database, store, signals, await new_user(store), folder)


def failing(error: Exception, times: int = 1_000_000) -> Script:
    """Returns a script whose first `times` renders fail at their second step."""
    failures = iter(range(times))

    async def script(_request: RenderRequest, step: int) -> None:
        if step == 2 and next(failures, None) is not None:
            raise error

    return script
