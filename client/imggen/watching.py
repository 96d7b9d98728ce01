"""Follows jobs and batches until they end, across server restarts."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from imggen.absence import Absence
from imggen.connection import Connection
from imggen.errors import ImggenError, Unavailable
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
        ImggenError: The server was never reached, or not again within `patience` seconds.
    """
    newest = WatchJobResponse()
    snapshots = _follow(
        connection,
        lambda: connection.stream(connection.jobs.WatchJob, request, timeout=None),
        lambda snapshot: has_ended(snapshot.job),
        patience,
    )
    async with aclosing(snapshots):
        async for snapshot in snapshots:
            # The server repeats a snapshot after a silence, and so does a new stream.
            if goes_back(newest.job, snapshot.job) or repeats(newest, snapshot):
                continue
            newest = snapshot
            yield snapshot


async def follow_batch(
    connection: Connection, request: WatchBatchRequest, *, patience: float
) -> AsyncGenerator[WatchBatchResponse, None]:
    """Yields snapshots until the batch has ended, reconnecting when the stream breaks.

    Raises:
        ImggenError: The server was never reached, or not again within `patience` seconds.
    """
    newest = WatchBatchResponse()
    snapshots = _follow(
        connection,
        lambda: connection.stream(connection.batches.WatchBatch, request, timeout=None),
        lambda snapshot: snapshot.batch.status != BATCH_STATUS_PROCESSING,
        patience,
    )
    async with aclosing(snapshots):
        async for snapshot in snapshots:
            if snapshot != newest:
                newest = snapshot
                yield snapshot


async def _follow(
    connection: Connection,
    stream: Callable[[], AsyncGenerator[Snapshot, None]],
    is_last: Callable[[Snapshot], bool],
    patience: float,
) -> AsyncGenerator[Snapshot, None]:
    """Yields the snapshots of a stream until the last, opening a new stream when one breaks."""
    absence = Absence(connection, patience)
    while True:
        try:
            async with aclosing(stream()) as snapshots:
                async for snapshot in snapshots:
                    absence.end()
                    yield snapshot
                    if is_last(snapshot):
                        return
            broken: ImggenError = Unavailable("the server ended the watch before the end")
        except ImggenError as error:
            broken = error
        await absence.pause(broken)


def repeats(seen: WatchJobResponse, now: WatchJobResponse) -> bool:
    """Returns whether a snapshot has nothing that the one before it did not have."""
    return not now.preview and now.job == seen.job and now.image == seen.image


def goes_back(seen: Job, now: Job) -> bool:
    """Returns whether a snapshot is older than one already seen, as a lagging server may send."""
    if now.attempt != seen.attempt:
        return now.attempt < seen.attempt
    running = seen.status == now.status == JOB_STATUS_PROCESSING
    return running and now.fraction < seen.fraction
