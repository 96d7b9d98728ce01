"""Poolers between a process and Postgres, such as PgBouncer, and what a session then keeps.

In transaction mode a connection is another session of the server for every transaction: named
prepared statements, settings, advisory locks and LISTEN do not last from one to the next.
"""

import logging
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import asyncpg

from server.database_urls import read_url
from server.databases import Address, UnfitPooler
from server.store.session import session_settings, settle_in, watch_over

Mode: TypeAlias = Literal["", "session", "transaction"]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pooled: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_PASSED = ("timezone",)
"""The settings of every session that poolers pass to the server with each transaction."""

_WANTED = ("jit", "enable_bitmapscan", "enable_seqscan", "default_transaction_isolation")
"""The settings without which statements become slower or are repeated more often."""

_COMPARED = """
SELECT name, current_setting(name) AS found, setting AS wanted
FROM unnest($1::text[], $2::text[]) AS one (name, setting)
WHERE current_setting(name) <> setting ORDER BY name
"""
_SET = """
SELECT set_config(name, setting, false) FROM unnest($1::text[], $2::text[]) AS one (name, setting)
"""
_PID = "SELECT pg_backend_pid()"

_log = logging.getLogger(__name__)


async def lasting_session(address: Address, *, timeout: float | None = None) -> Connection:
    """Returns a connection whose session lasts, for locks and LISTEN.

    `timeout` bounds each of its statements, in seconds. Raises UnfitPooler where the URL leads to a
    pooler that shares sessions.
    """
    connection = await _reach(address.session_url, command_timeout=timeout)
    try:
        direct = address.pooler == "session" and not address.direct_url
        if not direct and await _is_pooled(connection):
            raise _unfit(address)
        await prepare(connection, "session", session_settings(timeout=timeout))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def pooler_of(address: Address, *, warns: bool = True) -> Mode:
    """Returns the mode of the pooler that a URL leads to; empty for none.

    One that nobody named is logged, if it `warns`. Raises UnfitPooler for one that was said to keep
    sessions and shares them.
    """
    if address.pooler == "transaction":
        return "transaction"
    one = await _reach(address.url)
    try:
        if not await _is_pooled(one):
            return ""
        if address.pooler == "auto":
            if warns:
                _log.warning("pooler found", extra={"mode": "transaction"})
            return "transaction"
        await _refuse_shared(address, one)
        return "session"
    finally:
        await one.close()


async def single_connection(address: Address, pooler: Mode, timeout: float) -> Connection:
    """Returns a connection like those of a pool, outside it; `timeout` bounds each statement."""
    settings = session_settings(timeout=timeout)
    connection = await _connect(address.url, server_settings=passed(pooler, settings))
    try:
        await prepare(connection, pooler, settings)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _reach(url: str, **options: Any) -> Connection:
    """Returns a connection for which no time limit of its role holds, where no pooler is there."""
    try:
        own = "statement_timeout=" in url  # which is as its user wants it, or wrong
        settings = {} if own else {"statement_timeout": "0"}
        return await _connect(url, server_settings=settings, **options)
    except asyncpg.ProtocolViolationError:  # so PgBouncer refuses a setting
        return await _connect(url, **options)


async def _connect(url: str, **options: Any) -> Connection:
    place = read_url(url)
    place.check_files()
    options = {"command_timeout": place.timeout, **options}
    return await asyncpg.connect(
        place.dial(), timeout=place.timeout, statement_cache_size=0, **options
    )


def passed(pooler: Mode, settings: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings that a connection begins with: a pooler refuses most of them."""
    return {name: settings[name] for name in (_PASSED if pooler else settings)}


async def prepare(connection: Connection, pooler: Mode, settings: Mapping[str, str]) -> None:
    """Gives a new connection what its beginning could not; a shared session keeps its own."""
    if pooler == "transaction":
        leave_settings(connection)
        watch_over(connection)
        return
    if pooler == "session":
        await set_all(connection, settings)
    await settle_in(connection)


def leave_settings(connection: Connection) -> None:
    """Keeps asyncpg from changing the setting `jit` of a session that others share.

    It turns it off around a look-up of types, and on again: in another session (0.32).
    """
    caps = connection._server_caps  # type: ignore[attr-defined]
    connection._server_caps = caps._replace(jit=False)  # type: ignore[attr-defined]


async def set_all(connection: Connection, settings: Mapping[str, str]) -> None:
    """Sets what a pooler refuses when a session begins."""
    await connection.execute(_SET, list(settings), list(settings.values()))


async def compare(connection: Pooled, settings: Mapping[str, str], *, warns: bool = True) -> None:
    """Raises UnfitPooler if days of a session are not those of UTC.

    Other settings make statements slower, and never wrong: those that it lacks are logged, if it
    `warns`.
    """
    wanted = {name: settings[name] for name in (*_WANTED, *_PASSED)}
    rows = await connection.fetch(_COMPARED, list(wanted), list(wanted.values()))
    lacking = {row["name"]: row["wanted"] for row in rows}
    remedy = "; ".join(f"ALTER ROLE ... SET {name} = '{value}'" for name, value in lacking.items())
    if "timezone" in lacking:
        raise UnfitPooler(
            f"the pooler does not pass the time zone UTC to the server; there, run {remedy}"
        )
    if lacking and warns:
        _log.warning("pooler without settings", extra={"missing": lacking, "remedy": remedy})


async def _is_pooled(connection: Connection) -> bool:
    """Returns whether a pooler answers: it makes up the process id that it gives to a client."""
    return bool(await connection.fetchval(_PID) != connection.get_server_pid())


async def _refuse_shared(address: Address, one: Connection) -> None:
    """Raises UnfitPooler unless each of two connections keeps a session of its own.

    Others that use the pooler may be given the session that was used last, so both ask more than
    once, and not in turns: a pooler that goes round its sessions would give each the same again.
    """
    other = await _connect(address.url)
    try:
        seen = {one: set[int](), other: set[int]()}
        for connection in (one, other, other, one, one, one, other) * 3:
            seen[connection].add(await connection.fetchval(_PID))
        if any(len(pids) > 1 for pids in seen.values()) or seen[one] & seen[other]:
            raise UnfitPooler(
                "IMGGEN_DATABASE_POOLER is session, and connections share sessions: the "
                "pooler of IMGGEN_DATABASE_URL is in transaction mode; set "
                "IMGGEN_DATABASE_POOLER=transaction and IMGGEN_DATABASE_DIRECT_URL"
            )
    finally:
        await other.close()


def _unfit(address: Address) -> UnfitPooler:
    if address.direct_url:
        return UnfitPooler(
            "IMGGEN_DATABASE_DIRECT_URL leads to a pooler; give the address of Postgres itself"
        )
    return UnfitPooler(
        "IMGGEN_DATABASE_URL leads to a pooler, such as PgBouncer, behind which neither LISTEN nor "
        "the lock of migrations works; set IMGGEN_DATABASE_DIRECT_URL to the address of Postgres "
        "itself, or IMGGEN_DATABASE_POOLER=session if the pooler is in session mode"
    )
