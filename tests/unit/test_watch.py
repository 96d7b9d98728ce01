"""The snapshots of one watch: the newest, once, and never an older one."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Job, Progress
from server.domain.lanes import JobLane
from server.domain.states import JobKind, JobStatus, Lane, Stage
from server.watching.jobs import JobSnapshot, JobWatch, Preview

QUEUED = Job(
    id=JobId(uuid4()),
    user_id=UserId(uuid4()),
    image_id=ImageId(uuid4()),
    kind=JobKind.SCENE,
    lane=Lane.LOCAL,
    lanes=(JobLane(Lane.LOCAL, ("storybook",)),),
    status=JobStatus.QUEUED,
    priority=2,
    attempt=0,
    retry_count=0,
    max_retries=3,
    cancel_requested=False,
    model="storybook",
    provider="local",
    estimated_micros=0,
    actual_micros=0,
    created_at=datetime(2026, 5, 1, tzinfo=UTC),
)
DONE = replace(QUEUED, status=JobStatus.COMPLETED, attempt=1)


def _running(sequence: int, attempt: int = 1, **changes: Any) -> Job:
    progress = Progress(sequence, Stage.RENDERING, sequence, 20, sequence / 20)
    return replace(
        QUEUED, status=JobStatus.PROCESSING, attempt=attempt, progress=progress, **changes
    )


async def _shown(watch: JobWatch) -> list[JobSnapshot]:
    """Returns the snapshots of a watch until the job has ended."""
    async with asyncio.timeout(10):
        return [snapshot async for snapshot in watch.snapshots()]


async def test_only_the_newest_is_shown() -> None:
    watch = JobWatch(previews=False)
    for job in (QUEUED, _running(1), _running(2), DONE):
        watch.offer(job)
    assert await _shown(watch) == [JobSnapshot(DONE)]


async def test_each_state_is_shown_to_a_watcher_that_keeps_up() -> None:
    watch = JobWatch(previews=False)
    jobs = [QUEUED, _running(1), _running(2), _running(1, attempt=2), DONE]
    jobs[-1] = replace(DONE, attempt=2)
    seen = []
    watch.offer(jobs[0])
    async for snapshot in watch.snapshots():
        seen.append(snapshot.job)
        if len(seen) < len(jobs):
            watch.offer(jobs[len(seen)])
    assert seen == jobs


async def test_an_older_read_is_not_shown() -> None:
    watch = JobWatch(previews=False)
    shown = watch.snapshots()
    for newer, older in ((_running(5), _running(4)), (_running(1, 2), _running(9, 1))):
        watch.offer(newer)
        watch.offer(older)
        assert (await anext(shown)).job == newer
    await shown.aclose()


async def test_the_same_read_again_is_not_shown() -> None:
    watch = JobWatch(previews=False)
    watch.offer(_running(5))
    shown = watch.snapshots()
    await anext(shown)
    watch.offer(_running(5))
    watch.offer(DONE)
    assert (await anext(shown)).job == DONE
    await shown.aclose()


async def test_a_requested_cancel_is_shown() -> None:
    watch = JobWatch(previews=False)
    watch.offer(_running(5))
    watch.offer(_running(5, cancel_requested=True))
    watch.offer(replace(DONE, status=JobStatus.CANCELLED))
    assert (await _shown(watch))[-1].job.status is JobStatus.CANCELLED


async def test_a_preview_is_shown_once_and_not_lost_with_a_skipped_snapshot() -> None:
    watch = JobWatch(previews=True)
    preview = Preview(1, 4, b"jpeg")
    watch.offer(_running(4), preview)
    watch.offer(_running(5), preview)
    shown = watch.snapshots()
    assert await anext(shown) == JobSnapshot(_running(5), b"jpeg")
    watch.offer(_running(6), preview)
    assert await anext(shown) == JobSnapshot(_running(6), b"")
    await shown.aclose()


async def test_a_new_preview_alone_is_shown() -> None:
    watch = JobWatch(previews=True)
    shown = watch.snapshots()
    watch.offer(_running(4))
    await anext(shown)
    watch.offer(_running(4), Preview(1, 4, b"jpeg"))
    assert (await anext(shown)).preview == b"jpeg"
    await shown.aclose()


async def test_a_preview_is_shown_only_for_its_attempt_and_on_request() -> None:
    asked, other = JobWatch(previews=True), JobWatch(previews=False)
    for watch in (asked, other):
        shown = watch.snapshots()
        watch.offer(_running(4, attempt=2), Preview(1, 9, b"jpeg"))
        assert (await anext(shown)).preview == b""
        watch.offer(_running(5, attempt=2), Preview(2, 5, b"new"))
        assert (await anext(shown)).preview == (b"new" if watch is asked else b"")
        await shown.aclose()


async def test_a_preview_waits_for_the_read_of_its_report() -> None:
    watch = JobWatch(previews=True)
    shown = watch.snapshots()
    watch.offer(_running(4), Preview(1, 5, b"jpeg"))
    assert (await anext(shown)).preview == b""
    watch.offer(_running(5), Preview(1, 5, b"jpeg"))
    assert (await anext(shown)).preview == b"jpeg"


async def test_a_repeated_snapshot_has_no_preview_again() -> None:
    watch = JobWatch(previews=True, silence_s=0.001)
    shown = watch.snapshots()
    watch.offer(_running(4), Preview(1, 4, b"jpeg"))
    assert await anext(shown) == JobSnapshot(_running(4), b"jpeg")
    assert await anext(shown) == JobSnapshot(_running(4))
    await shown.aclose()
