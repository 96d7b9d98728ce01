"""The routes of the API and what each answers."""

import asyncio
import dataclasses
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

from aiohttp import web

from tests.wire import answers, chat, errors, moderation
from tests.wire.answers import Painter
from tests.wire.behaviours import GOOD, Behaviour
from tests.wire.contract import Operation, Terms, check
from tests.wire.errors import Refused, Reply
from tests.wire.models import Model
from tests.wire.pictures import drawn
from tests.wire.reading import NOTHING, Received, read
from tests.wire.records import Journal, Outcome, Recorded
from tests.wire.script import HEADER, Script, named
from tests.wire.sending import ScriptedCut, Sender

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST_JSON_BYTES = 4_000_000

_ID = web.RequestKey("id", str)


class WireApp:
    """Answers requests by the terms and the script, and records them in the journal."""

    def __init__(self, terms: Terms, api_key: str, script: Script, journal: Journal) -> None:
        self._terms = terms
        self._key = api_key
        self._script = script
        self._journal = journal
        self._painters: dict[str, Painter] = {}
        self.gate = asyncio.Semaphore(0)

    def application(self) -> web.Application:
        """Returns the routes."""
        guards = [self._identified, self._authorized]
        app = web.Application(middlewares=guards, client_max_size=MOST_JSON_BYTES)
        app.on_response_prepare.append(_add_request_id)
        app.router.add_post("/v1/images/generations", self._generate)
        app.router.add_post("/v1/images/edits", self._edit)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/moderations", self._moderate)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{id}", self._models)
        app.router.add_get("/pictures/{id}", self._picture)
        return app

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        return await self._draw(request, Operation.GENERATION)

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        return await self._draw(request, Operation.EDIT)

    async def _draw(self, request: web.Request, operation: Operation) -> web.StreamResponse:
        received = NOTHING
        try:
            received = await read(request, operation)
            asked = check(operation, received.typed, received.parts, self._terms)
            behaviour = self._behaviour(request, operation, asked.model.id)
        except Refused as refusal:
            self._record(request, operation, received, Outcome.REFUSED, refusal.reply.status)
            return _response(refusal.reply)
        self._record(request, operation, received)
        painter = Painter(asked, behaviour, int(time.time()), _address(request))
        return await self._ended(request, self._answer(request, painter))

    async def _answer(self, request: web.Request, painter: Painter) -> web.StreamResponse:
        behaviour, asked = painter.behaviour, painter.asked
        sender = self._sender(request, behaviour)
        await sender.before_headers()
        if behaviour.reply:
            return await sender.send(behaviour.reply.naming(self._key, asked.model.id))
        self._painters[request[_ID]] = dataclasses.replace(painter, behaviour=GOOD)
        if not asked.streamed:
            self._journal.drew(request[_ID], painter.usage())
            return await sender.send(Reply(200, await asyncio.to_thread(answers.body, painter)))
        self._journal.drew(request[_ID], painter.usage(answers.partials_of(painter)))
        events = await asyncio.to_thread(lambda: list(answers.events(painter)))
        return await sender.stream(events)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        received = NOTHING
        try:
            received = await read(request, Operation.CHAT)
            asked = chat.check(received.typed)
            behaviour = self._behaviour(request, Operation.CHAT, asked.model)
        except Refused as refusal:
            self._record(request, Operation.CHAT, received, Outcome.REFUSED, refusal.reply.status)
            return _response(refusal.reply)
        self._record(request, Operation.CHAT, received)
        sender = self._sender(request, behaviour)
        good = Reply(200, asked.body(request[_ID], int(time.time()), behaviour))
        reply = behaviour.reply.naming(self._key, asked.model) if behaviour.reply else good

        async def answer() -> web.StreamResponse:
            await sender.before_headers()
            return await sender.send(reply)

        return await self._ended(request, answer())

    async def _moderate(self, request: web.Request) -> web.StreamResponse:
        received, operation = NOTHING, Operation.MODERATION
        try:
            received = await read(request, operation)
            asked = moderation.check(received.typed)
            behaviour = self._behaviour(request, operation, asked.model)
        except Refused as refusal:
            self._record(request, operation, received, Outcome.REFUSED, refusal.reply.status)
            return _response(refusal.reply)
        self._record(request, operation, received)
        sender = self._sender(request, behaviour)
        good = Reply(200, asked.body(request[_ID]))
        reply = behaviour.reply.naming(self._key, asked.model) if behaviour.reply else good

        async def answer() -> web.StreamResponse:
            await sender.before_headers()
            return await sender.send(reply)

        return await self._ended(request, answer())

    async def _models(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info.get("id")
        self._record(request, Operation.MODELS, NOTHING)
        behaviour = self._behaviour(request, Operation.MODELS, asked or "")
        sender = self._sender(request, behaviour)
        reply = (behaviour.reply or self._listed(asked)).naming(self._key, asked or "")

        async def answer() -> web.StreamResponse:
            await sender.before_headers()
            return await sender.send(reply)

        return await self._ended(request, answer())

    def _listed(self, asked: str | None) -> Reply:
        """Returns all models, or one."""
        if asked is None:
            return _json(
                {"object": "list", "data": [_told(m) for m in self._terms.models.values()]}
            )
        if model := self._terms.models.get(asked):
            return _json(_told(model))
        return errors.unknown_model(asked)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        """Answers with a picture whose address an answer had."""
        painter = self._painters.get(request.match_info["id"])
        if painter is None:
            raise web.HTTPNotFound
        data = await asyncio.to_thread(drawn, painter.drawing(0), painter.asked.format)
        return web.Response(body=data, content_type=f"image/{painter.asked.format}")

    def _behaviour(self, request: web.Request, operation: Operation, model: str) -> Behaviour:
        """Returns the behaviour that the request itself names, else the script's."""
        name = request.headers.get(HEADER)
        if name is None:
            return self._script.take(operation, model)
        try:
            return named(name)
        except ValueError as unknown:
            raise errors.refused(str(unknown), "invalid_value", HEADER) from unknown

    def _record(
        self,
        request: web.Request,
        operation: Operation,
        received: Received,
        outcome: Outcome = Outcome.OPEN,
        status: int | None = None,
    ) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._journal.add(
            Recorded(
                operation,
                request.method,
                request.path,
                request[_ID],
                headers,
                received.fields,
                received.parts,
                received.order,
                status,
                outcome,
            )
        )

    async def _ended(
        self, request: web.Request, answer: Awaitable[web.StreamResponse]
    ) -> web.StreamResponse:
        """Awaits an answer, and notes a client that did not."""
        try:
            return await answer
        except ScriptedCut:
            return web.Response()
        except ConnectionError:
            self._journal.end(request[_ID], Outcome.CLIENT_LEFT, None)
            return web.Response()
        except asyncio.CancelledError:
            self._journal.end(request[_ID], Outcome.CLIENT_LEFT, None)
            raise

    def _sender(self, request: web.Request, behaviour: Behaviour) -> Sender:
        def note(outcome: Outcome, status: int | None) -> None:
            self._journal.end(request[_ID], outcome, status)

        return Sender(request, behaviour, self.gate, note)

    @web.middleware
    async def _identified(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Gives the request an id, and words aiohttp's own errors as the API does."""
        request[_ID] = f"req_{uuid4().hex}"
        try:
            return await handler(request)
        except web.HTTPException as failed:
            about = "Invalid URL" if failed.status in (404, 405) else failed.reason
            message = f"{about} ({request.method} {request.path})"
            return _response(errors.error(failed.status, message))

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets only callers with the key pass."""
        if request.path.startswith("/pictures/"):
            return await handler(request)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and hmac.compare_digest(key.encode(), self._key.encode()):
            return await handler(request)
        reply = errors.wrong_key().naming(key) if key else errors.no_key()
        operation = _operation(request.path)
        self._record(request, operation, NOTHING, Outcome.REFUSED, reply.status)
        return _response(reply)


def _operation(path: str) -> Operation:
    if path.startswith("/v1/chat"):
        return Operation.CHAT
    if path.startswith("/v1/moderations"):
        return Operation.MODERATION
    if path.startswith("/v1/images/edits"):
        return Operation.EDIT
    return Operation.GENERATION if path.startswith("/v1/images") else Operation.MODELS


def _address(request: web.Request) -> str:
    return str(request.url.origin() / "pictures" / request[_ID])


def _told(model: Model) -> dict[str, object]:
    about = {"id": model.id, "object": "model", "created": model.created, "owned_by": "system"}
    return {**about, "shutdown_date": model.shutdown}


def _json(answer: object) -> Reply:
    return Reply(200, json.dumps(answer).encode())


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status,
        body=reply.body,
        headers={**reply.headers, "content-type": reply.media_type},
    )


async def _add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-request-id"] = request[_ID]
