"""EventService: the feed of all changes."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from imggen.rules.checks import Checks
from imggen.rules.events import OLDEST, read_kinds
from imggen.rules.states import cursor_expired
from imggen.v1 import event_pb2, event_pb2_grpc
from server.domain.changes import Cursor, Scope
from server.domain.ids import UserId
from server.identity.caller import Caller, Context, Role, caller
from server.metrics import GatewayMetrics
from server.replies.messages import CHANGED_KIND, checkpoint, event
from server.requests.event_cursors import cursor_of
from server.store import Store
from server.store.outbox import Expired
from server.watching.feed import Feed

_KINDS = {number: kind for kind, number in CHANGED_KIND.items()}


class EventService(event_pb2_grpc.EventServiceServicer):
    """Streams the feed to callers."""

    def __init__(self, store: Store, feed: Feed, metrics: GatewayMetrics) -> None:
        self._store = store
        self._feed = feed
        self._metrics = metrics

    async def WatchEvents(
        self, request: event_pb2.WatchEventsRequest, context: Context
    ) -> AsyncIterator[event_pb2.WatchEventsResponse]:
        """Streams events, checkpoints among them, until the caller cancels."""
        checks = Checks()
        kinds = read_kinds(checks, request.kinds)
        given = request.after_cursor
        after = cursor_of(checks, "after_cursor", given) if given not in ("", OLDEST) else None
        checks.done()
        scope = Scope(_whose(caller()), frozenset(_KINDS[number] for number in kinds))
        try:
            stretches = self._feed.follow(after or await self._start(given), scope)
            with self._metrics.followers.track_inprogress():
                async with aclosing(stretches):
                    async for stretch in stretches:
                        for change in stretch.changes:
                            yield event_pb2.WatchEventsResponse(event=event(change))
                        if not stretch.changes:
                            yield event_pb2.WatchEventsResponse(event=checkpoint(stretch.end))
        except Expired as expired:
            raise cursor_expired() from expired

    async def _start(self, given: str) -> Cursor:
        outbox = self._store.outbox
        return await (outbox.oldest() if given == OLDEST else outbox.newest())


def _whose(who: Caller) -> UserId | None:
    return None if who.roles & {Role.REVIEWER, Role.ADMIN} else who.user_id
