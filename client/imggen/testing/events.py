"""The fake's feed of events."""

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc.aio

from imggen.errors import FailedPrecondition
from imggen.testing.memory import Memory
from imggen.testing.rejections import Check
from imggen.v1 import event_pb2
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.event_pb2 import Checkpoint, Event, EventKind
from imggen.v1.event_pb2_grpc import EventServiceServicer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_KINDS = {
    "job": EventKind.EVENT_KIND_JOB,
    "image": EventKind.EVENT_KIND_IMAGE,
    "batch": EventKind.EVENT_KIND_BATCH,
}


class Events(EventServiceServicer):
    """The fake's servicer of events."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def WatchEvents(
        self, request: event_pb2.WatchEventsRequest, context: Context
    ) -> AsyncIterator[event_pb2.WatchEventsResponse]:
        """Streams events, with a checkpoint at the start and after events of other kinds."""
        check = Check()
        seen = self._start(check, request.after_cursor)
        for place, kind in enumerate(request.kinds):
            if kind not in _KINDS.values():
                check.bad(
                    f"kinds[{place}]",
                    f"{kind} is not a kind of event; use {', '.join(_KINDS)}",
                    ErrorReason.ERROR_REASON_FIELD_OUT_OF_RANGE,
                )
        check.done()
        if seen < self._memory.events_dropped:
            raise FailedPrecondition(
                "after_cursor: events after the cursor are no longer kept; list the current state,"
                " then watch with an empty cursor",
                reason=ErrorReason.ERROR_REASON_CURSOR_EXPIRED,
            )
        yield _checkpoint(seen)
        while True:
            change = self._memory.change()
            new = self._memory.events[seen - self._memory.events_dropped :]
            for event in new:
                if not request.kinds or _KINDS[event.WhichOneof("change") or ""] in request.kinds:
                    yield event_pb2.WatchEventsResponse(event=event)
            seen += len(new)
            if new and request.kinds:
                yield _checkpoint(seen)
            await change.wait()

    def _start(self, check: Check, cursor: str) -> int:
        dropped = self._memory.events_dropped
        if cursor == "oldest":
            return dropped
        newest = dropped + len(self._memory.events)
        if not cursor:
            return newest
        number = cursor.removeprefix("event-")
        if cursor != f"event-{number}" or not number.isdecimal() or int(number) > newest:
            check.bad(
                "after_cursor",
                f'"{cursor}" is not a cursor; use that of an event, `oldest`, or an empty one',
                ErrorReason.ERROR_REASON_CURSOR_INVALID,
            )
            return newest
        return int(number)


def _checkpoint(seen: int) -> event_pb2.WatchEventsResponse:
    return event_pb2.WatchEventsResponse(
        event=Event(cursor=f"event-{seen}", checkpoint=Checkpoint())
    )
