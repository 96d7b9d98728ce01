"""The HTTP endpoint of a folder's signed addresses."""

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from server.edge.http import FileAnswer
from server.storage.folder import FolderStorage
from server.storage.keys import content_type_of
from server.storage.urls import Verdict

_FRESH = "get the image again for a fresh address"


def media_app(storage: FolderStorage) -> web.Application:
    """Returns the application that answers GET and HEAD of `/media/KEY`."""
    app = web.Application()
    app.router.add_get("/media/{key:.*}", _Media(storage).read)
    app.on_response_prepare.append(_forbid_sniffing)
    return app


class _Media:
    def __init__(self, storage: FolderStorage) -> None:
        self._storage = storage

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
                return await self._answer(key, int(expires) - int(now))

    async def _answer(self, key: str, seconds_left: int) -> web.StreamResponse:
        # The key was signed, and only valid keys are signed.
        path = self._storage.path(key)
        if not await asyncio.to_thread(path.is_file):
            return _text(404, "image: its bytes were deleted; generate it again")
        headers = {
            "Content-Type": content_type_of(key),
            "Cache-Control": f"private, max-age={seconds_left}",
        }
        return FileAnswer(path, headers=headers)


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n", headers={"Cache-Control": "no-store"})


async def _forbid_sniffing(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
