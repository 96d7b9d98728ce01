"""Sending of answers, with the pauses and cuts of a behaviour."""

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web

from tests.wire.behaviours import Behaviour, Place
from tests.wire.errors import Reply
from tests.wire.records import Outcome

STREAM = "text/event-stream"


class ScriptedCut(Exception):
    """Raised once the connection was cut as the script has it."""


class Sender:
    """Sends one answer; each release of the gate lets one pause without an end go on.

    `note` is told of its end before the client can see it.
    """

    def __init__(
        self,
        request: web.Request,
        behaviour: Behaviour,
        gate: asyncio.Semaphore,
        note: Callable[[Outcome, int | None], None],
    ) -> None:
        self._request = request
        self._behaviour = behaviour
        self._gate = gate
        self._note = note

    async def before_headers(self) -> None:
        """Pauses, or cuts the connection, before anything is sent."""
        await self._at(Place.BEFORE_HEADERS)

    async def send(self, reply: Reply) -> web.StreamResponse:
        """Sends a whole answer in two halves."""
        response = self._response(reply.status, reply.media_type)
        response.headers.update(reply.headers)
        response.content_length = len(reply.body)
        half = len(reply.body) // 2
        if reply.body:
            await response.prepare(self._request)
            await response.write(reply.body[:half])
            await self._at(Place.IN_BODY, Place.BETWEEN_EVENTS)
        self._note(Outcome.ANSWERED, reply.status)
        if not reply.body:
            await response.prepare(self._request)
        await response.write(reply.body[half:])
        return await self._end(response, reply.body)

    async def stream(self, events: Sequence[bytes]) -> web.StreamResponse:
        """Sends events."""
        response = self._response(200, STREAM)
        response.headers["cache-control"] = "no-store"
        await response.prepare(self._request)
        for event in events[:-1]:
            await response.write(event)
        await self._at(Place.BETWEEN_EVENTS)
        for last in events[-1:]:
            await response.write(last[: len(last) // 2])
            await self._at(Place.IN_BODY)
            self._note(Outcome.ANSWERED, 200)
            await response.write(last[len(last) // 2 :])
        return await self._end(response, b"".join(events))

    async def _at(self, *places: Place) -> None:
        pause = self._behaviour.pause
        if pause and pause.place in places:
            if pause.seconds is None:
                await self._gate.acquire()
            else:
                await asyncio.sleep(pause.seconds)
        if self._behaviour.cut in places:
            self._cut()

    def _cut(self) -> None:
        """Closes the connection; what was written before is still sent."""
        self._note(Outcome.CUT, None)
        if transport := self._request.transport:
            transport.close()
        raise ScriptedCut

    def _response(self, status: int, media_type: str) -> web.StreamResponse:
        return web.StreamResponse(status=status, headers={"content-type": media_type})

    async def _end(self, response: web.StreamResponse, body: bytes) -> web.StreamResponse:
        await response.write_eof()
        if self._behaviour.twice and (transport := self._request.transport):
            lines = [
                f"HTTP/1.1 {response.status} {response.reason}",
                f"content-type: {response.headers['content-type']}",
                f"content-length: {len(body)}",
                f"x-request-id: {response.headers['x-request-id']}",
            ]
            transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        return response
