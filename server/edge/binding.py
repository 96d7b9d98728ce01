"""Listening on the addresses that settings name, and why it cannot be done."""

import errno
import socket
from contextlib import AsyncExitStack

from aiohttp.web import Application

from server.causes import CannotStart, cause_of
from server.edge.http import Bounds, serve_http
from server.settings import GatewaySettings


async def serve_at(
    stack: AsyncExitStack, settings: GatewaySettings, name: str, app: Application, bounds: Bounds
) -> int:
    """Serves on the port that a setting names, and returns what was bound; raises CannotStart."""
    port: int = getattr(settings, name)
    try:
        return await stack.enter_async_context(serve_http(app, settings.host, port, bounds))
    except OSError as error:
        raise cannot_listen(f"IMGGEN_{name.upper()}", settings.host, port, error) from error


def cannot_listen(setting: str, host: str, port: int, error: Exception) -> CannotStart:
    """Returns the error of a start whose setting names an address that cannot be bound.

    gRPC does not say why it cannot bind one, so the address is tried again.
    """
    found = error if isinstance(error, OSError) else _refusal(host, port)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    cause = cause_of(found or error)
    # What another process uses may be free in a moment; all else stays.
    passes = found is None or found.errno == errno.EADDRINUSE
    advice = "end what uses it, or choose another" if passes else "choose another"
    return CannotStart(
        f"{setting}: cannot listen on {place} ({cause}); {advice}", lasting=not passes
    )


def _refusal(host: str, port: int) -> OSError | None:
    """Returns why the address cannot be bound; None if it can, now."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        return error
    for family, kind, protocol, _, place in places:
        try:
            with socket.socket(family, kind, protocol) as probe:
                # As servers do: connections that are just closed keep no port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
                probe.listen()
        except OSError as error:
            return error
    return None
