"""Hold points: wrappers of a worker's parts that record its actions and can pause it.

`tests.faults.worker` composes a worker of them; the production code does not know them.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta

from actors.engine.render import Renderer, RenderEvent, RenderRequest, RenderResult, StepEvent
from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.wrapped import WrappedProvider
from actors.worker.attempt import Drawing
from actors.worker.reporting import Reporter
from server.domain.ids import JobId
from server.domain.jobs import Claim, Failure, Outcome
from server.domain.models import Format
from server.domain.states import JobStatus, Lane
from server.storage import Storage, StoredObject
from server.store import Store
from server.store.database import Database, Executor
from server.store.leases import Leases

CLAIMED = "claimed"  # the claim is committed, its worker has no answer yet
RENDERING = "rendering"  # half of the steps are done
LATE = "late"  # all steps but two are done
RENDERED = "rendered"  # the picture is drawn, nothing is stored
HALF_STORED = "half stored"  # one of its assets is stored
STORED = "stored"  # all assets are stored, the end is not written
COMPLETED = "completed"  # the end is committed, its worker has no answer yet
POINTS = (CLAIMED, RENDERING, RENDERED, HALF_STORED, STORED, COMPLETED)
"""Every hold point between a claim and its end, in order; LATE is one of a scenario alone."""

STARTED = "started"  # an attempt runs, its lease is renewed, nothing is paid for
BEGUN = "begun"  # the paid call is begun, nothing is sent
ANSWERED = "answered"  # its answer is here, nothing is settled

_RECORD = ".safetensors"
_drawn: ContextVar[Claim] = ContextVar("drawn")


class HoldPoints:
    """Writes a line for each action to a pipe, and pauses a worker at the points in `holds`."""

    def __init__(self, pipe: int, holds: Collection[str]) -> None:
        self.resume = asyncio.Event()
        self._pipe = pipe
        self._holds = set(holds)

    def record(self, what: str, job: object, attempt: int, detail: str = "") -> None:
        """Writes an action to the pipe, before or after it is done, as its name says."""
        line = {
            "what": what,
            "job": str(job),
            "attempt": attempt,
            "detail": detail,
            "at": time.monotonic(),
        }
        # One write of less than a page is atomic, even if the process is killed next.
        os.write(self._pipe, json.dumps(line).encode() + b"\n")

    def record_end(self, claim: Claim, end: str, accepted: bool) -> None:
        """Records how an attempt ended, and whether the store accepted it."""
        self.record("accepted" if accepted else "refused", claim.job_id, claim.attempt, end)

    async def reach(self, point: str, job: object, attempt: int) -> None:
        """Pauses the worker at a point, once, if it is one of `holds`; records that first."""
        if point in self._holds:
            self._holds.remove(point)
            self.record("reached", job, attempt, point)
            await self.resume.wait()


class RecordingStore(Store):
    """A store that records claims and ends."""

    def __init__(self, database: Database, points: HoldPoints) -> None:
        super().__init__(database)
        self.leases = RecordingLeases(database, points)
        self._points = points

    async def complete(self, claim: Claim, outcome: Outcome) -> bool:
        """Completes a job, and records whether that was accepted."""
        await self._points.reach(STORED, claim.job_id, claim.attempt)
        accepted = await super().complete(claim, outcome)
        await self._points.reach(COMPLETED, claim.job_id, claim.attempt)
        self._points.record_end(claim, "completed", accepted)
        return accepted


class RecordingLeases(Leases):
    """Leases that record claims and failures."""

    def __init__(self, database: Executor, points: HoldPoints) -> None:
        super().__init__(database)
        self._points = points

    async def claim(
        self,
        worker: str,
        lane: Lane,
        slots: int,
        lease: timedelta,
        leaving: Collection[JobId] = (),
        *,
        models: Collection[str] | None = None,
    ) -> list[Claim]:
        """Claims jobs, and records them."""
        claims = await super().claim(worker, lane, slots, lease, leaving, models=models)
        for claim in claims:
            self._points.record("claimed", claim.job_id, claim.attempt)
            await self._points.reach(CLAIMED, claim.job_id, claim.attempt)
        return claims

    async def fail(
        self, claim: Claim, failure: Failure, *, retryable: bool, backoff: timedelta
    ) -> JobStatus | None:
        """Fails a job, and records whether that was accepted."""
        status = await super().fail(claim, failure, retryable=retryable, backoff=backoff)
        self._points.record_end(claim, f"failed {failure.reason}", status is not None)
        return status


class ClaimTracker:
    """A drawing that passes its claim on to the renderer, in a context variable."""

    def __init__(self, drawing: Drawing, points: HoldPoints) -> None:
        self._drawing = drawing
        self._points = points

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Draws a claimed job."""
        _drawn.set(claim)
        await self._points.reach(STARTED, claim.job_id, claim.attempt)
        return await self._drawing.draw(claim, reporter)


class RecordingRenderer:
    """A renderer that records when a render begins and how it ends."""

    def __init__(self, renderer: Renderer, points: HoldPoints) -> None:
        self._renderer = renderer
        self._points = points

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Streams a render, with its hold points."""
        claim = _drawn.get()
        how, is_first = "stopped", True
        self._points.record("rendering", claim.job_id, claim.attempt)
        try:
            async with aclosing(self._renderer.stream(request)) as events:
                async for event in events:
                    if isinstance(event, StepEvent):
                        if is_first:
                            first = f"{event.step} of {event.steps}"
                            self._points.record("begun", claim.job_id, claim.attempt, first)
                        is_first = False
                        # A render that goes on from a record may begin past these points.
                        if event.step >= event.steps // 2:
                            await self._points.reach(RENDERING, claim.job_id, claim.attempt)
                        if event.step >= event.steps - 2:
                            await self._points.reach(LATE, claim.job_id, claim.attempt)
                    if isinstance(event, RenderResult):
                        how = "rendered"
                        await self._points.reach(RENDERED, claim.job_id, claim.attempt)
                    yield event
        finally:
            self._points.record(how, claim.job_id, claim.attempt)

    async def show_previews(self, render: str) -> None:
        """Asks the wrapped renderer for previews."""
        await self._renderer.show_previews(render)


class RecordingProvider(WrappedProvider):
    """A hosted provider that records each call, and puts its key into the prompt.

    So whoever receives the call knows which one it is.
    """

    def __init__(self, provider: Provider, points: HoldPoints) -> None:
        super().__init__(provider)
        self._points = points

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture, with its hold points."""
        claim = _drawn.get()
        await self._points.reach(BEGUN, claim.job_id, claim.attempt)
        self._points.record("rendering", claim.job_id, claim.attempt)
        marked = _marked(content, call_mark(str(claim.job_id), claim.attempt))
        picture = await self._provider.render(marked, format, references, progress)
        await self._points.reach(ANSWERED, claim.job_id, claim.attempt)
        self._points.record("rendered", claim.job_id, claim.attempt)
        return picture


def call_mark(job: str, attempt: int) -> str:
    """Returns the key of a call as it stands in its prompt."""
    return f"call {job}/{attempt}"


def marked_call(prompt: str) -> tuple[str, int]:
    """Returns the job and attempt whose call a prompt belongs to."""
    found = re.search(r"call ([0-9a-f-]{36})/([0-9]+)", prompt)
    assert found, prompt
    return found[1], int(found[2])


class RecordingStorage:
    """A storage that records each object that is stored, one at a time; no records of renders."""

    def __init__(self, storage: Storage, points: HoldPoints) -> None:
        self._storage = storage
        self._points = points
        self._turn = asyncio.Lock()

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores an object, and records it."""
        if key.endswith(_RECORD):
            await self._storage.put(key, data, content_type)
            return
        async with self._turn:
            await self._storage.put(key, data, content_type)
            _, job, attempt, _ = key.split("/")
            self._points.record("stored", job, int(attempt), key)
            await self._points.reach(HALF_STORED, job, int(attempt))

    async def get(self, key: str) -> bytes:
        """Returns an object."""
        return await self._storage.get(key)

    def list(self, prefix: str, older_than: datetime) -> AsyncGenerator[StoredObject, None]:
        """Yields the objects under a prefix."""
        return self._storage.list(prefix, older_than)

    async def check(self) -> None:
        """Raises StorageUnavailable while the storage is away."""
        await self._storage.check()

    async def delete(self, key: str) -> None:
        """Removes an object of an attempt that was not completed."""
        await self._storage.delete(key)


def _marked(content: Content, mark: str) -> Content:
    """Returns content whose prompt has a mark: a description alone, else what was read."""
    spec = content.spec
    if spec.scene:
        spec = replace(spec, scene=f"{spec.scene} {mark}")
    return replace(
        content, spec=spec, scene=replace(content.scene, told=f"{content.scene.told} {mark}")
    )
