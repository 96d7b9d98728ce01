"""The client's methods for whole stories and their batches."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Unpack

from imggen.boundary import bounded
from imggen.calls import Calls, or_new
from imggen.errors import DeadlineExceeded
from imggen.fields import batch_id_of, id_of
from imggen.orders import WholeStoryFields, story_request
from imggen.paging import pages
from imggen.v1 import batch_pb2
from imggen.v1.batch_pb2 import Batch, GetBatchResponse, WatchBatchResponse
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.story_pb2 import Story
from imggen.watching import follow_batch

# A complete snapshot of a batch: `batch`, and `images` with their jobs.
BatchSnapshot = WatchBatchResponse


@bounded
class BatchCalls(Calls):
    """The methods of `Client` for whole stories and batches."""

    async def generate_story(self, story: Story | str, **fields: Unpack[WholeStoryFields]) -> Batch:
        """Requests all images of a story in one style; returns the batch.

        Missing and stale portraits are drawn first, then the cover and the pages, each as soon as
        the portraits of its characters are drawn.
        """
        request = story_request(story, **fields)
        return (await self._call(self._connection.generation.GenerateStory, request)).batch

    async def get_batch(self, batch: Batch | str) -> GetBatchResponse:
        """Gets a batch with its images."""
        request = batch_pb2.GetBatchRequest(batch_id=batch_id_of(batch))
        return await self._call(self._connection.batches.GetBatch, request)

    def list_batches(
        self, *, story: Story | str = "", page_size: int = 0
    ) -> AsyncGenerator[Batch, None]:
        """Yields all batches, or those of a story, the newest first."""
        request = batch_pb2.ListBatchesRequest(story_id=id_of(story), page_size=page_size)
        return pages(
            lambda: self._call(self._connection.batches.ListBatches, request),
            request,
            lambda page: page.batches,
        )

    def watch_batch(self, batch: Batch | str) -> AsyncGenerator[BatchSnapshot, None]:
        """Yields snapshots of a batch and its images until it has ended.

        When the connection breaks, the watch reconnects and continues.
        """
        request = batch_pb2.WatchBatchRequest(batch_id=batch_id_of(batch))
        return follow_batch(self._connection, request, patience=self._patience)

    async def wait_batch(self, batch: Batch | str, timeout: float | None = None) -> BatchSnapshot:
        """Waits for the end of a batch and returns its last snapshot, failed images included.

        With a `timeout` it goes on to its end, however long the server is away.

        Raises:
            DeadlineExceeded: The batch has not ended within `timeout` seconds; it continues.
        """
        last = BatchSnapshot()
        patience = self._patience if timeout is None else math.inf
        request = batch_pb2.WatchBatchRequest(batch_id=batch_id_of(batch))
        followed = follow_batch(self._connection, request, patience=patience)
        try:
            async with asyncio.timeout(timeout), aclosing(followed) as snapshots:
                async for snapshot in snapshots:
                    last = snapshot
        except TimeoutError as late:
            if isinstance(late, DeadlineExceeded):
                raise
            raise DeadlineExceeded(
                f"batch {batch_id_of(batch)} has not ended within {timeout:g} s; it continues: "
                "wait for it again, or cancel it",
                reason=ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
            ) from late
        return last

    async def cancel_batch(self, batch: Batch | str) -> Batch:
        """Cancels all jobs that have not ended: queued at once, running before the next step."""
        request = batch_pb2.CancelBatchRequest(batch_id=batch_id_of(batch))
        return (await self._call(self._connection.batches.CancelBatch, request)).batch

    async def retry_batch(self, batch: Batch | str, *, request_id: str | None = None) -> Batch:
        """Queues all failed and cancelled jobs of a batch again, with all their retries."""
        request = batch_pb2.RetryBatchRequest(
            batch_id=batch_id_of(batch),
            request_id=or_new(request_id),
        )
        return (await self._call(self._connection.batches.RetryBatch, request)).batch
