"""Reports: the progress of a running attempt, and the requests to stop that come back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from actors.finishing.marks import marked
from server.domain.jobs import Claim, Progress
from server.domain.states import Stage
from server.errors import Unavailable
from server.store import Store
from server.store.signals import CHANGED, Signals

# Each stage's span of a job's progress, by its time at 20 steps on two CPU cores.
_SPANS = {
    Stage.RESOLVING: (0.0, 0.02),
    Stage.RENDERING: (0.02, 0.80),
    Stage.FINISHING: (0.80, 0.95),
    Stage.STORING: (0.95, 1.0),
}

# An upscale draws nothing: nearly all of its time is its tiles.
_SPANS_OF_UPSCALES = {
    Stage.RESOLVING: (0.0, 0.02),
    Stage.FINISHING: (0.02, 0.97),
    Stage.STORING: (0.97, 1.0),
}

_log = logging.getLogger(__name__)


class Stop(StrEnum):
    """The reason why an attempt must stop."""

    CANCELLED = "cancelled"  # its caller cancelled the job
    LOST = "lost"  # another worker may hold the job; nothing more may be written
    DRAINED = "drained"  # this worker shuts down; another one starts the job again


@dataclass(frozen=True, slots=True)
class _Report:
    progress: Progress
    preview: bytes | None
    checked_by: str = ""


class Reporter:
    """Writes the newest state of an attempt, never a backlog.

    `stop` is called when the database says that the attempt must end.
    """

    def __init__(
        self, store: Store, signals: Signals, claim: Claim, stop: Callable[[Stop], None]
    ) -> None:
        self.seen = asyncio.Event()
        """Set once a watcher has asked for previews."""
        self.watched = False
        self._store = store
        self._signals = signals
        self._claim = claim
        self._spans = _SPANS if claim.upscale is None else _SPANS_OF_UPSCALES
        self._stop = stop
        self._sequence = 0
        self._newest: _Report | None = None
        self._last: Progress | None = None
        self._news = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes reports in the background until the block ends."""
        task = asyncio.create_task(self._run(), name=f"report {self._claim.job_id}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def enter(self, stage: Stage) -> None:
        """Reports that a stage begins; waits until that is written, or the database is away."""
        self.say(stage, 0, 0)
        with suppress(Unavailable):
            await self._told()

    def say(self, stage: Stage, step: int, steps: int, preview: bytes | None = None) -> None:
        """Reports the progress of a stage, soon and without waiting."""
        self._sequence += 1
        begin, end = self._spans[stage]
        fraction = begin + (end - begin) * (step / steps if steps else 0.0)
        checked_by = ""
        if preview is None and self._newest is not None:
            preview, checked_by = self._newest.preview, self._newest.checked_by  # not written yet
        self._last = Progress(self._sequence, stage, step, steps, fraction)
        self._newest = _Report(self._last, preview, checked_by)
        self._news.set()

    def show(self, preview: bytes, checked_by: str) -> None:
        """Reports a preview that a classifier has passed, with the newest progress."""
        if self._last is None:
            return
        self._sequence += 1
        self._last = replace(self._last, sequence=self._sequence)
        self._newest = _Report(self._last, preview, checked_by)
        self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            with suppress(Unavailable):  # the next report repeats it
                await self._told()

    async def _told(self) -> None:
        """Writes the newest report; a fault of it must not cost the picture, which may be paid."""
        try:
            await self._write()
        except Unavailable:
            raise
        except Exception:
            _log.exception("progress not reported", extra={"job_id": str(self._claim.job_id)})

    async def _write(self) -> None:
        report, self._newest = self._newest, None
        if report is None:
            return
        preview = None
        if report.preview is not None and self.watched:
            preview = marked(report.preview, report.checked_by)
        answer = await self._store.leases.report(
            self._claim, report.progress, preview, report.checked_by
        )
        if answer is None:
            self._stop(Stop.LOST)
            return
        self.watched = answer.watched
        if answer.watched:
            self.seen.set()
        self._signals.say(CHANGED, str(self._claim.job_id))
        if answer.cancel_requested:
            self._stop(Stop.CANCELLED)
