"""The answers of a stream, one at a time, of which a cancel breaks none off."""

import asyncio
from typing import Any

import grpc.aio

_SETTLE_S = 1.0
"""How long the last write may still take; a peer that does not read holds it for good."""


class Writes:
    """Writes the answers of one call.

    gRPC refuses the status of a call while an answer is being written (1.85), so that the call
    would end without its reason: after a cancel, `settle` comes before the status.
    """

    def __init__(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        self._context = context
        self._writing: asyncio.Future[None] | None = None

    async def write(self, message: object) -> None:
        """Writes an answer; a cancel leaves it to be written."""
        self._writing = asyncio.ensure_future(self._context.write(message))
        await asyncio.shield(self._writing)

    async def settle(self) -> None:
        """Waits for the answer that is being written, a second at most."""
        writing = self._writing
        if writing is None or writing.done():
            return
        await asyncio.wait([writing], timeout=_SETTLE_S)
        if not writing.done():
            writing.cancel()
        elif not writing.cancelled():
            writing.exception()  # read, so that asyncio does not report it as lost
