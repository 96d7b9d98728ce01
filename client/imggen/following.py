"""Follows what changes, across server restarts and without losing anything."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from imggen.absence import Absence
from imggen.connection import Connection
from imggen.errors import Cancelled, Unavailable
from imggen.v1.event_pb2 import Event, WatchEventsRequest


async def follow_events(
    connection: Connection, request: WatchEventsRequest, *, checkpoints: bool, patience: float
) -> AsyncGenerator[Event, None]:
    """Yields events for as long as the caller wants them, resuming when the stream breaks.

    Raises:
        Unavailable: The server was never reached, or was away for longer than `patience` seconds.
        FailedPrecondition: The cursor is too old (CURSOR_EXPIRED).
    """
    absence = Absence(patience)
    while True:
        try:
            answers = connection.stream(connection.events.WatchEvents, request, timeout=None)
            async with aclosing(answers):
                async for answer in answers:
                    absence.end()
                    event = answer.event
                    if checkpoints or not event.HasField("checkpoint"):
                        yield event
                    # Only now has the caller dealt with it: what breaks before comes again.
                    request.after_cursor = event.cursor
            broken = Unavailable("the server ended the stream of events")
        # A server that stops cancels the streams it still has; our own cancel is no ImggenError.
        except (Unavailable, Cancelled) as error:
            if not connection.reached:
                raise
            broken = error if isinstance(error, Unavailable) else Unavailable(error.message)
        await absence.pause(broken)
