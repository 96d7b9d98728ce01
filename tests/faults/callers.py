"""Callers of a run's gateway that record a history."""

import asyncio
import itertools
import time
from contextlib import suppress
from uuid import uuid4

from imggen import Client, Job
from imggen.errors import ImggenError, ResourceExhausted, reason_name
from imggen.v1.job_pb2 import JOB_STATUS_PROCESSING, JOB_STATUS_QUEUED
from tests.faults.history import History, Refusal, Seen, Submit

PAUSE_S = 0.25
"""The pause between two submits of a steady load."""


class RecordingCaller:
    """A caller that records its submits, their answers and the snapshots it saw."""

    def __init__(self, client: Client, history: History) -> None:
        self.client = client
        self.character = ""
        self._history = history

    async def set_up(self) -> None:
        """Creates the character whose portraits it asks for."""
        self.character = (await self.client.create_character(name="Mia", hair="red hair")).id

    async def submit(
        self, *, seed: int | None = None, quality: str = "", request_id: str = ""
    ) -> Job | None:
        """Asks for a portrait; returns None when the call was refused or failed."""
        request = request_id or str(uuid4())
        began = time.monotonic()
        try:
            job = await self.client.generate_portrait(
                self.character, style="cartoon", seed=seed, quality=quality, request_id=request
            )
        except ImggenError as error:
            self._history.submits.append(Submit(request, ""))
            self._note(error, time.monotonic() - began)
            return None
        self._history.submits.append(Submit(request, job.job_id))
        return job

    async def watch(self, job: str, number: int) -> None:
        """Watches a job to its end."""
        try:
            async for snapshot in self.client.watch(job):
                now = snapshot.job
                queued = now.status == JOB_STATUS_QUEUED
                ended = not queued and now.status != JOB_STATUS_PROCESSING
                self._history.seen.append(
                    Seen(number, job, now.attempt, ended, now.fraction, queued)
                )
        except ImggenError as error:
            self._history.failed_calls.append(f"watch: {error!r}")

    async def retry(self, job: str) -> None:
        """Retries a failed job."""
        await self.client.retry(job)
        self._history.retries.append(job)

    def _note(self, error: ImggenError, took_s: float) -> None:
        if isinstance(error, ResourceExhausted):
            wait = error.retry_after.total_seconds() if error.retry_after else None
            reason = reason_name(error.reason)
            self._history.refusals.append(Refusal(reason, wait, took_s))
        else:
            self._history.failed_calls.append(f"submit: {error!r}")


async def steady_load(caller: RecordingCaller, over: asyncio.Event) -> None:
    """Submits and watches jobs until `over` is set; then waits for their ends."""
    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            group.create_task(_submit_and_watch(caller, number))
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_S):
                    await over.wait()
                return


async def _submit_and_watch(caller: RecordingCaller, number: int) -> None:
    if job := await caller.submit():
        await caller.watch(job.job_id, number)
