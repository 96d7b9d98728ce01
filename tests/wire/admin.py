"""Routes under /wire that script the server and read its journal from another process."""

import asyncio
import json
from collections.abc import Sequence

from aiohttp import web

from tests.wire import errors
from tests.wire.behaviours import BEHAVIOURS
from tests.wire.contract import Operation
from tests.wire.records import Journal, Recorded
from tests.wire.script import PICTURES, Script


def add_admin(
    app: web.Application, script: Script, journal: Journal, gate: asyncio.Semaphore
) -> None:
    """Adds the routes."""
    admin = _Admin(script, journal, gate)
    app.router.add_get("/wire/behaviours", admin.names)
    app.router.add_post("/wire/behaviours", admin.set)
    app.router.add_delete("/wire/behaviours", admin.clear)
    app.router.add_get("/wire/requests", admin.requests)
    app.router.add_post("/wire/release", admin.release)


class _Admin:
    def __init__(self, script: Script, journal: Journal, gate: asyncio.Semaphore) -> None:
        self._script = script
        self._journal = journal
        self._gate = gate

    async def names(self, _request: web.Request) -> web.Response:
        return web.json_response({name: one.about for name, one in BEHAVIOURS.items()})

    async def set(self, request: web.Request) -> web.Response:
        """Takes `{"then": [NAME, ...], "always": NAME, "model": ID, "on": [OPERATION, ...]}`."""
        try:
            asked = json.loads(await request.read())
            on: Sequence[Operation] = [Operation(one) for one in asked.pop("on", PICTURES)]
            model = asked.pop("model", None)
            then, always = asked.pop("then", []), asked.pop("always", None)
            if asked:
                raise ValueError(f"{', '.join(asked)}: unknown")
            self._script.then(*then, on=on, model=model)
            if always is not None:
                self._script.always(always, on=on, model=model)
        except (ValueError, AttributeError, TypeError) as wrong:
            refusal = errors.error(400, str(wrong))
            return web.Response(status=400, body=refusal.body, content_type="application/json")
        return web.json_response({"left": self._script.left})

    async def clear(self, _request: web.Request) -> web.Response:
        self._script.clear()
        self._journal.clear()
        return web.json_response({"left": 0})

    async def requests(self, _request: web.Request) -> web.Response:
        journal = self._journal
        return web.json_response(
            {
                "accepted": [_told(entry) for entry in journal.accepted],
                "refused": [_told(entry) for entry in journal.refused],
                "probes": len(journal.probes),
            }
        )

    async def release(self, _request: web.Request) -> web.Response:
        self._gate.release()
        return web.json_response({})


def _told(entry: Recorded) -> dict[str, object]:
    """Returns an entry without the headers, since one of them is the key."""
    usage = entry.usage
    return {
        "operation": entry.operation,
        "request_id": entry.request_id,
        "fields": dict(entry.fields),
        "parts": [
            {
                "name": part.name,
                "file_name": part.file_name,
                "media_type": part.media_type,
                "size": part.size,
                "sha256": part.sha256,
            }
            for part in entry.parts
        ],
        "order": list(entry.order),
        "status": entry.status,
        "outcome": entry.outcome,
        "usage": usage and usage.json(output_details=True),
        "cost_micros": entry.cost_micros,
    }
