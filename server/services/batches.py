"""BatchService: shows, watches, cancels and retries batches."""

from collections.abc import AsyncIterator, Sequence

from imggen.rules.checks import Checks
from imggen.v1 import batch_pb2, batch_pb2_grpc
from server.admission.batches import BatchAdmission
from server.admission.replay import once
from server.domain.batches import BatchImage
from server.domain.ids import BatchId, StoryId
from server.identity.caller import Context, caller
from server.metrics import GatewayMetrics
from server.replies.batches import BatchReplies
from server.replies.pages import fitting
from server.requests.page_tokens import page_request, page_token
from server.requests.request_key import request_key
from server.store import Store
from server.watching.batches import BatchWatches


class BatchService(batch_pb2_grpc.BatchServiceServicer):
    """Shows callers their batches."""

    def __init__(
        self,
        store: Store,
        admission: BatchAdmission,
        watches: BatchWatches,
        replies: BatchReplies,
        metrics: GatewayMetrics,
    ) -> None:
        self._store = store
        self._admission = admission
        self._watches = watches
        self._replies = replies
        self._metrics = metrics

    async def GetBatch(
        self, request: batch_pb2.GetBatchRequest, context: Context
    ) -> batch_pb2.GetBatchResponse:
        """Returns a batch with its images."""
        batch = await self._admission.get(caller().user_id, _batch_id(request.batch_id))
        images = await self._store.batches.images(batch.id)
        return batch_pb2.GetBatchResponse(
            batch=await self._replies.batch(batch), images=await self._images(images)
        )

    async def ListBatches(
        self, request: batch_pb2.ListBatchesRequest, context: Context
    ) -> batch_pb2.ListBatchesResponse:
        """Returns a page of batches."""
        checks = Checks()
        asked = page_request(checks, request)
        story = checks.id("story_id", request.story_id, StoryId, required=False)
        page = checks.complete(asked)
        listing = await self._store.batches.page(caller().user_id, page, story)
        shown, last = fitting(listing, [await self._replies.batch(one) for one in listing.rows])
        return batch_pb2.ListBatchesResponse(
            batches=shown, next_page_token=page_token(request, last)
        )

    async def WatchBatch(
        self, request: batch_pb2.WatchBatchRequest, context: Context
    ) -> AsyncIterator[batch_pb2.WatchBatchResponse]:
        """Streams snapshots of a batch until it has ended."""
        batch = await self._admission.get(caller().user_id, _batch_id(request.batch_id))
        with self._metrics.watchers.track_inprogress():
            async with self._watches.watch(batch.id) as watch:
                async for snapshot in watch.snapshots():
                    yield batch_pb2.WatchBatchResponse(
                        batch=await self._replies.batch(snapshot.batch),
                        images=await self._images(snapshot.images),
                    )

    async def CancelBatch(
        self, request: batch_pb2.CancelBatchRequest, context: Context
    ) -> batch_pb2.CancelBatchResponse:
        """Cancels the jobs of a batch, or asks their workers to."""
        batch = await self._admission.cancel(caller().user_id, _batch_id(request.batch_id))
        return batch_pb2.CancelBatchResponse(batch=await self._replies.batch(batch))

    async def RetryBatch(
        self, request: batch_pb2.RetryBatchRequest, context: Context
    ) -> batch_pb2.RetryBatchResponse:
        """Queues the failed and cancelled jobs of a batch again."""
        checks, user = Checks(), caller().user_id
        asked = checks.id("batch_id", request.batch_id, BatchId)
        key = request_key(checks, request)

        async def retry() -> BatchId | None:
            return await self._admission.retry(user, checks.complete(asked), key)

        retried = await once(user, key, self._store.retries.find, retry)
        batch = await self._admission.get(user, BatchId(retried))
        return batch_pb2.RetryBatchResponse(batch=await self._replies.batch(batch))

    async def _images(self, images: Sequence[BatchImage]) -> list[batch_pb2.BatchImage]:
        return [await self._replies.image(image) for image in images]


def _batch_id(value: str) -> BatchId:
    checks = Checks()
    return checks.complete(checks.id("batch_id", value, BatchId))
