"""Causes: what an error of the database means, by one table of SQLSTATEs.

Gateways, workers, clients' errors, health and the start all read it, so that the same failure has
the same meaning and the same words everywhere.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import asyncpg

from imggen.v1.errors_pb2 import ErrorReason
from server.databases import UnfitPooler
from server.errors import Unavailable


class Meaning(StrEnum):
    """What follows from an error of the database."""

    AWAY = "away"  # it cannot be used for the moment: wait, and repeat
    AGAIN = "again"  # the statement met another one and had no effect: repeat it at once
    SETTING = "setting"  # a setting here, or a right or a name there, must change: as away, but
    # a start with it is refused
    FAULT = "fault"  # the statement is wrong, or its values, or what the database holds


@dataclass(frozen=True, slots=True)
class Cause:
    """What an error of the database means, in our words and in those of the server."""

    meaning: Meaning
    words: str
    said: str = ""
    sqlstate: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.said}" if self.said else self.words


class DatabaseAway(Unavailable):
    """Raised while the database cannot be used; `cause` is why, which callers are not told."""

    def __init__(self, cause: Cause, message: str = "") -> None:
        super().__init__(
            message or "the database is away for the moment; repeat the call",
            ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE,
            retry_after=timedelta(seconds=1),
        )
        self.cause = cause


class Again(DatabaseAway):
    """Raised for a statement or a transaction that met another one, each time it was repeated.

    `whole` says that it was a transaction, which nobody has repeated yet.
    """

    def __init__(self, cause: Cause, *, whole: bool = False) -> None:
        super().__init__(
            cause, "the call met another one in the database, which went first; repeat the call"
        )
        self.whole = whole


READ_ONLY = "25006"
"""The SQLSTATE of a write to a database that only reads, as a standby does."""

DISK_FULL = "53100"
"""The SQLSTATE of a write that needs more room than the disk has; a small one may still succeed."""

_Row = tuple[Meaning, str]
_LOST: _Row = (Meaning.AWAY, "the connection broke")
_FULL = "the server lacks a resource"

# A whole SQLSTATE goes before its class, the first two characters; what is not here is a fault.
TABLE: Mapping[str, _Row] = {
    "08": _LOST,
    READ_ONLY: (Meaning.AWAY, "it is read-only"),
    "25P03": _LOST,  # the transaction was idle for too long
    "25P04": _LOST,  # it took too long
    "28": (Meaning.SETTING, "it refuses the user or the password"),
    "3D000": (Meaning.SETTING, "there is no database of that name"),
    "3F000": (Meaning.SETTING, "there is no schema of that name"),
    "40": (Meaning.AGAIN, "the statement met another one"),
    "40003": _LOST,  # whether it took effect is not known
    "42501": (Meaning.SETTING, "the user lacks a permission"),
    "42P01": (Meaning.SETTING, "a table is missing"),
    "53": (Meaning.AWAY, _FULL),
    DISK_FULL: (Meaning.AWAY, "its disk is full"),
    "53200": (Meaning.AWAY, "it is out of memory"),
    "53300": (Meaning.AWAY, "it has too many connections"),
    "55000": (Meaning.AWAY, "it is not in a state to do that"),  # as a standby
    "55006": (Meaning.AGAIN, "what the statement needs is in use"),
    "55P03": (Meaning.AGAIN, "a lock was not to be had"),
    "57": (Meaning.AWAY, "an operator stopped it"),
    "57014": (Meaning.AWAY, "the statement was cancelled"),
    "57P01": (Meaning.AWAY, "it shuts down, or an operator ended the connection"),
    "57P02": (Meaning.AWAY, "it crashed"),
    "57P03": (Meaning.AWAY, "it starts, stops or recovers"),
    "57P04": (Meaning.AWAY, "the database was dropped"),
    "57P05": _LOST,  # the session was idle for too long
    "58": (Meaning.AWAY, "its disk or its machine fails"),
    "72000": (Meaning.AGAIN, "the statement met another one"),
}

_OF_A_POOLER: Mapping[str, str] = {
    "unsupported startup parameter": "the pooler refuses a setting of the session",
    "no such database": "the pooler knows no database of that name",
    "no such user": "the pooler knows no user of that name",
}
"""What PgBouncer says of settings, and our words for it; all that it says has one SQLSTATE."""

# The first that fits counts: those of asyncpg and of the system, which have no SQLSTATE.
_TYPES: tuple[tuple[type[BaseException], _Row], ...] = (
    (asyncpg.exceptions.ClientConfigurationError, (Meaning.SETTING, "its URL is wrong")),
    (
        asyncpg.exceptions.TargetServerAttributeNotMatched,
        (Meaning.AWAY, "no server of its URL is as target_session_attrs wants it"),
    ),
    (
        asyncpg.exceptions.OutdatedSchemaCacheError,
        (Meaning.AGAIN, "its schema changed meanwhile"),
    ),
    (asyncpg.exceptions.UnsupportedClientFeatureError, (Meaning.FAULT, "a statement is wrong")),
    (asyncpg.InterfaceError, _LOST),
    (asyncpg.InternalClientError, _LOST),  # 0.32 raises it when one breaks during a statement
    (ssl.SSLCertVerificationError, (Meaning.SETTING, "its certificate is not trusted")),
    (ssl.SSLError, (Meaning.AWAY, "TLS failed")),
    (socket.gaierror, (Meaning.AWAY, "its name is not found")),
    (ConnectionRefusedError, (Meaning.AWAY, "it refuses connections")),
    (FileNotFoundError, (Meaning.AWAY, "a file or a socket is missing")),
    (TimeoutError, (Meaning.AWAY, "it did not answer in time")),
    (OSError, _LOST),
)


def cause_of(error: BaseException) -> Cause:
    """Returns what an error means; all that is not known to pass is a fault."""
    if isinstance(error, DatabaseAway):
        return error.cause
    if isinstance(error, UnfitPooler):
        return Cause(Meaning.SETTING, "its pooler does not fit", str(error))
    said = _said(error)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        # 0.32 raises it for a statement whose table was changed, and forgets what it had prepared.
        if isinstance(error, asyncpg.exceptions.InvalidCachedStatementError):
            return Cause(Meaning.AGAIN, "its schema changed meanwhile", said, state)
        if state == "08P01":
            for words, meant in _OF_A_POOLER.items():
                if words in said:
                    return Cause(Meaning.SETTING, meant, said, state)
        meaning, words = TABLE.get(state) or TABLE.get(state[:2]) or (Meaning.FAULT, "a fault")
        return Cause(meaning, words, said, state)
    for kind, (meaning, words) in _TYPES:
        if isinstance(error, kind):
            return Cause(meaning, words, said)
    return Cause(Meaning.FAULT, "a fault", type(error).__name__)


def said_of(error: BaseException) -> str:
    """Returns why the database is away, for a log line: an error's cause, or its message."""
    return str(error.cause) if isinstance(error, DatabaseAway) else str(error)


def _said(error: BaseException) -> str:
    """Returns the first line of a message, without the row or the value that a detail quotes."""
    if isinstance(error, asyncpg.DataError) or not error.args:
        return ""
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return str(error.args[0]).partition("\n")[0]
