"""The token of a call: a string, or what a function returns."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping

from imggen.errors import BadArgument, ImggenError, Unauthenticated, Violation

TokenSource = str | Callable[[], str | Awaitable[str]]

# Of anything else, gRPC says in a trace on stderr that it is no header.
_VISIBLE = re.compile(r"[!-~]+")

_NAMED_BY = "IMGGEN_TOKEN"


def no_token() -> str:
    """Stands for no token, given where that of the environment is not for this server."""
    raise AssertionError("nobody asks it for a token")


def token_of(given: TokenSource | None, environment: Mapping[str, str]) -> "Token | None":
    """Returns the given token, else that of the environment, else None; for `no_token` None, too.

    Raises:
        BadArgument: It is empty, or has a character that no token has.
    """
    if given is no_token:
        return None
    source = given if given is not None else environment.get(_NAMED_BY) or None
    wrong = _fault(source) if isinstance(source, str) else None
    if wrong is not None:
        named = "token" if given is not None else _NAMED_BY
        raise BadArgument.of([Violation(named, wrong)])
    return Token(source) if source is not None else None


class Token:
    """Where the token of each call comes from; no message of an error shows one."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def bearer(self) -> str:
        """Returns the value of the header `authorization`.

        Raises:
            Unauthenticated: The function failed, or returned something else than a token.
        """
        token = self._source if isinstance(self._source, str) else await _asked(self._source)
        wrong = _fault(token)
        if wrong is not None:
            raise Unauthenticated(f"token: what the function returned {wrong}")
        return f"Bearer {str(token).strip()}"


async def _asked(source: Callable[[], str | Awaitable[str]]) -> object:
    try:
        token = source()
        return await token if inspect.isawaitable(token) else token
    except ImggenError:
        raise
    except asyncio.CancelledError as raised:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Unauthenticated("token: the function that returns it was cancelled") from raised
    except Exception as raised:
        raise Unauthenticated(
            f"token: the function that returns it raised {type(raised).__name__}: {raised}"
        ) from raised


def _fault(token: object) -> str | None:
    if not isinstance(token, str):
        return f"is not a str, but of the type {type(token).__name__}"
    text = token.strip()
    if not text:
        return "is empty; without a token, leave the argument out"
    if text.startswith("Bearer "):
        return "begins with 'Bearer', which the client adds; give the token alone"
    if not _VISIBLE.fullmatch(text):
        wrong = next(character for character in text if not _VISIBLE.fullmatch(character))
        return f"has a character that no token has: {wrong!a}"
    return None
