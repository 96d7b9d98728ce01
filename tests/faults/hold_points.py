"""Hold points: the parts of a worker, wrapped so that they tell what they do and can be held there.

A worker is composed of them in `tests.faults.worker`; the program itself knows nothing of it.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from contextvars import ContextVar
from datetime import timedelta

from actors.engine.render import Renderer, RenderEvent, RenderRequest, RenderResult, StepEvent
from actors.worker.attempt import Drawing
from actors.worker.reporting import Reporter
from server.domain.jobs import Claim, Failure, Outcome
from server.domain.states import JobStatus, Lane
from server.storage import Storage
from server.store import Store
from server.store.database import Database, Executor
from server.store.leases import Leases

CLAIMED = "claimed"  # the claim is committed, its worker does not know it yet
RENDERING = "rendering"  # half of the steps are done
RENDERED = "rendered"  # the picture is there, and nothing of it is stored
HALF_STORED = "half stored"  # one of its assets is stored
STORED = "stored"  # all are; the end is not written
COMPLETED = "completed"  # the end is committed, its worker does not know it yet
POINTS = (CLAIMED, RENDERING, RENDERED, HALF_STORED, STORED, COMPLETED)
"""Is every named point between a claim and its end, in order."""

_drawn: ContextVar[Claim] = ContextVar("drawn")


class HoldPoints:
    """Writes a line for each deed to a pipe, and holds a worker at the points it is told to."""

    def __init__(self, pipe: int, holds: Collection[str]) -> None:
        self.let_go = asyncio.Event()
        self._pipe = pipe
        self._holds = set(holds)

    def say(self, what: str, job: object, attempt: int, detail: str = "") -> None:
        """Tells of a deed, before or after it is done, as its name says."""
        line = {
            "what": what,
            "job": str(job),
            "attempt": attempt,
            "detail": detail,
            "at": time.monotonic(),
        }
        # One write of less than a page is whole, whatever kills the process after it.
        os.write(self._pipe, json.dumps(line).encode() + b"\n")

    def say_end(self, claim: Claim, end: str, accepted: bool) -> None:
        """Tells how an attempt ended, and whether the store accepted that."""
        self.say("accepted" if accepted else "refused", claim.job_id, claim.attempt, end)

    async def reach(self, point: str, job: object, attempt: int) -> None:
        """Tells that a point is reached, and waits there if it is one to hold at, once."""
        if point in self._holds:
            self._holds.remove(point)
            self.say("reached", job, attempt, point)
            await self.let_go.wait()


class TellingStore(Store):
    """Tells of claims and ends."""

    def __init__(self, database: Database, points: HoldPoints) -> None:
        super().__init__(database)
        self.leases = TellingLeases(database, points)
        self._points = points

    async def complete(self, claim: Claim, outcome: Outcome) -> bool:
        """Completes, and tells whether that was accepted."""
        await self._points.reach(STORED, claim.job_id, claim.attempt)
        accepted = await super().complete(claim, outcome)
        await self._points.reach(COMPLETED, claim.job_id, claim.attempt)
        self._points.say_end(claim, "completed", accepted)
        return accepted


class TellingLeases(Leases):
    """Tells of claims and failures."""

    def __init__(self, database: Executor, points: HoldPoints) -> None:
        super().__init__(database)
        self._points = points

    async def claim(self, worker: str, lane: Lane, slots: int, lease: timedelta) -> list[Claim]:
        """Claims, and tells what was claimed."""
        claims = await super().claim(worker, lane, slots, lease)
        for claim in claims:
            self._points.say("claimed", claim.job_id, claim.attempt)
            await self._points.reach(CLAIMED, claim.job_id, claim.attempt)
        return claims

    async def fail(
        self, claim: Claim, failure: Failure, *, retryable: bool, backoff: timedelta
    ) -> JobStatus | None:
        """Fails, and tells whether that was accepted."""
        status = await super().fail(claim, failure, retryable=retryable, backoff=backoff)
        self._points.say_end(claim, f"failed {failure.reason}", status is not None)
        return status


class TellingDrawing:
    """Lets what is below it know whose picture it draws."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Draws."""
        _drawn.set(claim)
        return await self._drawing.draw(claim, reporter)


class TellingRenderer:
    """Tells when a render begins and how it ends."""

    def __init__(self, renderer: Renderer, points: HoldPoints) -> None:
        self._renderer = renderer
        self._points = points

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders."""
        claim = _drawn.get()
        how = "stopped"
        self._points.say("rendering", claim.job_id, claim.attempt)
        try:
            async with aclosing(self._renderer.stream(request)) as events:
                async for event in events:
                    if isinstance(event, StepEvent) and event.step == event.steps // 2:
                        await self._points.reach(RENDERING, claim.job_id, claim.attempt)
                    if isinstance(event, RenderResult):
                        how = "rendered"
                        await self._points.reach(RENDERED, claim.job_id, claim.attempt)
                    yield event
        finally:
            self._points.say(how, claim.job_id, claim.attempt)

    async def show_previews(self, render: str) -> None:
        """Makes previews."""
        await self._renderer.show_previews(render)


class TellingStorage:
    """Tells of each object that is stored, one after the other."""

    def __init__(self, storage: Storage, points: HoldPoints) -> None:
        self._storage = storage
        self._points = points
        self._turn = asyncio.Lock()

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores."""
        async with self._turn:
            await self._storage.put(key, data, content_type)
            _, job, attempt, _ = key.split("/")
            self._points.say("stored", job, int(attempt), key)
            await self._points.reach(HALF_STORED, job, int(attempt))
