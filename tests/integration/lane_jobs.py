"""Jobs that wait in several lanes, for tests of the queue."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from server.domain.ids import JobId, UserId
from server.domain.jobs import Claim, Job, NewJob
from server.domain.lanes import JobLane
from server.domain.states import Lane
from server.store import Store
from tests.builders import new_job, new_user

LEASE = timedelta(seconds=60)
LATER = datetime(2099, 1, 1, tzinfo=UTC)
LOCAL = JobLane(Lane.LOCAL, ("storybook",))
HOSTED = JobLane(Lane.HOSTED, ("image-2", "image-2-mini"))
BOTH = (LOCAL, HOSTED)


@dataclass
class JobInLanes:
    """A job that waits in two lanes, and the store that has it."""

    store: Store
    user: UserId
    new: NewJob

    async def claim(self, lane: Lane = Lane.LOCAL, lease: timedelta = LEASE) -> Claim:
        [claim] = await self.store.leases.claim("w", lane, 1, lease)
        assert claim.job_id == self.new.id
        return claim

    async def job(self) -> Job:
        job = await self.store.jobs.get(self.user, self.new.id)
        assert job is not None
        return job


async def waiting_in_both(store: Store) -> JobInLanes:
    """Submits a job that waits in both lanes."""
    user = await new_user(store)
    new = new_job(user, lanes=BOTH)
    assert await store.submits.submit(new)
    return JobInLanes(store, user, new)


async def lanes_of(store: Store) -> dict[str, int]:
    """Returns the lanes in which jobs stand, with their turns, where one job waits."""
    rows = await store.database.fetch("SELECT lane, turn FROM job_lanes")
    return {row["lane"]: row["turn"] for row in rows}


async def submit(store: Store, user: UserId, jobs: int, *lanes: JobLane) -> list[NewJob]:
    new = [new_job(user, lanes=lanes) for _ in range(jobs)]
    assert all(await store.submits.submit_each(new))
    return new


async def standing(store: Store, lane: Lane) -> list[JobId]:
    """Returns the jobs that stand in a lane, in order."""
    rows = await store.database.fetch(
        "SELECT job_id FROM job_lanes WHERE lane = $1 ORDER BY priority, turn, queued_at", lane
    )
    return [JobId(row["job_id"]) for row in rows]
