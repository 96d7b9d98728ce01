"""Admission of upscales: each is committed before it is answered, and costs no budget."""

from uuid import uuid4

from imggen.rules.states import no_upscaler
from server.admission.backlog import Backlog
from server.domain.ids import JobId
from server.domain.jobs import Job, NewUpscale
from server.domain.models import Size
from server.domain.states import AssetKind, Lane
from server.domain.upscales import Upscale, lacks_pixels
from server.metrics import GatewayMetrics
from server.requests.origin import Origin
from server.store import Store
from server.store.signals import Signals
from server.traces import current


class UpscaleAdmission:
    """Admits upscales within the limits of the queue, and wakes the workers of their lane."""

    def __init__(
        self, store: Store, signals: Signals, backlog: Backlog, metrics: GatewayMetrics
    ) -> None:
        self._store = store
        self._signals = signals
        self._backlog = backlog
        self._metrics = metrics

    async def admit(self, new: NewUpscale) -> Job | None:
        """Commits an upscale; None if its request_id is taken, or its image is gone.

        Raises FailedPrecondition where it needs an upscaler and none is deployed, and
        ResourceExhausted when too many jobs wait.
        """
        await self._need_upscaler(new)
        await self._backlog.check(new.user_id, [Lane.UPSCALE])
        if not await self._store.upscales.submit(new):
            return None
        current().set({"imggen.job_id": str(new.id)})
        self._backlog.add(new.user_id)
        self._metrics.accepted_jobs.labels(Lane.UPSCALE).inc()
        # After the commit, since a commit that notifies takes a lock that all others wait for.
        self._signals.wake([Lane.UPSCALE])
        return await self._store.jobs.get(new.user_id, new.id)

    async def _need_upscaler(self, new: NewUpscale) -> None:
        if not await self._store.workers.lack_upscaler():
            return
        upscale = new.upscale
        drawn = await self._store.images.asset(new.user_id, upscale.image_id, AssetKind.ORIGINAL)
        if drawn and lacks_pixels(Size(drawn.width, drawn.height), upscale.print_size):
            raise no_upscaler()


def new_upscale(origin: Origin, upscale: Upscale, model: str) -> NewUpscale:
    """Returns the job that makes a print asset; `model` is the one that drew its image."""
    return NewUpscale(
        id=JobId(uuid4()),
        user_id=origin.user_id,
        upscale=upscale,
        model=model,
        priority=origin.priority,
        request=origin.request,
        metadata=origin.metadata,
        trace=current().context,
    )
