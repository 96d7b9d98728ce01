"""Forecasts of when jobs end, from how busy the system is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from imggen.v1 import errors_pb2
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Job, Outlook
from server.domain.lanes import JobLane
from server.domain.states import JobKind, JobStatus, Lane
from server.errors import Unavailable
from server.forecast.jobs import Forecast

SECONDS_8 = timedelta(seconds=8)


def _job(status: JobStatus, **changes: Any) -> Job:
    return Job(
        JobId(uuid4()),
        UserId(uuid4()),
        ImageId(uuid4()),
        JobKind.SCENE,
        Lane.LOCAL,
        (JobLane(Lane.LOCAL, ("storybook",)),),
        status,
        2,
        0,
        0,
        3,
        False,
        "storybook",
        "local",
        0,
        0,
        datetime.now(UTC),
        **changes,
    )


async def _seconds(outlook: Outlook, job: Job) -> float:
    async def look(_lane: Lane) -> Outlook:
        return outlook

    at = await Forecast(look).completion(job)
    assert at is not None
    return (at - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize(
    ("outlook", "seconds"),
    [
        (Outlook(0, 0, None), 30),
        (Outlook(0, 2, SECONDS_8), 8),
        (Outlook(10, 2, SECONDS_8), 48),
        # a model that sleeps starts first
        (Outlook(10, 2, SECONDS_8, cold_start=timedelta(seconds=40)), 88),
        (Outlook(10, 0, SECONDS_8), 88),
    ],
)
async def test_a_waiting_job_ends_after_those_before_it(outlook: Outlook, seconds: int) -> None:
    assert await _seconds(outlook, _job(JobStatus.QUEUED)) == pytest.approx(seconds, abs=2)


async def test_a_running_job_ends_after_a_typical_time_and_never_in_the_past() -> None:
    now = datetime.now(UTC)
    started = _job(JobStatus.PROCESSING, started_at=now - timedelta(seconds=5))
    assert await _seconds(Outlook(9, 1, SECONDS_8), started) == pytest.approx(3, abs=2)
    overdue = _job(JobStatus.PROCESSING, started_at=now - timedelta(hours=1))
    assert await _seconds(Outlook(9, 1, SECONDS_8), overdue) == pytest.approx(0, abs=2)


async def test_an_ended_job_has_no_forecast() -> None:
    async def look(_lane: Lane) -> Outlook:
        raise AssertionError("nobody needs it")

    assert await Forecast(look).completion(_job(JobStatus.FAILED)) is None


@pytest.mark.parametrize(
    ("local", "hosted", "opens_s", "seconds"),
    [(8, 40, 0, 8), (40, 8, 0, 8), (40, 8, 16, 24), (40, 8, 60, 40), (None, 8, 0, 8)],
)
async def test_a_waiting_job_ends_in_the_lane_that_ends_it_first(
    local: int | None, hosted: int, opens_s: int, seconds: int
) -> None:
    async def look(lane: Lane) -> Outlook:
        takes = local if lane is Lane.LOCAL else hosted
        return Outlook(
            0, 1, timedelta(seconds=takes or 1), spec_version=4 if takes is not None else 0
        )

    opens_at = datetime.now(UTC) + timedelta(seconds=opens_s)
    lanes = (JobLane(Lane.LOCAL, ("a",)), JobLane(Lane.HOSTED, ("b",), opens_at))
    at = await Forecast(look).completion(replace(_job(JobStatus.QUEUED), lanes=lanes))
    assert at is not None
    assert (at - datetime.now(UTC)).total_seconds() == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize(("version", "known"), [(1, True), (3, True), (4, False)])
async def test_a_job_that_the_workers_are_too_old_for_has_no_forecast(
    version: int, known: bool
) -> None:
    async def look(_lane: Lane) -> Outlook:
        return Outlook(0, 1, SECONDS_8, spec_version=3)

    job = replace(_job(JobStatus.QUEUED), spec_version=version)
    assert (await Forecast(look).completion(job) is not None) == known


async def test_a_running_job_ends_in_the_lane_in_which_it_runs() -> None:
    async def look(lane: Lane) -> Outlook:
        return Outlook(0, 1, SECONDS_8 if lane is Lane.LOCAL else 5 * SECONDS_8)

    running = _job(JobStatus.PROCESSING, started_at=datetime.now(UTC))
    at = await Forecast(look).completion(replace(running, lane=Lane.HOSTED))
    assert at is not None
    assert (at - datetime.now(UTC)).total_seconds() == pytest.approx(40, abs=2)


async def test_many_jobs_share_one_query() -> None:
    asked = 0

    async def look(_lane: Lane) -> Outlook:
        nonlocal asked
        asked += 1
        return Outlook(0, 1, SECONDS_8)

    forecast = Forecast(look)
    for _ in range(5):
        await forecast.completion(_job(JobStatus.QUEUED))
    assert asked == 1


async def test_a_database_that_is_away_costs_only_the_forecast() -> None:
    async def look(_lane: Lane) -> Outlook:
        raise Unavailable("away", errors_pb2.ERROR_REASON_DATABASE_UNAVAILABLE)

    assert await Forecast(look).completion(_job(JobStatus.QUEUED)) is None


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.PROCESSING])
async def test_no_end_is_forecast_while_nobody_can_draw(status: JobStatus) -> None:
    async def look(_lane: Lane) -> Outlook:
        return Outlook(3, 0, SECONDS_8, spec_version=0)

    assert await Forecast(look).completion(_job(status)) is None
