"""Follows a job to its end, across server restarts and without ever going back."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from imggen.absence import Absence
from imggen.connection import Connection
from imggen.errors import Cancelled, Unavailable
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    Job,
    WatchJobRequest,
    WatchJobResponse,
)


def has_ended(job: Job) -> bool:
    """Says whether the job is in a state that it does not leave by itself."""
    return job.status in (JOB_STATUS_COMPLETED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED)


async def follow(
    connection: Connection, request: WatchJobRequest, *, patience: float
) -> AsyncGenerator[WatchJobResponse, None]:
    """Yields snapshots until the job has ended, resuming when the stream breaks.

    Raises:
        Unavailable: The server was never reached, or was away for longer than `patience` seconds.
    """
    newest = Job()
    absence = Absence(patience)
    while not has_ended(newest):
        try:
            snapshots = connection.stream(connection.jobs.WatchJob, request, timeout=None)
            async with aclosing(snapshots):
                async for snapshot in snapshots:
                    absence.end()
                    if goes_back(newest, snapshot.job):
                        continue
                    newest = snapshot.job
                    yield snapshot
        # A server that stops cancels the streams it still has; our own cancel is no ImggenError.
        except (Unavailable, Cancelled) as error:
            if not connection.reached:
                raise
            await absence.pause(error)
        else:
            if not has_ended(newest):
                await absence.pause(Unavailable("the server ended the watch before the job ended"))


def goes_back(seen: Job, now: Job) -> bool:
    """Says whether a snapshot is older than one already seen, as a lagging server may send."""
    if now.attempt != seen.attempt:
        return now.attempt < seen.attempt
    running = seen.status == now.status == JOB_STATUS_PROCESSING
    return running and now.fraction < seen.fraction
