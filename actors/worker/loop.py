"""The worker: claims jobs for its free slots, renews their leases, rescues lost jobs."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic, perf_counter

from actors.settings import WorkerSettings
from actors.worker.attempt import Attempt, AttemptParts, Drawing
from actors.worker.fields import fields_of
from actors.worker.lanes import Share, Slots
from actors.worker.leaving import LeftAlone
from actors.worker.metrics import Unmeasured, WorkerMetrics
from actors.worker.models import Models
from actors.worker.patience import Patience
from actors.worker.records import JobRecords
from actors.worker.reporting import Stop
from actors.worker.storing import JobObjects
from server.clock import SkewNotice
from server.domain.jobs import Claim
from server.domain.states import Lane
from server.errors import Unavailable
from server.storage import StorageUnavailable
from server.store import Store
from server.store.causes import said_of
from server.store.signals import WAKE, Listener, Signals
from server.traces import NO_TRACES, Traces

_BACKOFF = timedelta(seconds=2)
# A lost worker's job is claimed again within 5 s of its lease's end: the pause before a rescue,
# the first backoff and a poll follow each other.
_RESCUE_PAUSE_MAX_S = 1.0
_AWAY_PAUSE_S = 0.25
_OPENED_AT_ONCE = 500
_MODELS_PAUSE_S = 1.0
_RENEWED_WITHIN_S = 2.0
"""The time after a database outage in which every live worker renews its leases."""
_LOOKED_WITHIN_S = 2.0
"""How long the first claim waits for what the worker tells of itself, by which jobs are routed."""
_RESCUE_BACKOFF = timedelta(seconds=1)
_BROKEN_PAUSE_MAX_S = 1.0
_BROKEN_FOR_GOOD = 5
_MENDED_S = 60.0
_log = logging.getLogger(__name__)


class Worker:
    """Pulls jobs from the database; losing a worker costs only time."""

    def __init__(
        self,
        name: str,
        settings: WorkerSettings,
        stages: Drawing,
        store: Store,
        progress: Store,
        signals: Signals,
        *,
        models: Models | None = None,
        backoff: timedelta = _BACKOFF,
        draws: Collection[str] | None = None,
        upscales: bool = True,
        traces: Traces = NO_TRACES,
        metrics: WorkerMetrics | None = None,
        objects: JobObjects | None = None,
        records: JobRecords | None = None,
    ) -> None:
        """Takes a durable store, and one for progress, whose writes may be lost.

        Nothing is claimed while the `models` do not answer, or the storage of the `objects`.
        `backoff` is the ceiling of the first wait after a failure, `draws` the models that it tells
        the fleet it holds: it leaves to others what they alone hold. `upscales` is whether it tells
        the fleet that it has an upscaler.
        """
        self.name = name
        self._metrics = metrics or Unmeasured()
        self._draws = draws
        self._upscales = upscales
        self._left = LeftAlone()
        self._settings = settings
        self._store = store
        self._pools = (store.database, progress.database)
        self._signals = signals
        self._skew = SkewNotice(store.clock, settings.clock_skew_s)
        self._models = models
        self._objects = objects
        self._models_away = False
        self._cold_start: timedelta | None = None
        self._backoff = backoff
        self._lease = timedelta(seconds=settings.lease_s)
        self._slots = Slots(settings.slots)
        self._patience = Patience(settings.lease_s, lambda: self._draining)
        self._parts = AttemptParts(
            *(stages, store, progress, signals, self._patience, backoff),
            settings.no_offer_s,
            settings.unchecked_s,
            self._left,
            self._metrics,
            traces,
            objects,
            records,
        )
        self._attempts: set[Attempt] = set()
        self._wake = asyncio.Event()
        self._told: set[str] = set()
        """The lanes that were told to have new jobs since the last claims."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        # Until an admin has told it to claim no more; only a restart ends that.
        self._wanted = True
        self._introduced = False
        self._looked = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._breaks: dict[str, list[float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Claims and runs jobs until the block ends, then drains."""
        listener = Listener(self._settings.database, silent=self._give_up_connections)
        listener.subscribe(WAKE, self._hear, self._wake.set)
        async with listener.running():
            self._count_slots()
            claiming, *others = self._loops = [
                asyncio.create_task(self._forever(loop), name=f"{self.name} {loop.__name__}")
                for loop in (
                    *(self._claim_loop, self._heartbeat_loop),
                    *(self._rescue_loop, self._readiness_loop, self._opening_loop),
                )
            ]
            try:
                yield
            finally:
                self._draining = True
                self._looked.set()
                self._wake.set()
                # Awaits a claim under way: its jobs would otherwise be held until their leases end.
                await asyncio.wait([claiming])
                await self._drain()
                for loop in others:
                    loop.cancel()
                # The error that ended a loop is already logged.
                await asyncio.gather(*self._loops, return_exceptions=True)
                with suppress(Unavailable):
                    await self._store.workers.gone(self.name)

    @property
    def draining(self) -> bool:
        """Whether the worker was told to stop."""
        return self._draining

    def check(self) -> None:
        """Raises RuntimeError when one of the worker's loops breaks again and again by a fault."""
        for loop, breaks in self._breaks.items():
            lately = [at for at in breaks if monotonic() - at < self._mended_s]
            if len(lately) >= _BROKEN_FOR_GOOD and not self._draining:
                raise RuntimeError(
                    f"{self.name} {loop} breaks again and again; the worker must be restarted"
                )

    @property
    def _mended_s(self) -> float:
        """The time within which a loop that rests for a heartbeat can break for good."""
        return max(_MENDED_S, 2 * _BROKEN_FOR_GOOD * self._settings.heartbeat_s)

    async def _drain(self) -> None:
        """Lets running jobs finish, releases those that do not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s):
                await self._idle.wait()
        for attempt in list(self._attempts):
            attempt.stop(Stop.DRAINED)
        await self._idle.wait()

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Runs a loop; one that a fault breaks begins again, since nobody else does its work."""
        name = getattr(loop, "__name__", "loop")
        breaks = self._breaks.setdefault(name, [])
        while True:
            try:
                return await loop()
            except Exception:
                _log.exception("worker loop broken", extra={"worker": self.name, "loop": name})
                breaks[:] = [*breaks, monotonic()][-_BROKEN_FOR_GOOD:]
            await asyncio.sleep(min(self._settings.poll_s, _BROKEN_PAUSE_MAX_S))

    async def _give_up_connections(self, why: str) -> None:
        for pool in self._pools:
            await pool.expire(why)

    async def _claim_loop(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKED_WITHIN_S):
                await self._looked.wait()
        while not self._draining:
            self._wake.clear()
            try:
                for lane, slots in self._claimable_slots().items():
                    await self._claim(lane, slots)
            except Unavailable as error:
                _log.warning("database away", extra={"worker": self.name, "error": said_of(error)})
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_s):
                    await self._wake.wait()

    async def _claim(self, lane: Lane, slots: int) -> None:
        began = perf_counter()
        claims = await self._store.leases.claim(
            self.name, lane, slots, self._lease, self._left.jobs(), models=self._draws
        )
        waited_s = [claim.queued_s for claim in claims if claim.attempt == 1]
        self._metrics.claim(lane, perf_counter() - began, waited_s)
        if self._draining and claims:
            await self._patience.write(lambda: self._store.leases.release(claims))
            self._signals.wake()  # they may wait in several lanes
            return
        for claim in claims:
            self._start(claim)
        if claims:
            self._count_slots()

    def _hear(self, lane: str) -> None:
        if self._slots.serves(lane):
            self._told.add(lane)
            self._wake.set()

    def _claimable_slots(self) -> dict[Lane, int]:
        told, self._told = self._told, set()
        if self._models_away or not self._wanted or (self._objects and self._objects.away):
            return {}
        return self._slots.free((attempt.claim.lane for attempt in self._attempts), first=told)

    def _count_slots(self) -> None:
        used = Counter(attempt.claim.lane for attempt in self._attempts)
        for lane, slots in self._slots.most.items():
            self._metrics.use(lane, used[lane], slots)

    async def _heartbeat_loop(self) -> None:
        pause = self._settings.heartbeat_s
        while True:
            await asyncio.sleep(pause)
            pause = self._settings.heartbeat_s
            attempts = [attempt for attempt in self._attempts if attempt.stopped is None]
            if not attempts:
                continue
            try:
                held = await self._store.leases.heartbeat(
                    [attempt.claim for attempt in attempts], self._lease
                )
            except Unavailable as error:
                fields = {"worker": self.name, "error": said_of(error)}
                _log.warning("heartbeat lost", extra=fields)
                # A lease that ran out must be renewed before another worker rescues its job.
                pause = min(pause, _AWAY_PAUSE_S)
                continue
            for attempt in attempts:
                cancel_requested = held.get(attempt.claim.job_id)
                if cancel_requested is None:
                    attempt.stop(Stop.LOST)
                elif cancel_requested:
                    attempt.stop(Stop.CANCELLED)

    async def _readiness_loop(self) -> None:
        """Looks whether the models answer, and tells the gateways that jobs are drawn here."""
        while True:
            try:
                await self._look_at_models()
                if not self._models_away and not self._draining:
                    await self._tell_ready()
            except Unavailable as error:
                fields = {"worker": self.name, "error": said_of(error)}
                _log.warning("readiness not told", extra=fields)
            self._looked.set()
            pause = self._settings.heartbeat_s
            await asyncio.sleep(min(pause, _MODELS_PAUSE_S) if self._models_away else pause)

    async def _tell_ready(self) -> None:
        await self._store.database.ask_time()
        self._skew.tell()
        self._metrics.skew(self._store.clock.skew_s)
        wanted = await self._store.workers.ready(
            *(self.name, self._slots.told(upscales=self._upscales), self._lease),
            models=self._draws,
            gain=self._slots.gain,
            cold_start=self._cold_start,
            draining=not self._wanted,
            anew=not self._introduced,
        )
        self._hear_whether_wanted(wanted)
        if not self._introduced:
            self._introduced = True
            self._wake.set()  # an earlier worker of its name may have been told to claim no more

    def _hear_whether_wanted(self, wanted: bool) -> None:
        if not wanted and self._wanted:
            _log.info("claims no more", extra={"worker": self.name})
            self._wanted = False

    async def _look_at_models(self) -> None:
        try:
            if self._objects is not None:
                await self._objects.check()
            if self._models is not None:
                self._cold_start = await self._models.check()
                self._follow(self._models.share)
        except Unavailable as error:
            if not self._models_away:
                fields = {"worker": self.name, "error": error.message}
                stores = not isinstance(error, StorageUnavailable)
                _log.error("model away" if stores else "nothing can be stored", extra=fields)
                self._models_away = True
                wanted = await self._store.workers.away(self.name)
                if self._introduced:  # else it was said to an earlier worker of its name
                    self._hear_whether_wanted(wanted)
            return
        if self._models_away:
            self._models_away = False
            _log.info("claims again", extra={"worker": self.name})
            self._wake.set()

    def _follow(self, share: Share | None) -> None:
        if self._slots.follow(share):
            slots = self._slots.most.get(Lane.LOCAL, 0)
            _log.info("slots measured", extra={"worker": self.name, "slots": slots})
            self._count_slots()
            self._wake.set()

    async def _opening_loop(self) -> None:
        """Opens jobs whose time has come, so that claims find them in the order of their turns."""
        while True:
            # While the database is away, the claims say so.
            with suppress(Unavailable):
                if any([await self._open_due(lane) for lane in self._slots.most]):
                    self._wake.set()
            await asyncio.sleep(self._settings.poll_s / 2)

    async def _open_due(self, lane: Lane) -> int:
        """Opens all jobs of a lane whose time has come, some at a time; returns how many."""
        total = 0
        while (opened := await self._store.leases.open_due(lane, _OPENED_AT_ONCE)) > 0:
            total += opened
        return total

    async def _rescue_loop(self) -> None:
        away = False
        while True:
            await asyncio.sleep(min(self._settings.heartbeat_s / 2, _RESCUE_PAUSE_MAX_S))
            try:
                if away:
                    await self._store.database.ping()
                    # No lease could be renewed meanwhile; live workers renew theirs now.
                    await asyncio.sleep(max(self._settings.heartbeat_s, _RENEWED_WITHIN_S))
                    away = False
                await self._rescue()
            except Unavailable:
                away = True

    async def _rescue(self) -> None:
        for job in await self._store.leases.rescue(min(self._backoff, _RESCUE_BACKOFF)):
            _log.warning("job rescued", extra={"job_id": str(job)})
            self._metrics.rescue()
            self._signals.tell([job])
            self._signals.wake()
        for batch in await self._store.batches.advance_stuck():
            _log.warning("batch advanced", extra={"batch_id": str(batch)})
            self._signals.wake()

    def _start(self, claim: Claim) -> None:
        for older in self._attempts:
            if older.claim.job_id == claim.job_id:
                older.stop(Stop.LOST)
        attempt = Attempt(claim, self._parts)
        self._attempts.add(attempt)
        self._idle.clear()
        task = asyncio.create_task(self._run(attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, attempt: Attempt) -> None:
        claim = attempt.claim
        try:
            await attempt.run()
        except Exception:
            # The lease runs out, and a worker that can write an end starts another attempt.
            _log.exception("end not written", extra=fields_of(claim))
        finally:
            self._attempts.discard(attempt)
            self._count_slots()
            if not self._attempts:
                self._idle.set()
            self._signals.tell([claim.job_id])
            if claim.batch_id is not None:
                # Its end makes other jobs ready, of any lane, maybe more than there are slots here.
                self._signals.wake()
            self._wake.set()
