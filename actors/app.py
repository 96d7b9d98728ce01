"""The Serve application: its deployments, and how they are connected.

Replica counts and GPUs are set only in `cluster/serve/*.yaml`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application, Deployment

from actors.classifiers.base import PictureClassifier
from actors.credentials.expiry import ExpiryWatch
from actors.engine.allocation import keep_freed_memory
from actors.engine.profiles import Profile, ProfileInvalid, profile, read_profiles
from actors.engine.refusal import CheckpointRefused
from actors.engine.render import ReferenceRenderer
from actors.engine.source import check_source
from actors.finishing.upscaling import NoUpscaler, Upscaler
from actors.providers.local import LocalProvider
from actors.serve.assembly import open_parts, stages_of, work_of, worker_of
from actors.serve.finishing import FinishingReplica, no_check
from actors.serve.handles import (
    Handle,
    RayEncoder,
    RayModels,
    RayRenderer,
    RayUpscaler,
    wait_until_loaded,
    wait_until_ready,
)
from actors.serve.metrics import (
    RayRenderMetrics,
    RayTileMetrics,
)
from actors.serve.replica import DiffuserReplica
from actors.settings import (
    DiffuserSettings,
    PictureSettings,
    WorkerSettings,
)
from actors.worker.enlarging import NO_UPSCALERS
from actors.worker.patience import Patience
from actors.worker.probing import Probing
from actors.worker.rerouting import Rerouting
from server.causes import CannotStart
from server.logs import configure_logs
from server.store.opening import until_open
from server.traces import Traces, TraceSettings, open_traces, start_traces

# A replica accepts more requests than it renders at once, and queues them itself: a full replica
# would put its callers into Serve's exponential backoff.
_ONGOING = 64
_log = logging.getLogger(__name__)


# A model that is refused once is refused again.
@serve.deployment(name="diffuser", max_ongoing_requests=_ONGOING, max_constructor_retry_count=1)
class DiffuserDeployment(DiffuserReplica):
    """A warm diffuser, and the models of finishing where no other process holds them."""

    def __init__(self, finishes: bool = True) -> None:
        """Loads the model and warms it; only then is the replica healthy.

        `finishes` is whether it holds the upscaler and the classifier of pictures, too. Raises
        CheckpointRefused, which names the file, for a damaged checkpoint.
        """
        keep_freed_memory()
        settings = DiffuserSettings()
        configure_logs("info")
        try:
            began = monotonic()
            pictures = _picture_classifier(settings) if finishes else None
            self._traces = start_traces(TraceSettings().otlp_endpoint, "imggen-diffuser")
            # Before torch, whose import takes seconds.
            check_source(settings)
            upscaler, check_upscaler = _upscaler(settings) if finishes else (NoUpscaler(), no_check)
            renderer, check = _warm_model(settings, self._traces)
            loaded_in = timedelta(seconds=monotonic() - began)
            super().__init__(
                *(renderer, upscaler, settings.model, pictures),
                loaded_in=loaded_in,
                metrics=_render_metrics(settings),
                tiles=RayTileMetrics(),
                check=partial(_check_all, (check, check_upscaler)),
            )
        except CheckpointRefused as error:
            fields = {"model": settings.model, "error": str(error)}
            logging.getLogger(__name__).error("model refused", extra=fields)
            raise

    async def __del__(self) -> None:
        """Sends what is left of its traces; Serve awaits it."""
        if (traces := getattr(self, "_traces", None)) is not None:  # unset where no model loaded
            await traces.close()


@serve.deployment(name="upscaler", max_ongoing_requests=_ONGOING, max_constructor_retry_count=1)
class UpscalerDeployment(FinishingReplica):
    """The upscaler and the classifier of pictures, in a process that draws nothing."""

    def __init__(self) -> None:
        """Loads them; only then is the replica healthy.

        Raises CheckpointRefused, which names the file, for damaged weights.
        """
        keep_freed_memory()
        settings = DiffuserSettings()
        configure_logs("info")
        try:
            began = monotonic()
            pictures = _picture_classifier(settings)
            upscaler, check = _upscaler(settings)
            loaded_in = timedelta(seconds=monotonic() - began)
        except CheckpointRefused as error:
            _log.error("upscaler refused", extra={"error": str(error)})
            raise
        super().__init__(
            upscaler, pictures, loaded_in=loaded_in, tiles=RayTileMetrics(), check=check
        )


@serve.deployment(name="worker", max_ongoing_requests=_ONGOING)
class WorkerDeployment:
    """A worker that runs as long as its replica."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, diffuser: Handle, finisher: Handle | None = None
    ) -> None:
        """Waits until the model is warm, then claims; the replica is healthy from then on.

        The `finisher` holds the upscaler and the classifier of pictures, by default the diffuser.
        It waits for a database that is away, too, and raises CannotStart for one that only a
        changed setting makes usable.
        """
        self._stack = AsyncExitStack()
        try:
            await self._start(diffuser, diffuser if finisher is None else finisher)
        except CannotStart as error:
            _log.error("worker cannot start", extra={"error": str(error)})
            raise

    async def _start(self, diffuser: Handle, finisher: Handle) -> None:
        keep_freed_memory()
        enter = self._stack.enter_async_context
        settings = WorkerSettings()
        file = settings.worker_log_file
        configure_logs("info", self._stack.enter_context(file.open("a", 1)) if file else None)
        # Closed last, with what the drain adds.
        traces = await enter(
            open_traces(settings.otlp_endpoint, "imggen-worker", settings.worker_name)
        )
        profiles = _profiles(settings)
        await until_open(settings.database)
        model = await wait_until_ready(diffuser)
        upscales = await wait_until_loaded(finisher)
        self._models = RayModels(diffuser, model, sleeps=settings.model_sleeps)
        local = LocalProvider(
            RayRenderer(diffuser, model),
            profile(model, profiles),
            encoder=RayEncoder(diffuser),
            check=self._models.check,
        )
        parts = await open_parts(self._stack, settings, local, finisher)
        patience = Patience(settings.lease_s, lambda: self._worker.draining)
        upscalers = {model: RayUpscaler(finisher)} if upscales else NO_UPSCALERS
        stages = stages_of(parts, settings, upscalers)
        work = work_of(parts, settings, profiles, stages, patience)
        self._worker = worker_of(parts, settings, stages, work, self._models, traces, upscales)
        catalogue, observer, store = parts.catalogue, parts.observer, parts.store
        await enter(ExpiryWatch(parts.signer, store.clock).running())
        await enter(Rerouting(catalogue, observer, store, parts.signals).running())
        await enter(Probing(parts.providers, store.health).running())
        await enter(self._worker.running())

    def check_health(self) -> None:
        """Raises RuntimeError for a worker that Serve must replace.

        One of its loops breaks again and again, which no outage of the database causes, or the
        diffuser holds another model than when the worker began.
        """
        self._worker.check()
        self._models.check_same()

    async def __del__(self) -> None:
        """Stops claiming, lets running jobs finish, releases the rest."""
        logging.getLogger(__name__).info("worker draining")
        await self._stack.aclose()


def _profiles(settings: WorkerSettings) -> Mapping[str, Profile]:
    """Returns how local models are used; raises CannotStart."""
    try:
        return read_profiles(settings.profiles)
    except ProfileInvalid as error:
        raise CannotStart(str(error), lasting=True) from error


def _picture_classifier(settings: DiffuserSettings) -> PictureClassifier | None:
    """Loads the classifier of pictures, if one is set up; raises CheckpointRefused."""
    looking = PictureSettings()
    if looking.image_safety != "local":
        return None
    from actors.classifiers.images import ImageClassifier

    return ImageClassifier.load(looking, settings.device)


def _warm_model(
    settings: DiffuserSettings, traces: Traces
) -> tuple[ReferenceRenderer, Callable[[], None]]:
    """Loads a diffuser and warms it; raises CheckpointRefused.

    Returns also what raises once its device is broken.
    """
    # torch and diffusers are imported here, in the one process that holds the model.
    from actors.engine.diffuser import Diffuser

    diffuser = Diffuser.load(settings, traces=traces)
    diffuser.warm()
    return diffuser, diffuser.check


def _upscaler(settings: DiffuserSettings) -> tuple[Upscaler, Callable[[], None]]:
    """Loads the upscaler that is set up, if any; raises CheckpointRefused.

    Returns also what raises once its device is broken.
    """
    if settings.upscaler_file is None:
        return NoUpscaler(), no_check
    from actors.finishing.upscaler import Upscaler as LoadedUpscaler

    upscaler = LoadedUpscaler.load(settings)
    return (upscaler, upscaler.check) if upscaler else (NoUpscaler(), no_check)


def _check_all(checks: Iterable[Callable[[], None]]) -> None:
    for check in checks:
        check()


def _render_metrics(settings: DiffuserSettings) -> RayRenderMetrics:
    from actors.engine.memory import memory_of

    return RayRenderMetrics(partial(memory_of, settings.device))


class Arguments(BaseModel):
    """The `args` of the config, which say what deployments there are; all else is a setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upscaler: Literal["own", "diffuser"] = Field(
        "diffuser",
        description="Which process holds the upscaler and the classifier of pictures: the "
        "diffuser's, or that of a deployment `upscaler` of its own.",
    )


def build(args: Arguments) -> Application:
    """Builds the application; Serve calls it for `import_path: actors.app:build`."""
    # ray 2.60 does not type the decorator's result as a Deployment.
    diffuser = cast(Deployment, DiffuserDeployment)
    if args.upscaler == "diffuser":
        return working_with(diffuser.bind())
    upscaler = cast(Deployment, UpscalerDeployment).bind()
    return working_with(diffuser.bind(finishes=False), upscaler)


def working_with(diffuser: Application, finisher: Application | None = None) -> Application:
    """Returns the application whose workers render on a diffuser deployment.

    The `finisher` holds the upscaler and the classifier of pictures, by default the diffuser.
    """
    return cast(Deployment, WorkerDeployment).bind(diffuser, finisher)
