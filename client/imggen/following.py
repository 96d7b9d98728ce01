"""Follows the feed of events across server restarts, without losing any."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from imggen.absence import Absence
from imggen.connection import Connection
from imggen.errors import ImggenError, Unavailable
from imggen.v1.event_pb2 import Event, WatchEventsRequest


async def follow_events(
    connection: Connection, request: WatchEventsRequest, *, checkpoints: bool, patience: float
) -> AsyncGenerator[Event, None]:
    """Yields events without end, reconnecting when the stream breaks.

    Raises:
        ImggenError: The server was never reached, or not again within `patience` seconds.
        FailedPrecondition: The cursor is too old (CURSOR_EXPIRED).
    """
    absence = Absence(connection, patience)
    while True:
        try:
            answers = connection.stream(connection.events.WatchEvents, request, timeout=None)
            async with aclosing(answers):
                async for answer in answers:
                    absence.end()
                    event = answer.event
                    if checkpoints or not event.HasField("checkpoint"):
                        yield event
                    # Only now has the caller handled the event; until here it is sent again.
                    request.after_cursor = event.cursor
            broken: ImggenError = Unavailable("the server ended the stream of events")
        except ImggenError as error:
            broken = error
        await absence.pause(broken)
