"""Open calls, and how a gateway drains them."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import grpc

from imggen.rules.calls import Pairs
from imggen.v1 import errors_pb2 as reasons
from server.errors import Unavailable
from server.traces import NO_SPAN, Span


@dataclass(slots=True, eq=False)
class Call:
    """One call, from its start in the loop's seconds to its outcome."""

    method: str
    request_id: str
    metadata: Pairs = field(repr=False)  # holds the caller's token
    task: "asyncio.Task[object]"
    started: float
    streaming: bool
    user_id: UUID | None = None
    code: grpc.StatusCode = grpc.StatusCode.OK
    reason: str = ""
    ended_by_drain: bool = False
    span: Span = NO_SPAN


class OpenCalls:
    """All calls that are being served."""

    def __init__(self) -> None:
        self.draining = False
        self._calls: set[Call] = set()
        self._none_left = asyncio.Event()
        self._none_left.set()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call) -> None:
        """Adds a call that begins."""
        self._calls.add(call)
        self._none_left.clear()

    def remove(self, call: Call) -> None:
        """Removes a call that has its outcome; a drain can no longer end it."""
        self._calls.discard(call)
        if not self._calls:
            self._none_left.set()

    async def idle(self) -> None:
        """Returns when no call is being served."""
        await self._none_left.wait()

    async def drain(self, grace_s: float) -> None:
        """Refuses new calls, ends streams, and after `grace_s` ends the calls that are still open.

        A call that is ended gets UNAVAILABLE with SHUTTING_DOWN.
        """
        self.draining = True
        self._end([call for call in self._calls if call.streaming])
        try:
            async with asyncio.timeout(grace_s):
                await self.idle()
        except TimeoutError:
            self._end(list(self._calls))

    def _end(self, calls: list[Call]) -> None:
        for call in calls:
            call.ended_by_drain = True
            call.task.cancel()


def shutting_down() -> Unavailable:
    """Returns the error of a call that a drain refuses or ends."""
    return Unavailable(
        "this server is shutting down; repeat the call, another server takes it",
        reasons.ERROR_REASON_SHUTTING_DOWN,
        retry_after=timedelta(seconds=1),
    )
