"""An attempt: draws one claimed job and writes its end."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from actors.engine.render import PictureBroken
from actors.worker.choosing import Choice
from actors.worker.fields import fields_of
from actors.worker.leaving import LeftAlone
from actors.worker.metrics import Ending, WorkerMetrics
from actors.worker.patience import Patience
from actors.worker.payments import CallRefused
from actors.worker.pictures import PictureNotAllowed
from actors.worker.records import JobRecords
from actors.worker.reporting import Reporter, Stop
from actors.worker.routed import FailOver, NothingHere, OfferWaits
from actors.worker.signing import Unsigned
from actors.worker.storing import JobObjects
from actors.worker.texts import Unchecked
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim, Failure, Outcome
from server.domain.lanes import JobLane
from server.domain.states import JobStatus, Lane
from server.errors import ImggenError, Unavailable
from server.routing.lanes import sooner
from server.routing.reasons import not_held
from server.routing.rows import Row
from server.storage import KeyTaken, StorageUnavailable
from server.store import Store
from server.store.signals import Signals
from server.traces import NO_SPAN, NO_TRACES, Kind, Span, Traces, Value, current, within

_MESSAGE_MAX = 500
_LOOKED_AT_AGAIN = timedelta(seconds=5)
_TRIED_AGAIN = timedelta(seconds=30)
"""How long an offer that failed rests while all others are paused."""
_ENDED = {Ending.COMPLETED, Ending.FAILED, Ending.CANCELLED}
"""The ends of an attempt that are those of its job, too."""
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
    ceiling of the first wait after a failure. A job that no model may draw fails after
    `no_offer_s` seconds, one whose classifier is away after `unchecked_s`. Those that this worker
    cannot draw are `left` to others. `objects` is what the stages store by, and `records` what
    they keep records by.
    """

    stages: Drawing
    store: Store
    progress: Store
    signals: Signals
    patience: Patience
    backoff: timedelta
    no_offer_s: float
    unchecked_s: float
    left: LeftAlone
    metrics: WorkerMetrics
    traces: Traces = NO_TRACES
    objects: JobObjects | None = None
    records: JobRecords | None = None


class Attempt:
    """An attempt at one job, whose lease this worker holds."""

    def __init__(self, claim: Claim, parts: AttemptParts) -> None:
        self.claim = claim
        self.stopped: Stop | None = None
        """The reason why it was told to stop, if it was."""
        self._parts = parts
        self._drawing: asyncio.Task[Outcome] | None = None
        self._ending: Ending | None = None
        self._is_drawn_anew = self._is_kept = False

    def stop(self, why: Stop) -> None:
        """Stops the drawing, if it still runs; the first reason counts."""
        if self.stopped is None and self._drawing is not None and not self._drawing.done():
            self.stopped = why
            self._drawing.cancel()

    async def run(self) -> None:
        """Draws the job and writes its end; raises if the end cannot be written."""
        objects = self._parts.objects
        with within(self._span()):
            try:
                await self._run()
            finally:
                if objects is not None:
                    await objects.end(self.claim, self._parts.store.images)
                await self._end_records()

    async def _end_records(self) -> None:
        """Removes the job's records where no other attempt goes on from them."""
        records = self._parts.records
        if records is None:
            return
        # Its caller may retry a job that has failed, and what is drawn waits to be signed.
        if not self._is_kept and (self._ending in _ENDED or self._is_drawn_anew):
            await records.remove(self.claim)
        else:
            await records.leave(self.claim)

    def _span(self) -> Span:
        claim = self.claim
        if not claim.trace:  # its attempts would have nothing in common
            return NO_SPAN
        about: dict[str, Value] = {
            "imggen.job_id": str(claim.job_id),
            "imggen.user_id": str(claim.user_id),
            "imggen.attempt": claim.attempt,
            "imggen.lane": claim.lane.value,
            "imggen.image_type": claim.spec.image_type.value,
        }
        if claim.batch_id is not None:
            about["imggen.batch_id"] = str(claim.batch_id)
        return self._parts.traces.begin("attempt", Kind.CONSUMER, claim.trace, about)

    async def _run(self) -> None:
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
        except NothingHere as nothing:
            if unheld := nothing.choice.unheld(claim.lane):
                await self._end_unheld(unheld, nothing.choice.lanes)
            else:
                await self._end_unoffered(nothing.choice)
        except OfferWaits as waiting:
            await self._end_waiting(waiting)
        except FailOver as failed:
            await self._end_failed_over(failed)
        except (Unchecked, Unsigned) as away:
            await self._end_away(away)
        except StorageUnavailable as error:
            await self._end_unstored(error)
        except Exception as error:
            await self._end_failed(error)
        else:
            await self._end_completed(outcome)

    async def _end_completed(self, outcome: Outcome) -> None:
        claim, parts = self.claim, self._parts
        if await parts.patience.write(lambda: parts.store.complete(claim, outcome)):
            if parts.objects is not None:
                parts.objects.keep(claim)
            fields = {**fields_of(claim), "ms": sum(outcome.stage_ms.values())}
            _log.info("job completed", extra=fields)
            parts.metrics.measure(claim.lane, outcome.stage_ms)
            self._count(Ending.COMPLETED)
        else:
            self._count(Ending.LOST)
            _log.warning("lease lost", extra=fields_of(claim))

    async def _end_stopped(self, why: Stop) -> None:
        claim, parts = self.claim, self._parts
        _log.info("job stopped", extra={**fields_of(claim), "why": why})
        match why:
            case Stop.CANCELLED:
                await parts.patience.write(lambda: parts.store.leases.cancelled(claim))
                self._count(Ending.CANCELLED)
            case Stop.DRAINED:
                await parts.patience.write(lambda: parts.store.leases.release([claim]))
                parts.signals.wake()  # it may wait in several lanes
                self._count(Ending.RETURNED)
            case Stop.LOST:
                self._count(Ending.LOST)

    async def _end_unoffered(self, choice: Choice) -> None:
        """Gives a job back to the lanes that have an offer, or fails it where none will have."""
        claim, parts = self.claim, self._parts
        nothing = not choice.routing.offers
        waited = claim.unoffered_s >= parts.no_offer_s
        refusal = ""
        if nothing:
            refusal = await parts.patience.write(lambda: parts.store.leases.refusal(claim))
        if nothing and (waited or (choice.hopeless and (claim.limits.pinned or refusal))):
            failure = Failure("NO_ELIGIBLE_OFFER", choice.routing.reason[:_MESSAGE_MAX])
            if refusal:
                failure = Failure("CONTENT_POLICY", refusal)
            await self._fail_unoffered(failure)
            return
        if nothing and choice.held_by_nobody:
            self._log_unheld(choice.held_by_nobody)
        lanes = choice.lanes or [JobLane(claim.lane, claim.models, self._soon())]
        if nothing:
            lanes = sooner(lanes, self._patient_until())
        why = f"nothing draws it in the lane {claim.lane} now; {choice.routing.reason}"
        held = await parts.patience.write(
            lambda: parts.store.leases.give_back(claim, lanes, why=why, nothing=nothing)
        )
        self._count(Ending.RETURNED if held else Ending.LOST)
        parts.signals.wake([one.lane for one in lanes if one.opens_at is None])

    async def _end_unheld(self, models: Sequence[Row], lanes: Sequence[JobLane]) -> None:
        """Leaves a job to the workers that hold its models, or fails it where none does."""
        claim, parts = self.claim, self._parts
        names = [row.name for row in models]
        held = await parts.patience.write(lambda: parts.store.workers.hold(claim.lane, names))
        if not held and claim.unoffered_s >= parts.no_offer_s:
            message = "; ".join(f"{row.name}: {not_held(row)}" for row in models)
            await self._fail_unoffered(Failure("NO_ELIGIBLE_OFFER", message[:_MESSAGE_MAX]))
            return
        if not held:
            self._log_unheld(models)
        why = f"its worker holds none of {', '.join(names)}; left to one that does"
        if not parts.left.add(claim.job_id):
            lanes = [replace(one, opens_at=one.opens_at or self._soon()) for one in lanes]
        written = await parts.patience.write(
            lambda: parts.store.leases.give_back(claim, lanes, why=why, nothing=not held)
        )
        self._count(Ending.RETURNED if written else Ending.LOST)
        parts.signals.wake([one.lane for one in lanes if one.opens_at is None])

    def _log_unheld(self, models: Sequence[Row]) -> None:
        """Logs once for a job that nobody holds the models that could draw it."""
        if not self.claim.unoffered_s:
            fields = {**fields_of(self.claim), "models": [row.name for row in models]}
            _log.warning("model not held", extra=fields)

    async def _end_waiting(self, waiting: OfferWaits) -> None:
        """Queues a job for the offer that failed, once it may be asked again."""
        claim, parts = self.claim, self._parts
        failure = self._log_offer(waiting)
        if waiting.paused:
            later = parts.store.clock.now() + _TRIED_AGAIN
            await self._wait(failure, _beside(waiting.paused, waiting.lanes, later))
            return
        if claim.unoffered_s >= parts.no_offer_s:
            await self._fail_unoffered(_waited(waiting, failure))
            return
        soon = self._soon()
        lanes = [replace(one, opens_at=one.opens_at or soon) for one in waiting.lanes]
        lanes = lanes or [JobLane(claim.lane, claim.models, soon)]
        lanes = list(sooner(lanes, self._patient_until()))
        await self._wait(failure, lanes)

    async def _end_away(self, away: Unchecked | Unsigned) -> None:
        """Queues a job until its classifier or its key answers, or fails it after a long wait."""
        claim, parts = self.claim, self._parts
        failure, _ = explain(away)
        fields = {**fields_of(claim), "error": failure.message}
        if isinstance(away, Unsigned):
            self._is_kept = True
            _log.warning("not signed", extra=fields)
        else:
            _log.warning("not checked", extra=fields)
        if claim.unchecked_s >= parts.unchecked_s:
            await self._fail_unoffered(failure)
            return
        await self._wait(failure, [JobLane(claim.lane, claim.models, self._soon())])

    async def _end_unstored(self, error: StorageUnavailable) -> None:
        """Gives a job back that needed the storage before it was drawn, which costs no attempt."""
        claim, parts = self.claim, self._parts
        _log.warning("storage away", extra={**fields_of(claim), "error": error.message})
        if parts.objects is not None:
            parts.objects.failed(error)
        why = f"given back undrawn: {error.message}"
        await parts.patience.write(lambda: parts.store.leases.release([claim], why))
        self._count(Ending.RETURNED)

    async def _wait(self, failure: Failure, lanes: Sequence[JobLane]) -> None:
        claim, parts = self.claim, self._parts
        held = await parts.patience.write(lambda: parts.store.leases.wait(claim, failure, lanes))
        self._count(Ending.RETRIED if held else Ending.LOST, failure.reason)

    def _patient_until(self) -> datetime:
        """Returns when the job fails if nothing may draw it until then."""
        left = max(self._parts.no_offer_s - self.claim.unoffered_s, 0.0)
        return self._parts.store.clock.now() + timedelta(seconds=left)

    def _soon(self) -> datetime:
        """Returns when a job that nothing may draw is looked at again."""
        return self._parts.store.clock.now() + _LOOKED_AT_AGAIN

    async def _fail_unoffered(self, failure: Failure) -> None:
        _log.error("job failed", extra={**fields_of(self.claim), "reason": failure.reason})
        await self._fail(failure, retryable=False)

    async def _end_failed_over(self, failed: FailOver) -> None:
        """Queues a job at once for its other offers."""
        claim, parts = self.claim, self._parts
        failure = self._log_offer(failed)
        tried = replace(claim, spec=replace(claim.spec, model=failed.model))
        held = await parts.patience.write(
            lambda: parts.store.leases.fail_over(tried, failure, failed.lanes)
        )
        self._count(Ending.RETRIED if held else Ending.LOST, failure.reason)
        parts.signals.wake([one.lane for one in failed.lanes])

    def _log_offer(self, failed: FailOver) -> Failure:
        failure, _ = explain(failed.cause)
        fields = {**fields_of(self.claim), "model": failed.model, "reason": failure.reason}
        _log.warning("offer failed", extra={**fields, "error": failure.message})
        return failure

    async def _end_failed(self, error: Exception) -> None:
        failure, retryable = explain(error)
        # Another attempt has another seed.
        self._is_drawn_anew = isinstance(error, PictureBroken | PictureNotAllowed)
        fields = {**fields_of(self.claim), "reason": failure.reason}
        _log.error("job failed", extra=fields, exc_info=error)
        await self._fail(failure, retryable=retryable)

    async def _fail(self, failure: Failure, *, retryable: bool) -> None:
        claim, parts = self.claim, self._parts
        status = await parts.patience.write(
            lambda: parts.store.leases.fail(
                claim, failure, retryable=retryable, backoff=parts.backoff
            )
        )
        match status:
            case None:
                self._count(Ending.LOST)
            case JobStatus.FAILED:
                self._count(Ending.FAILED, failure.reason)
            case JobStatus.CANCELLED:
                self._count(Ending.CANCELLED)
            case _:
                self._count(Ending.RETRIED, failure.reason)

    def _count(self, ending: Ending, reason: str = "") -> None:
        """Counts the end of the attempt, once it is written, and tells its span."""
        self._ending = ending
        reason = "" if ending is Ending.LOST else reason
        current().set({"imggen.outcome": ending.value})
        if reason:
            current().fail(reason)
        self._parts.metrics.end(self.claim.lane, ending, reason)


def _beside(paused: frozenset[Lane], lanes: Sequence[JobLane], later: datetime) -> list[JobLane]:
    """Returns lanes of which those that are not paused open later, and the others at once."""
    return [
        one if one.lane in paused else replace(one, opens_at=one.opens_at or later) for one in lanes
    ]


def _waited(waiting: OfferWaits, failure: Failure) -> Failure:
    """Returns why a job fails that has waited too long for its last offer."""
    if isinstance(waiting.cause, CallRefused):
        return failure  # the budget, which is what its caller can act on
    message = f"{waiting.model}: {failure.message}"
    return Failure("NO_ELIGIBLE_OFFER", message[:_MESSAGE_MAX])


def explain(error: Exception) -> tuple[Failure, bool]:
    """Returns why an attempt failed, and whether another one may succeed."""
    match error:
        case ExceptionGroup(exceptions=(Exception() as first, *_)):
            return explain(first)
        case PictureNotAllowed():
            reason, about = "CONTENT_POLICY", (error.sha256, error.categories)
            return Failure(reason, error.message[:_MESSAGE_MAX], *about), True
        case StorageUnavailable() | KeyTaken():
            return Failure("STORE_FAILED", error.message), True
        case ImggenError():
            name = ErrorReason.Name(error.reason).removeprefix("ERROR_REASON_")
            passes = isinstance(error, CallRefused) and error.passes
            again = passes or isinstance(error, Unavailable | PictureBroken)
            return Failure(name, error.message), again
        case ValueError():
            return Failure("CONTENT_INVALID", str(error)[:_MESSAGE_MAX]), False
        case _:
            message = f"{type(error).__name__}: {error}"
            return Failure("RENDER_FAILED", message[:_MESSAGE_MAX]), True
