"""The progress and previews of a job, as its watchers see them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actors.engine.render import RenderRequest
from actors.testing.scripted import Script, ScriptedRenderer
from server.domain.jobs import Job, NewJob
from server.domain.states import JobStatus, Stage
from server.watching import Watching
from server.watching.jobs import JobSnapshot
from tests.integration.job_queue import STEPS, JobQueue, Stall, until


@asynccontextmanager
async def watching(
    job_queue: JobQueue, new: NewJob, *, previews: bool = False
) -> AsyncIterator[AsyncIterator[JobSnapshot]]:
    loops = Watching(job_queue.store, job_queue.database)
    async with loops.running(), loops.jobs.watch(new.id, previews=previews) as watch:
        yield watch.snapshots()


async def test_a_render_that_stalls_at_step_seven_is_seen_at_step_seven(
    job_queue: JobQueue,
) -> None:
    new = await job_queue.submit()
    stall = Stall(8)
    async with (
        job_queue.worker(ScriptedRenderer(script=stall)),
        watching(job_queue, new) as snapshots,
    ):
        async with asyncio.timeout(30):
            async for snapshot in snapshots:
                progress = snapshot.job.progress
                if progress is not None and progress.step == 7:
                    break
        await stall.reached.wait()
        job = await job_queue.job(new.id)
        assert job.progress is not None
        assert (job.progress.stage, job.progress.step, job.progress.steps) == (
            Stage.RENDERING,
            7,
            STEPS,
        )
        stall.resume.set()
        await job_queue.becomes(new, JobStatus.COMPLETED)


async def test_progress_never_goes_back_and_ends_with_the_job(job_queue: JobQueue) -> None:
    new = await job_queue.submit(signal=False)
    async with (
        watching(job_queue, new) as snapshots,
        job_queue.worker(ScriptedRenderer(step_s=0.02)),
    ):
        seen = [snapshot.job async for snapshot in snapshots]
    ranks = [rank(job) for job in seen]
    assert ranks == sorted(ranks)
    assert seen[-1].status is JobStatus.COMPLETED
    steps = {job.progress.step for job in seen if job.progress}
    assert len(steps) > 5
    fractions = [job.progress.fraction for job in seen if job.progress]
    assert fractions == sorted(fractions)


async def test_progress_that_waits_for_the_database_is_written_as_one(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    await job_queue.store.database.execute(
        "CREATE TABLE written (step integer NOT NULL);"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO written VALUES (new.step); RETURN new; END';"
        "CREATE TRIGGER note AFTER INSERT OR UPDATE ON job_progress"
        " FOR EACH ROW EXECUTE FUNCTION note()"
    )
    stall, last = Stall(2), Stall(STEPS)

    async def script(request: RenderRequest, step: int) -> None:
        await (stall if step == 2 else last)(request, step)

    async with job_queue.worker(ScriptedRenderer(script=script)):
        await stall.reached.wait()
        await until(lambda: step_is(job_queue, new, 1))
        async with job_queue.store.database.transaction() as holding:
            await holding.execute("SELECT FROM job_progress WHERE job_id = $1 FOR UPDATE", new.id)
            stall.resume.set()
            await last.reached.wait()
        await until(lambda: step_is(job_queue, new, STEPS - 1))
        rows = await job_queue.store.database.fetch("SELECT step FROM written WHERE step > 1")
        last.resume.set()
        await job_queue.becomes(new, JobStatus.COMPLETED)
    # One report was held up, and one was merged from those after it.
    assert [row["step"] for row in rows][-1] == STEPS - 1
    assert len(rows) <= 3


async def test_previews_are_made_for_watchers_that_ask_for_them(job_queue: JobQueue) -> None:
    new = await job_queue.submit(signal=False)
    renderer = ScriptedRenderer(step_s=0.02)
    async with watching(job_queue, new, previews=True) as snapshots, job_queue.worker(renderer):
        previews = [snapshot.preview async for snapshot in snapshots]
    assert renderer.renders[0].request.previews
    assert any(preview.startswith(b"\xff\xd8") for preview in previews)
    left = await job_queue.store.database.fetch("SELECT FROM job_previews")
    assert left == []


async def test_a_running_render_makes_previews_for_a_later_watcher(job_queue: JobQueue) -> None:
    new = await job_queue.submit()
    stall, last = Stall(5), Stall(STEPS)

    async def script(request: RenderRequest, step: int) -> None:
        await (stall if step == 5 else last)(request, step)
        if step == 8:
            await renderer.previews_requested.wait()

    renderer = PreviewRecorder(script=script)
    async with job_queue.worker(renderer):
        await stall.reached.wait()
        async with watching(job_queue, new, previews=True) as snapshots:
            stall.resume.set()
            await last.reached.wait()
            async with asyncio.timeout(30):
                async for snapshot in snapshots:
                    if snapshot.preview:
                        break
                else:
                    pytest.fail("the job ended without a preview")
        last.resume.set()


async def test_no_previews_are_made_unless_a_watcher_asks(job_queue: JobQueue) -> None:
    new = await job_queue.submit(signal=False)
    renderer = ScriptedRenderer()
    async with watching(job_queue, new) as snapshots, job_queue.worker(renderer):
        previews = {snapshot.preview async for snapshot in snapshots}
    assert previews == {b""}
    assert not renderer.renders[0].request.previews


class PreviewRecorder(ScriptedRenderer):
    """A renderer that sets an event when it is asked for previews."""

    def __init__(self, script: Script) -> None:
        super().__init__(script=script)
        self.previews_requested = asyncio.Event()

    async def show_previews(self, render: str) -> None:
        await super().show_previews(render)
        self.previews_requested.set()


def rank(job: Job) -> tuple[int, bool, int]:
    return (job.attempt, job.status.ended, job.progress.sequence if job.progress else 0)


async def step_is(job_queue: JobQueue, new: NewJob, step: int) -> bool:
    progress = (await job_queue.job(new.id)).progress
    return progress is not None and progress.step == step
