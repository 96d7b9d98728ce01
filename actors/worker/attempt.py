"""An attempt: draws one claimed job and writes its end."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from actors.engine.render import PictureBroken
from actors.worker.patience import Patience
from actors.worker.reporting import Reporter, Stop
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim, Failure, Outcome
from server.errors import ImggenError, Unavailable
from server.storage import KeyTaken, StorageUnavailable
from server.store import Store
from server.store.signals import Signals

_MESSAGE_MAX = 500
_log = logging.getLogger(__name__)


class Drawing(Protocol):
    """Draws the image of a claimed job."""

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns the outcome of the job; raises the error of a failed stage."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptParts:
    """The parts that all attempts of a worker share.

    `progress` is a store for writes that a crash of the database may lose, `backoff` the
    ceiling of the first wait after a failure.
    """

    stages: Drawing
    store: Store
    progress: Store
    signals: Signals
    patience: Patience
    backoff: timedelta


class Attempt:
    """An attempt at one job, whose lease this worker holds."""

    def __init__(self, claim: Claim, parts: AttemptParts) -> None:
        self.claim = claim
        self.stopped: Stop | None = None
        """The reason why it was told to stop, if it was."""
        self._parts = parts
        self._drawing: asyncio.Task[Outcome] | None = None

    def stop(self, why: Stop) -> None:
        """Stops the drawing, if it still runs; the first reason counts."""
        if self.stopped is None and self._drawing is not None and not self._drawing.done():
            self.stopped = why
            self._drawing.cancel()

    async def run(self) -> None:
        """Draws the job and writes its end; raises if the end cannot be written."""
        claim, parts = self.claim, self._parts
        reporter = Reporter(parts.progress, parts.signals, claim, self.stop)
        try:
            async with reporter.running():
                # A separate task, so that stopping it stops nothing else.
                self._drawing = asyncio.create_task(
                    parts.stages.draw(claim, reporter), name=f"job {claim.job_id}"
                )
                outcome = await self._drawing
        except asyncio.CancelledError:
            if self.stopped is None:
                raise
            await self._end_stopped(self.stopped)
        except Exception as error:
            await self._end_failed(error)
        else:
            await self._end_completed(outcome)

    async def _end_completed(self, outcome: Outcome) -> None:
        claim, parts = self.claim, self._parts
        if await parts.patience.write(lambda: parts.store.complete(claim, outcome)):
            fields = {**fields_of(claim), "ms": sum(outcome.stage_ms.values())}
            _log.info("job completed", extra=fields)
        else:
            _log.warning("lease lost", extra=fields_of(claim))

    async def _end_stopped(self, why: Stop) -> None:
        claim, parts = self.claim, self._parts
        _log.info("job stopped", extra={**fields_of(claim), "why": why})
        match why:
            case Stop.CANCELLED:
                await parts.patience.write(lambda: parts.store.leases.cancelled(claim))
            case Stop.DRAINED:
                await parts.patience.write(lambda: parts.store.leases.release([claim]))
                parts.signals.wake()  # it may wait in several lanes
            case Stop.LOST:
                pass

    async def _end_failed(self, error: Exception) -> None:
        claim, parts = self.claim, self._parts
        failure, retryable = explain(error)
        fields = {**fields_of(claim), "reason": failure.reason}
        _log.error("job failed", extra=fields, exc_info=error)
        await parts.patience.write(
            lambda: parts.store.leases.fail(
                claim, failure, retryable=retryable, backoff=parts.backoff
            )
        )


def explain(error: Exception) -> tuple[Failure, bool]:
    """Returns why an attempt failed, and whether another one may succeed."""
    match error:
        case ExceptionGroup(exceptions=(Exception() as first, *_)):
            return explain(first)
        case StorageUnavailable() | KeyTaken():
            return Failure("STORE_FAILED", error.message), True
        case ImggenError():
            name = ErrorReason.Name(error.reason).removeprefix("ERROR_REASON_")
            return Failure(name, error.message), isinstance(error, Unavailable | PictureBroken)
        case ValueError():
            return Failure("CONTENT_INVALID", str(error)[:_MESSAGE_MAX]), False
        case _:
            message = f"{type(error).__name__}: {error}"
            return Failure("RENDER_FAILED", message[:_MESSAGE_MAX]), True


def fields_of(claim: Claim) -> dict[str, object]:
    """Returns the fields of every log line of an attempt."""
    return {
        "job_id": str(claim.job_id),
        "user_id": str(claim.user_id),
        "attempt": claim.attempt,
        "provider": claim.provider,
    }
