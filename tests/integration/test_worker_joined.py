"""Jobs that are submitted together share the steps of the diffuser, as many as it draws at once."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import torch

from actors.engine.diffuser import Diffuser
from actors.engine.loading import load_pipeline
from actors.finishing.forms import Finished, finish
from actors.settings import DiffuserSettings
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from actors.worker.lanes import Share
from server.domain.joined import Joined
from server.domain.states import ImageType, JobStatus, Lane, Quality
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from tests.builders import render_spec
from tests.integration.job_queue import JobQueue, until

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

PICTURES = 8
ROWS = 2 * PICTURES
"""Guided pictures have two rows."""


@dataclass
class Held:
    """A diffuser with the shipped checkpoint, and the rows of each of its forwards."""

    diffuser: Diffuser
    rows: list[int] = field(default_factory=list)
    share: Share | None = None

    async def check(self) -> timedelta | None:
        """Asks the diffuser how many pictures it draws at once, as a worker's handle does."""
        self.share = Share(await self.diffuser.joined())
        return None


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    """Yields the shipped checkpoint on this machine, warm, with a set number of rows."""
    settings = DiffuserSettings(device="cpu", torch_threads=1)
    pipeline = await asyncio.to_thread(load_pipeline, settings)
    held = Held(Diffuser(pipeline, model="storybook", max_rows=ROWS))
    await asyncio.to_thread(held.diffuser.warm)

    def note(_: Any, inputs: tuple[torch.Tensor, ...], __: Any) -> None:
        held.rows.append(len(inputs[0]))

    pipeline.unet.register_forward_hook(note)
    yield held
    await asyncio.to_thread(held.diffuser.close)


async def drawn(job_queue: JobQueue, held: Held, **settings: Any) -> list[int]:
    """Returns the rows of each forward of 8 jobs that are submitted together."""
    held.rows.clear()
    spec = render_spec(image_type=ImageType.SCENE, characters=(), quality=Quality.DRAFT)
    new = [await job_queue.submit(signal=False, spec=spec) for _ in range(PICTURES)]
    drawing = every_model(held.diffuser, held.diffuser)
    async with job_queue.worker(providers=drawing, models=held, **settings):
        async with asyncio.timeout(500):
            for each in new:
                while not (job := await job_queue.job(each.id)).status.ended:
                    await asyncio.sleep(0.1)
                assert job.status is JobStatus.COMPLETED, job
    return held.rows


async def test_jobs_that_are_submitted_together_share_their_steps(
    job_queue: JobQueue, held: Held
) -> None:
    """With two slots a step would have four rows at most, of two pictures."""
    rows = await drawn(job_queue, held)
    assert sum(rows) / len(rows) > 4
    assert max(rows) <= ROWS


class Counted:
    """Finishes pictures once it may, and counts how many do so at once."""

    def __init__(self) -> None:
        self.most = 0
        self.may = threading.Event()
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, *picture: Any) -> Finished:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        self.may.wait()
        finished = finish(*picture)
        with self._lock:
            self._running -= 1
        return finished


async def test_what_is_drawn_at_once_is_not_finished_at_once(job_queue: JobQueue) -> None:
    """Each picture takes memory while it is finished, and more of them than cores gain nothing."""
    renderer, finishing = ScriptedRenderer(), Counted()
    new = [await job_queue.submit(signal=False) for _ in range(6)]

    async def drawn_all() -> bool:
        return len([each for each in renderer.renders if each.done]) == len(new)

    async with job_queue.worker(renderer, finishing=finishing, slots={"local": 6}):
        try:
            await until(drawn_all)
        finally:
            finishing.may.set()
        for each in new:
            await job_queue.becomes(each, JobStatus.COMPLETED)
    assert 1 <= finishing.most <= min(4, os.cpu_count() or 1)


@dataclass
class Told:
    """Diffusers that say what a test sets."""

    share: Share | None = None

    async def check(self) -> timedelta | None:
        """Finds them warm."""
        return None


async def test_a_worker_follows_its_diffusers_and_tells_the_fleet(
    job_queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    diffusers = Told()
    observer = Observer(job_queue.store, GpuCost(), fresh_s=0)

    async def told(slots: int, gain: float | None) -> bool:
        load = (await observer.conditions()).lanes[Lane.LOCAL]
        return (load.slots, load.gain) == (slots, gain)

    async with job_queue.worker(models=diffusers, heartbeat_s=0.05, lease_s=60):
        await until(lambda: told(2, None))
        diffusers.share = Share(Joined(8, 2.5))
        await until(lambda: told(10, 2.5))
        diffusers.share = Share(Joined(8, 2.5), workers=2)
        await until(lambda: told(5, 1.25))
        diffusers.share = Share(Joined(1, 1.0))
        await until(lambda: told(2, 1.0))
    measured = [one for one in caplog.records if one.message == "slots measured"]
    assert [vars(one)["slots"] for one in measured] == [10, 5, 2]
