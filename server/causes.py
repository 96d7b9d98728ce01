"""Why a server cannot be used: what asyncpg, botocore, ssl and sockets raise, in one line.

Errors are told apart by what they carry, not by their classes, since each of the libraries has its
home elsewhere.
"""

import errno
import os
import re
import socket
import ssl

from server.errors import ImggenError
from server.hidden import without_secrets

_MOST = 300
_ERRNO = re.compile(r"\[Errno (\d+)\]")

_OF_A_FILE = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.EROFS}


class CannotStart(RuntimeError):
    """Raised for a start without what it needs; the message says what to do, in one line.

    `lasting` says that only a changed setting helps: trying again does not.
    """

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


class FileUnusable(OSError):
    """Raised for a file that a setting names and that cannot be read."""


def cause_of(error: BaseException) -> str:
    """Returns why a server could not be used, in one line without secrets."""
    error = _root(error)
    words = _certificate(error) or _system(error) or _plain(error)
    words = without_secrets(" ".join(words.split()))
    return words if len(words) <= _MOST else f"{words[: _MOST - 1]}…"


def is_lasting(error: BaseException) -> bool:
    """Returns whether only a changed setting helps against an error; what may pass is tried again.

    A certificate that is not trusted is, a refused connection is not. What a server answers is told
    by its own table.
    """
    error = _root(error)
    if isinstance(error, FileUnusable | ssl.SSLCertVerificationError):
        return True
    if isinstance(error, ssl.SSLError):
        # The other end went away in the handshake, as it does when it stops.
        return not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    if "rejected SSL upgrade" in str(error):
        return True
    if isinstance(error, OSError):
        return error.errno in _OF_A_FILE
    return isinstance(error, ValueError)


def _root(error: BaseException) -> BaseException:
    """Returns what a library raised, of an error that was made from it."""
    while isinstance(error, ImggenError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, BaseExceptionGroup):
        return _root(error.exceptions[0])
    return error


def _certificate(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {error.verify_message or error.reason}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if "rejected SSL upgrade" in str(error):
        return "it does not speak TLS, or is no Postgres; sslmode=disable does without TLS"
    return ""


def _system(error: BaseException) -> str:
    """Returns the words of the operating system for its errors."""
    match error:
        case FileUnusable():
            return str(error)
        case socket.gaierror():
            return f"its host is not found: {error.strerror}"
        case TimeoutError():
            return "no answer in time"
        case OSError(errno=int(number)) if number > 0:
            name = f": {error.filename}" if error.filename else ""
            return f"{os.strerror(number)}{name}"
        case OSError():
            # asyncio's error for a host with several addresses has those of all in its text.
            numbers = dict.fromkeys(int(number) for number in _ERRNO.findall(str(error)))
            return ", ".join(map(os.strerror, numbers))
    return ""


def _plain(error: BaseException) -> str:
    """Returns the words of an error by itself, with the name of its class where it has none."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and isinstance(answer.get("Error"), dict):
        said = answer["Error"]
        return ": ".join(filter(None, (said.get("Code"), said.get("Message"))))
    # The detail of an error of Postgres may be a row; its message has none.
    return str(getattr(error, "message", "") or error) or type(error).__name__
