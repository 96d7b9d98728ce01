"""EventService: the feed of all changes."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from imggen.v1 import event_pb2, event_pb2_grpc
from server.domain.changes import ChangedKind, Cursor, Scope
from server.domain.ids import UserId
from server.errors import FailedPrecondition
from server.identity.caller import Caller, Context, Role, caller
from server.metrics import GatewayMetrics
from server.replies.messages import CHANGED_KIND, checkpoint, event
from server.requests.event_cursors import OLDEST, cursor_of
from server.store import Store
from server.store.outbox import Expired
from server.watching.feed import Feed


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
        kinds = _kinds(checks, request)
        given = request.after_cursor
        after = cursor_of(checks, "after_cursor", given) if given not in ("", OLDEST) else None
        scope = Scope(_whose(caller()), checks.complete(kinds))
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
            raise FailedPrecondition(
                "after_cursor: events after the cursor are no longer kept; list what there is,"
                " then follow from now on with an empty cursor",
                reasons.ERROR_REASON_CURSOR_EXPIRED,
            ) from expired

    async def _start(self, given: str) -> Cursor:
        outbox = self._store.outbox
        return await (outbox.oldest() if given == OLDEST else outbox.newest())


def _whose(who: Caller) -> UserId | None:
    return None if who.roles & {Role.REVIEWER, Role.ADMIN} else who.user_id


def _kinds(checks: Checks, request: event_pb2.WatchEventsRequest) -> frozenset[ChangedKind] | None:
    """Reads the kinds of events, all of them if none is named; None where one is a violation."""
    known = {number: kind for kind, number in CHANGED_KIND.items()}
    for place, number in enumerate(request.kinds):
        if number not in known:
            names = ", ".join(event_pb2.EventKind.Name(one) for one in known)
            checks.add(
                f"kinds[{place}]",
                f"{number} is not a kind of event; use {names}",
                reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
            )
    if not known.keys() >= set(request.kinds):
        return None
    return frozenset(known[number] for number in request.kinds) or frozenset(ChangedKind)
