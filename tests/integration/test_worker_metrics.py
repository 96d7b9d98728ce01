"""What a worker measures: claims, waits, stages, slots in use, and how attempts end."""

from actors.testing.metrics import KeptMetrics
from actors.testing.scripted import ScriptedRenderer
from actors.worker.metrics import Ending
from server.domain.states import JobStatus, Lane, Stage
from server.errors import Unavailable
from tests.integration.job_queue import JobQueue, Stall, failing, stalling, until
from tests.integration.test_worker_ends import expire

AWAY = Unavailable("the device is away")


async def test_a_completed_job_leaves_its_wait_its_stages_and_its_slot(
    job_queue: JobQueue,
) -> None:
    kept, stall = KeptMetrics(), Stall(3)
    new = await job_queue.submit()
    async with job_queue.worker(
        ScriptedRenderer(script=stall), slots={"local": 2, "hosted": 3}, metrics=kept
    ):
        await stall.reached.wait()
        assert kept.used == {Lane.LOCAL: [0, 1], Lane.HOSTED: [0, 0]}
        stall.resume.set()
        await job_queue.becomes(new, JobStatus.COMPLETED)
    assert kept.slots == {Lane.LOCAL: 2, Lane.HOSTED: 3}
    assert kept.used[Lane.LOCAL][-1] == 0
    assert kept.ends == {(Ending.COMPLETED, ""): 1}
    assert kept.stages == list(Stage)
    assert len(kept.waited_s) == 1
    assert kept.waited_s[0] > 0
    assert kept.claims >= 2  # of each lane
    assert kept.skews_s


async def test_a_retry_is_no_new_wait_and_a_last_failure_has_its_reason(
    job_queue: JobQueue,
) -> None:
    kept = KeptMetrics()
    new = await job_queue.submit()
    async with job_queue.worker(ScriptedRenderer(script=failing(AWAY)), metrics=kept):
        job = await job_queue.becomes(new, JobStatus.FAILED)
    assert job.failure is not None
    reason = job.failure.reason
    assert kept.ends == {(Ending.RETRIED, reason): job.retry_count, (Ending.FAILED, reason): 1}
    assert len(kept.waited_s) == 1
    assert kept.stages == []


async def test_a_cancel_a_drain_and_a_lost_lease_are_told_apart(job_queue: JobQueue) -> None:
    cancelled, drained, lost = KeptMetrics(), KeptMetrics(), KeptMetrics()
    new, stall = await job_queue.submit(), Stall(3)
    script = stalling(stall, Stall(4))
    async with job_queue.worker(ScriptedRenderer(script=script), metrics=cancelled):
        await stall.reached.wait()
        await job_queue.cancel(new)
        stall.resume.set()
        await job_queue.becomes(new, JobStatus.CANCELLED)
    assert cancelled.ends == {(Ending.CANCELLED, ""): 1}
    new, stall = await job_queue.submit(), Stall(3)
    async with job_queue.worker(ScriptedRenderer(script=stall), metrics=drained, drain_s=0.1):
        await stall.reached.wait()
    assert drained.ends == {(Ending.RETURNED, ""): 1}
    stall = Stall(3)
    late, other = ScriptedRenderer(script=stalling(stall, Stall(4))), KeptMetrics()
    # With one slot it cannot claim the job again, and no heartbeat renews the lease.
    async with job_queue.worker(
        late, metrics=lost, slots={"local": 1}, lease_s=600, heartbeat_s=300
    ):
        await stall.reached.wait()
        await expire(job_queue, new)
        async with job_queue.worker(name="other", metrics=other, heartbeat_s=0.1):
            await job_queue.becomes(new, JobStatus.COMPLETED)
        stall.resume.set()
        await until(lambda: _ended(lost))
    assert lost.ends == {(Ending.LOST, ""): 1}
    assert lost.rescued + other.rescued == 1
    assert other.ends == {(Ending.COMPLETED, ""): 1}


async def _ended(kept: KeptMetrics) -> bool:
    return bool(kept.ends)
