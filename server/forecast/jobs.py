"""Forecasts of when jobs end, from measured times."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from server.clock import SYSTEM_CLOCK, Clock
from server.domain.jobs import Job, Outlook
from server.domain.lanes import JobLane
from server.domain.states import JobStatus, Lane
from server.forecast.fresh import Fresh

# Used before any job was measured: the specification's limit for an image.
_UNMEASURED = timedelta(seconds=30)
_FRESH_S = 5.0


class Forecast:
    """Forecasts of jobs; a lane's outlook is kept for 5 seconds, so that submits need no query.

    `look` loads an outlook. Without the database an older one is used, since a job that is
    committed must be answered.
    """

    def __init__(
        self, look: Callable[[Lane], Awaitable[Outlook]], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._clock = clock
        self._outlooks = Fresh(look, Outlook(0, 0, None, spec_version=0), fresh_s=_FRESH_S)

    async def outlook(self, lane: Lane) -> Outlook:
        """Returns how busy a lane is, a few seconds old at most."""
        return await self._outlooks.get(lane)

    async def completion(self, job: Job) -> datetime | None:
        """Returns when a job should end; None when it has ended, or while nobody can draw it.

        A waiting job should end in the one of its lanes in which it ends first.
        """
        if job.status.ended:
            return None
        now = self._clock.now()
        if job.status is JobStatus.QUEUED:
            ends = [await self._end_in(one, job.spec_version, now) for one in job.lanes]
            return min((end for end in ends if end is not None), default=None)
        outlook = await self.outlook(job.lane)
        if not outlook.served:
            return None
        return max(now, (job.started_at or now) + duration(outlook))

    async def paused(self, job: Job) -> bool:
        """Returns whether a job waits, and all lanes are paused that may take it."""
        if job.status is not JobStatus.QUEUED:
            return False
        outlooks = [await self.outlook(one.lane) for one in job.lanes]
        return all(outlook.paused for outlook in outlooks)

    async def _end_in(self, one: JobLane, spec_version: int, now: datetime) -> datetime | None:
        outlook = await self.outlook(one.lane)
        if outlook.paused or outlook.spec_version < spec_version:
            return None
        opens = max(now, one.opens_at or now)
        turns = 1 + outlook.waiting / max(1, outlook.at_once)
        return opens + outlook.cold_start + duration(outlook) * turns


def duration(outlook: Outlook) -> timedelta:
    """Returns the time of a job: the measured mean, or the specification's limit before any."""
    return outlook.mean_duration or _UNMEASURED
