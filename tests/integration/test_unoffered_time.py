"""How long no model may draw a job is counted while workers look, and not while none is there."""

import pytest

from server.domain.jobs import Claim, Failure
from server.domain.lanes import JobLane
from server.domain.states import Lane
from tests.integration.job_queue import JobQueue
from tests.integration.lane_jobs import LEASE

REASONS = ["PROVIDER_FAILED", "CHECK_UNAVAILABLE"]
"""A wait for an offer, and one for a classifier."""


async def claim(queue: JobQueue) -> Claim:
    [claimed] = await queue.store.leases.claim("w", Lane.LOCAL, 1, LEASE)
    return claimed


async def waited(queue: JobQueue, reason: str, *, hour_ago: str) -> float:
    """Returns how long a job has waited that was last looked at an hour ago, after 50 seconds.

    Its lane has let it be claimed since then, and `hour_ago` says when that began.
    """
    await queue.submit()
    first = await claim(queue)
    lanes = [JobLane(Lane.LOCAL, ("a",))]
    assert await queue.store.leases.wait(first, Failure(reason, "no"), lanes)
    await queue.store.database.execute(
        "UPDATE image_generation_jobs SET updated_at = now() - interval '1 hour',"
        " no_offer_since = now() - interval '1 hour 50 s'"
    )
    await queue.store.database.execute(f"UPDATE job_lanes SET opens_at = {hour_ago}")
    again = await claim(queue)
    return again.unoffered_s + again.unchecked_s


@pytest.mark.parametrize("reason", REASONS)
async def test_time_without_any_worker_is_no_time_without_an_offer(
    job_queue: JobQueue, reason: str
) -> None:
    seconds = await waited(job_queue, reason, hour_ago="now() - interval '1 hour'")
    assert 50 <= seconds < 70
    # It stays so for the next look.
    [row] = await job_queue.store.database.fetch(
        "SELECT extract(epoch FROM now() - no_offer_since) AS s FROM image_generation_jobs"
    )
    assert 50 <= row["s"] < 100


async def test_time_until_a_lane_opens_counts(job_queue: JobQueue) -> None:
    seconds = await waited(job_queue, REASONS[0], hour_ago="now() - interval '1 s'")
    assert seconds >= 3_600


async def test_a_clock_that_is_slow_takes_nothing_away(job_queue: JobQueue) -> None:
    seconds = await waited(job_queue, REASONS[0], hour_ago="now() - interval '2 hours'")
    assert 50 <= seconds < 70
