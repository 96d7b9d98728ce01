"""The Serve application: which deployments there are, and how they hold each other.

How many replicas and which GPUs they get is said in `cluster/serve/*.yaml` alone.
"""

import logging
import os
import socket
from contextlib import AsyncExitStack
from typing import Any, cast

from ray import serve
from ray.serve import Application, Deployment

from actors.extractors import open_extractor
from actors.finishing.upscaling import NoUpscaler
from actors.serve.handles import Handle, RayRenderer, RayUpscaler, wait_until_ready
from actors.serve.replica import DiffuserReplica
from actors.settings import DiffuserSettings, ExtractorSettings, WorkerSettings
from actors.worker.loop import Worker
from actors.worker.stages import Stages
from server.logs import configure_logs
from server.storage import StorageSettings, open_storage
from server.store import open_store
from server.store.signals import Signals

# A replica takes more than it renders at once: its queue is inside it, since a full replica
# would send its callers into Serve's exponential backoff.
_ONGOING = 64


@serve.deployment(name="diffuser", max_ongoing_requests=_ONGOING)
class DiffuserDeployment(DiffuserReplica):
    """Holds a warm diffuser, and the upscaler of its pictures: one process has torch."""

    def __init__(self) -> None:
        """Loads the model and warms it; only then is the replica healthy."""
        # torch and diffusers are imported here, in the one process that holds the model.
        from actors.engine.diffuser import Diffuser
        from actors.finishing.upscaler import Upscaler

        settings = DiffuserSettings()
        diffuser = Diffuser.load(settings)
        upscaler = Upscaler.load(settings) or NoUpscaler()
        diffuser.warm()
        super().__init__(diffuser, upscaler, diffuser.model)


@serve.deployment(name="worker", max_ongoing_requests=_ONGOING)
class WorkerDeployment:
    """Runs a worker for as long as the replica lives."""

    async def __init__(self, diffuser: Handle) -> None:  # type: ignore[misc]  # Serve awaits it
        """Waits until the model is warm, then claims; the replica is healthy from then on."""
        self._stack = AsyncExitStack()
        enter = self._stack.enter_async_context
        settings = WorkerSettings()
        file = settings.worker_log_file
        configure_logs("info", self._stack.enter_context(file.open("a", 1)) if file else None)
        await wait_until_ready(diffuser)
        store = await enter(open_store(settings.database_url, max_connections=4))
        progress = await enter(
            open_store(settings.database_url, max_connections=2, synchronous_commit=False)
        )
        storage = await enter(open_storage(StorageSettings()))
        extractor = await enter(open_extractor(ExtractorSettings()))
        signals = Signals(store.database)
        await enter(signals.running())
        self._worker = Worker(
            settings.worker_name or f"{socket.gethostname()}-{os.getpid()}",
            settings,
            Stages(RayRenderer(diffuser), extractor, storage, upscaler=RayUpscaler(diffuser)),
            store,
            progress,
            signals,
        )
        await enter(self._worker.running())

    def check_health(self) -> None:
        """Raises when the claim loop is dead; an absent database is no reason to restart."""
        self._worker.check()

    async def __del__(self) -> None:
        """Stops claiming, lets running jobs finish, gives back the rest."""
        logging.getLogger(__name__).info("worker drains")
        await self._stack.aclose()


def build(args: dict[str, Any]) -> Application:
    """Builds the application; Serve calls it for `import_path: actors.app:build`.

    Raises ValueError for arguments, since there are none yet: settings come from `IMGGEN_*`.
    """
    if args:
        raise ValueError(f"args: {', '.join(args)} are not known; settings come from IMGGEN_*")
    return working_with(cast(Deployment, DiffuserDeployment).bind())


def working_with(diffuser: Application) -> Application:
    """Returns the application whose workers draw on a diffuser deployment."""
    # The decorator's type forgets that it makes a Deployment (ray 2.60).
    return cast(Deployment, WorkerDeployment).bind(diffuser)
