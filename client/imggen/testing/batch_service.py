"""The fake's servicer of batches."""

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc.aio

from imggen.fields import short_name
from imggen.rules.checks import Checks
from imggen.rules.paging import read_page
from imggen.rules.states import batch_ended, batch_not_retryable
from imggen.testing.batches import Batches, FakeBatch
from imggen.testing.lists import page_of
from imggen.testing.memory import Memory, read_key
from imggen.testing.worker import Worker
from imggen.v1 import batch_pb2
from imggen.v1.batch_pb2_grpc import BatchServiceServicer
from imggen.watching import has_ended

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class BatchService(BatchServiceServicer):
    """The fake's servicer of batches."""

    def __init__(self, memory: Memory, worker: Worker, batches: Batches) -> None:
        self._memory = memory
        self._worker = worker
        self._batches = batches

    async def GetBatch(
        self, request: batch_pb2.GetBatchRequest, context: Context
    ) -> batch_pb2.GetBatchResponse:
        """Gets a batch with its images."""
        batch, images = self._batches.show(self._find(request.batch_id))
        return batch_pb2.GetBatchResponse(batch=batch, images=images)

    async def ListBatches(
        self, request: batch_pb2.ListBatchesRequest, context: Context
    ) -> batch_pb2.ListBatchesResponse:
        """Lists the batches, the newest first."""
        checks = Checks()
        asked = read_page(checks, request)
        story = checks.id("story_id", request.story_id, str, required=False)
        found = [
            (number, self._batches.show(batch)[0])
            for number, batch in self._memory.batches.newest()
            if story in (None, batch.message.story_id)
        ]
        page, token = page_of(checks, request, asked, found)
        return batch_pb2.ListBatchesResponse(batches=page, next_page_token=token)

    async def WatchBatch(
        self, request: batch_pb2.WatchBatchRequest, context: Context
    ) -> AsyncIterator[batch_pb2.WatchBatchResponse]:
        """Streams snapshots until the batch has ended."""
        found = self._find(request.batch_id)
        last = batch_pb2.WatchBatchResponse()
        while True:
            change = self._memory.change()
            batch, images = self._batches.show(found)
            now = batch_pb2.WatchBatchResponse(batch=batch, images=images)
            if now != last:
                yield now
                last = now
            if batch.status != batch_pb2.BATCH_STATUS_PROCESSING:
                return
            await change.wait()

    async def CancelBatch(
        self, request: batch_pb2.CancelBatchRequest, context: Context
    ) -> batch_pb2.CancelBatchResponse:
        """Cancels the jobs that have not ended; a repeated cancel returns the batch as it is."""
        found = self._find(request.batch_id)
        batch, images = self._batches.show(found)
        running = [image.job.job_id for image in images if not has_ended(image.job)]
        if not running and not any(image.job.cancel_requested for image in images):
            raise batch_ended(batch.batch_id, short_name(batch_pb2.BatchStatus, batch.status))
        for job in reversed(running):  # jobs before those that they need
            self._worker.cancel(self._memory.jobs[job])
        return batch_pb2.CancelBatchResponse(batch=self._batches.show(found)[0])

    async def RetryBatch(
        self, request: batch_pb2.RetryBatchRequest, context: Context
    ) -> batch_pb2.RetryBatchResponse:
        """Queues the failed and cancelled jobs again."""
        checks = Checks()
        asked = checks.id("batch_id", request.batch_id, str)
        key = read_key(checks, request.request_id)

        def retry() -> str:
            batch = self._memory.batches[checks.complete(asked)]
            if not self._batches.retry(batch):
                raise batch_not_retryable(batch.message.batch_id)
            return batch.message.batch_id

        retried = self._memory.once("retries", key, request, retry)
        batch, _ = self._batches.show(self._memory.batches[retried])
        return batch_pb2.RetryBatchResponse(batch=batch)

    def _find(self, id: str) -> FakeBatch:
        checks = Checks()
        return self._memory.batches[checks.complete(checks.id("batch_id", id, str))]
