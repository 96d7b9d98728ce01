"""Follows jobs and batches until they end, across server restarts."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from imggen.absence import Absence
from imggen.connection import Connection
from imggen.errors import Cancelled, Unavailable
from imggen.v1.batch_pb2 import BATCH_STATUS_PROCESSING, WatchBatchRequest, WatchBatchResponse
from imggen.v1.job_pb2 import (
    JOB_STATUS_CANCELLED,
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    Job,
    WatchJobRequest,
    WatchJobResponse,
)

Snapshot = TypeVar("Snapshot")


def has_ended(job: Job) -> bool:
    """Returns whether the job has ended: completed, failed or cancelled."""
    return job.status in (JOB_STATUS_COMPLETED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED)


async def follow(
    connection: Connection, request: WatchJobRequest, *, patience: float
) -> AsyncGenerator[WatchJobResponse, None]:
    """Yields snapshots until the job has ended, reconnecting when the stream breaks.

    Raises:
        Unavailable: The server was never reached, or not again within `patience` seconds.
    """
    newest = Job()
    snapshots = _follow(
        connection,
        lambda: connection.stream(connection.jobs.WatchJob, request, timeout=None),
        lambda snapshot: has_ended(snapshot.job),
        patience,
    )
    async with aclosing(snapshots):
        async for snapshot in snapshots:
            if not goes_back(newest, snapshot.job):
                newest = snapshot.job
                yield snapshot


async def follow_batch(
    connection: Connection, request: WatchBatchRequest, *, patience: float
) -> AsyncGenerator[WatchBatchResponse, None]:
    """Yields snapshots until the batch has ended, reconnecting when the stream breaks.

    Raises:
        Unavailable: The server was never reached, or not again within `patience` seconds.
    """
    snapshots = _follow(
        connection,
        lambda: connection.stream(connection.batches.WatchBatch, request, timeout=None),
        lambda snapshot: snapshot.batch.status != BATCH_STATUS_PROCESSING,
        patience,
    )
    async with aclosing(snapshots):
        async for snapshot in snapshots:
            yield snapshot


async def _follow(
    connection: Connection,
    stream: Callable[[], AsyncGenerator[Snapshot, None]],
    is_last: Callable[[Snapshot], bool],
    patience: float,
) -> AsyncGenerator[Snapshot, None]:
    """Yields the snapshots of a stream until the last, opening a new stream when one breaks."""
    absence = Absence(patience)
    while True:
        try:
            async with aclosing(stream()) as snapshots:
                async for snapshot in snapshots:
                    absence.end()
                    yield snapshot
                    if is_last(snapshot):
                        return
        # A stopping server cancels its streams; the caller's own cancel is not an ImggenError.
        except (Unavailable, Cancelled) as error:
            if not connection.reached:
                raise
            await absence.pause(error)
        else:
            await absence.pause(Unavailable("the server ended the watch before the end"))


def goes_back(seen: Job, now: Job) -> bool:
    """Returns whether a snapshot is older than one already seen, as a lagging server may send."""
    if now.attempt != seen.attempt:
        return now.attempt < seen.attempt
    running = seen.status == now.status == JOB_STATUS_PROCESSING
    return running and now.fraction < seen.fraction
