"""The HTTP endpoint of a folder's signed addresses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from server.edge.http import FileAnswer
from server.errors import Unavailable
from server.storage.folder import FolderStorage
from server.storage.keys import content_type_of
from server.storage.urls import Verdict

_FRESH = "get the image again for a fresh address"
_DELETED = "image: it was deleted; generate it again"


IsShown = Callable[[str], Awaitable[bool]]
"""Whether an image that is not deleted has the object with a key."""


def media_app(storage: FolderStorage, is_shown: IsShown) -> web.Application:
    """Returns the application that answers GET and HEAD of `/media/KEY`.

    A deleted image's address ends with it, though its bytes are swept later.
    """
    app = web.Application()
    app.router.add_get("/media/{key:.*}", _Media(storage, is_shown).read)
    app.on_response_prepare.append(_forbid_sniffing)
    return app


class _Media:
    def __init__(self, storage: FolderStorage, is_shown: IsShown) -> None:
        self._storage = storage
        self._is_shown = is_shown

    async def read(self, request: web.Request) -> web.StreamResponse:
        """Answers with the object that the address was signed for, or a range of it."""
        key = request.match_info["key"]
        expires = request.query.get("expires", "")
        signature = request.query.get("signature", "")
        now = self._storage.signer.clock.now().timestamp()
        match self._storage.signer.verify(key, expires, signature, now):
            case Verdict.FORGED:
                return _text(
                    403, f"signature: this address was not signed by this server; {_FRESH}"
                )
            case Verdict.EXPIRED:
                moment = datetime.fromtimestamp(int(expires), UTC).isoformat()
                return _text(403, f"expires: this address expired at {moment}; {_FRESH}")
            case Verdict.VALID:
                return await self._answer(key)

    async def _answer(self, key: str) -> web.StreamResponse:
        try:
            shown = await self._is_shown(key)
        except Unavailable:
            return _text(503, "the database does not answer; try again")
        if not shown:
            return _text(404, _DELETED)
        # The key was signed, and only valid keys are signed.
        path = self._storage.path(key)
        if not await asyncio.to_thread(path.is_file):
            return _text(404, _DELETED)
        headers = {
            "Content-Type": content_type_of(key),
            # A browser keeps the bytes, and asks each time whether they may still be shown.
            "Cache-Control": "private, no-cache",
        }
        return FileAnswer(path, headers=headers)


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n", headers={"Cache-Control": "no-store"})


async def _forbid_sniffing(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
