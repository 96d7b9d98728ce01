"""The synchronous client's methods for whole stories and their batches."""

from collections.abc import Iterator
from typing import Unpack

from imggen.batches import BatchCalls, BatchSnapshot
from imggen.boundary import bounded
from imggen.looping import LoopThread
from imggen.orders import WholeStoryFields
from imggen.v1.batch_pb2 import Batch, GetBatchResponse
from imggen.v1.story_pb2 import Story


@bounded
class SyncBatchCalls:
    """The methods of `SyncClient` for whole stories and batches."""

    _client: BatchCalls
    _loop: LoopThread

    def generate_story(self, story: Story | str, **fields: Unpack[WholeStoryFields]) -> Batch:
        """Requests all images of a story in one style; returns the batch.

        Missing and stale portraits are drawn first, then the cover and the pages, each as soon as
        the portraits of its characters are drawn.
        """
        return self._loop.run(self._client.generate_story(story, **fields))

    def get_batch(self, batch: Batch | str) -> GetBatchResponse:
        """Gets a batch with its images."""
        return self._loop.run(self._client.get_batch(batch))

    def list_batches(self, *, story: Story | str = "", page_size: int = 0) -> Iterator[Batch]:
        """Yields all batches, or those of a story, the newest first."""
        return self._loop.iterate(self._client.list_batches(story=story, page_size=page_size))

    def watch_batch(self, batch: Batch | str) -> Iterator[BatchSnapshot]:
        """Yields snapshots of a batch and its images until it has ended.

        When the connection breaks, the watch reconnects and continues.
        """
        return self._loop.iterate(self._client.watch_batch(batch))

    def wait_batch(self, batch: Batch | str, timeout: float | None = None) -> BatchSnapshot:
        """Waits for the end of a batch and returns its last snapshot, failed images included.

        With a `timeout` it goes on to its end, however long the server is away.

        Raises:
            DeadlineExceeded: The batch has not ended within `timeout` seconds; it continues.
        """
        return self._loop.run(self._client.wait_batch(batch, timeout))

    def cancel_batch(self, batch: Batch | str) -> Batch:
        """Cancels all jobs that have not ended: queued at once, running before the next step."""
        return self._loop.run(self._client.cancel_batch(batch))

    def retry_batch(self, batch: Batch | str, *, request_id: str | None = None) -> Batch:
        """Queues all failed and cancelled jobs of a batch again, with all their retries."""
        return self._loop.run(self._client.retry_batch(batch, request_id=request_id))
