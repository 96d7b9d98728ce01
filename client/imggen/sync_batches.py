"""What the synchronous client can do with whole stories and the batches that draw them."""

from collections.abc import Iterator

from imggen.batches import BatchCalls, BatchSnapshot
from imggen.looping import LoopThread
from imggen.v1.batch_pb2 import Batch, GetBatchResponse
from imggen.v1.story_pb2 import Story


class SyncBatchCalls:
    """Is the part of `SyncClient` that is about whole stories."""

    _client: BatchCalls
    _loop: LoopThread

    def generate_story(
        self,
        story: Story | str,
        *,
        style: str = "",
        portraits: bool = True,
        scenes: bool = True,
        cover: bool = False,
        images_per_page: int = 1,
        model: str = "",
        quality: str = "",
        priority: int | None = None,
        request_id: str | None = None,
    ) -> Batch:
        """Asks for all pictures of a story in one style; returns the batch.

        Portraits that are missing or stale come first, then the cover and the pages, each as
        soon as the portraits of its characters are there.
        """
        return self._loop.run(
            self._client.generate_story(
                story,
                style=style,
                portraits=portraits,
                scenes=scenes,
                cover=cover,
                images_per_page=images_per_page,
                model=model,
                quality=quality,
                priority=priority,
                request_id=request_id,
            )
        )

    def get_batch(self, batch: Batch | str) -> GetBatchResponse:
        """Gets a batch as it is now, with its images."""
        return self._loop.run(self._client.get_batch(batch))

    def list_batches(self, *, story: Story | str = "", page_size: int = 0) -> Iterator[Batch]:
        """Yields all batches, or those of a story, the newest first."""
        return self._loop.iterate(self._client.list_batches(story=story, page_size=page_size))

    def watch_batch(self, batch: Batch | str) -> Iterator[BatchSnapshot]:
        """Yields snapshots of a batch and its images until it has ended.

        A watch outlives its server: it resumes with the next one.
        """
        return self._loop.iterate(self._client.watch_batch(batch))

    def wait_batch(self, batch: Batch | str, timeout: float | None = None) -> BatchSnapshot:
        """Waits for the end of a batch and returns its last snapshot, failed images included.

        Raises:
            DeadlineExceeded: The batch has not ended within `timeout` seconds; it goes on.
        """
        return self._loop.run(self._client.wait_batch(batch, timeout))

    def cancel_batch(self, batch: Batch | str) -> Batch:
        """Cancels what is left of a batch: at once what waits, between two steps what runs."""
        return self._loop.run(self._client.cancel_batch(batch))

    def retry_batch(self, batch: Batch | str) -> Batch:
        """Starts all failed and cancelled jobs of a batch again, with all their retries."""
        return self._loop.run(self._client.retry_batch(batch))
