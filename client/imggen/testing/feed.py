"""The fake's feed of events, and its servicer."""

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc.aio

from imggen.rules.checks import Checks
from imggen.rules.events import OLDEST, read_kinds, refuse_cursor
from imggen.rules.states import cursor_expired
from imggen.testing.memory import Memory, now
from imggen.v1 import event_pb2
from imggen.v1.batch_pb2 import Batch
from imggen.v1.event_pb2 import (
    BatchChange,
    Checkpoint,
    Event,
    EventKind,
    ImageChange,
    JobChange,
)
from imggen.v1.event_pb2_grpc import EventServiceServicer
from imggen.v1.image_pb2 import IMAGE_STATUS_COMPLETED, IMAGE_STATUS_UNSPECIFIED, Image
from imggen.v1.job_pb2 import Job

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

USER_ID = "00000000-0000-4000-8000-0000000fa4e0"  # the only user there is
_KINDS = {
    "job": EventKind.EVENT_KIND_JOB,
    "image": EventKind.EVENT_KIND_IMAGE,
    "batch": EventKind.EVENT_KIND_BATCH,
}


class Feed:
    """All events in the order in which they happened."""

    def __init__(self, memory: Memory) -> None:
        self.dropped = 0
        self._memory = memory
        self._events: list[Event] = []

    @property
    def newest(self) -> int:
        """The number of the newest event; the first is 1."""
        return self.dropped + len(self._events)

    def after(self, number: int) -> list[Event]:
        """Returns the events after one."""
        return self._events[number - self.dropped :]

    def drop(self) -> None:
        """Drops all events so far, as the service does after a while."""
        self.dropped = self.newest
        self._events.clear()

    def tell_job(self, job: Job) -> None:
        """Adds an event of a job's new status."""
        change = JobChange(
            job_id=job.job_id,
            status=job.status,
            image_id=job.image_id,
            batch_id=job.batch_id,
            metadata=job.metadata,
        )
        self._tell(Event(job=change))

    def tell_image(self, image: Image, *, deleted: bool = False) -> None:
        """Adds an event of an image's new status or deletion."""
        change = ImageChange(
            image_id=image.id,
            status=IMAGE_STATUS_UNSPECIFIED if deleted else image.status,
            deleted=deleted,
            metadata=image.metadata,
        )
        if change.status == IMAGE_STATUS_COMPLETED:
            change.picture_check, change.checked_by = image.picture_check, image.checked_by
        self._tell(Event(image=change))

    def tell_batch(self, batch: Batch) -> None:
        """Adds an event of a batch's new status."""
        change = BatchChange(batch_id=batch.batch_id, status=batch.status, metadata=batch.metadata)
        self._tell(Event(batch=change))

    def _tell(self, event: Event) -> None:
        event.cursor = cursor_of(self.newest + 1)
        event.time.CopyFrom(now())
        event.user_id = USER_ID
        self._events.append(event)
        self._memory.touch()


class Events(EventServiceServicer):
    """The fake's servicer of events."""

    def __init__(self, memory: Memory, feed: Feed) -> None:
        self._memory = memory
        self._feed = feed

    async def WatchEvents(
        self, request: event_pb2.WatchEventsRequest, context: Context
    ) -> AsyncIterator[event_pb2.WatchEventsResponse]:
        """Streams events, with a checkpoint at the start and after events of other kinds."""
        checks = Checks()
        kinds = read_kinds(checks, request.kinds)
        seen = self._start(checks, request.after_cursor)
        checks.done()
        if seen < self._feed.dropped:
            raise cursor_expired()
        yield _checkpoint(seen)
        while True:
            change = self._memory.change()
            new = self._feed.after(seen)
            for event in new:
                if _KINDS[event.WhichOneof("change") or ""] in kinds:
                    yield event_pb2.WatchEventsResponse(event=event)
            seen += len(new)
            if new and request.kinds:
                yield _checkpoint(seen)
            await change.wait()

    def _start(self, checks: Checks, cursor: str) -> int:
        if cursor == OLDEST:
            return self._feed.dropped
        number = cursor.removeprefix("event-")
        known = number.isdecimal() and int(number) <= self._feed.newest
        if cursor and (not known or cursor != cursor_of(int(number))):
            refuse_cursor(checks, "after_cursor", cursor)
        return int(number) if known else self._feed.newest


def cursor_of(number: int) -> str:
    """Returns the cursor of an event by its number."""
    return f"event-{number}"


def _checkpoint(seen: int) -> event_pb2.WatchEventsResponse:
    event = Event(cursor=cursor_of(seen), checkpoint=Checkpoint())
    return event_pb2.WatchEventsResponse(event=event)
