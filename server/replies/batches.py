"""Batches as the contract's messages."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from imggen.v1 import batch_pb2
from server.domain.batches import Batch, BatchImage
from server.domain.states import BatchStatus, JobStatus
from server.forecast.batches import BatchForecast
from server.replies.messages import Replies

BATCH_STATUS = {
    status: batch_pb2.BatchStatus.Value(f"BATCH_STATUS_{status.name}") for status in BatchStatus
}


class BatchReplies:
    """Makes the messages of batches, which need forecasts."""

    def __init__(self, replies: Replies, forecast: BatchForecast) -> None:
        self._replies = replies
        self._forecast = forecast

    async def batch(self, batch: Batch) -> batch_pb2.Batch:
        """Returns a batch as its message, with the time when it should end."""
        counts = batch.counts
        return batch_pb2.Batch(
            batch_id=str(batch.id),
            story_id=str(batch.story_id),
            style=batch.style,
            status=BATCH_STATUS[batch.status],
            total_images=batch.total,
            queued_images=counts[JobStatus.QUEUED],
            processing_images=counts[JobStatus.PROCESSING],
            completed_images=counts[JobStatus.COMPLETED],
            failed_images=counts[JobStatus.FAILED],
            cancelled_images=counts[JobStatus.CANCELLED],
            fraction=batch.fraction,
            max_concurrent=batch.max_concurrent,
            estimated_cost_micros=batch.estimated_micros,
            actual_cost_micros=batch.actual_micros,
            created_at=_time(batch.created_at),
            started_at=_time(batch.started_at),
            completed_at=_time(batch.completed_at),
            estimated_completion_time=_time(await self._forecast.completion(batch)),
            metadata=batch.metadata,
            lane_paused=await self._forecast.paused(batch),
        )

    async def image(self, image: BatchImage) -> batch_pb2.BatchImage:
        """Returns an image of a batch as its message."""
        return batch_pb2.BatchImage(
            job=await self._replies.job(image.job),
            page_number=image.page_number or 0,
            character_id=str(image.character_id or ""),
            needs_job_ids=[str(one) for one in image.needs],
        )


def _time(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    message = Timestamp()
    message.FromDatetime(value)
    return message
