"""Sessions: what every connection to the database sets, whatever its role or its server has set."""

import socket
from typing import Any

import asyncpg

_IDLE_IN_TRANSACTION_S = 60.0
"""Longer than any transaction here rests; a gateway that vanished in one holds nothing after it."""
_KEEPALIVE_IDLE_S = 10
_KEEPALIVE_EVERY_S = 5
_KEEPALIVE_COUNT = 3
_UNANSWERED_S = 20
"""How long sent data may stay unacknowledged; keepalives notice a dead peer about as soon."""

# Not all versions of Postgres have the first two. What a role has set is undone; a database or a
# server that an operator has made read-only stays so. The tables are found wherever they are.
_UNDO = """
SELECT set_config(name, value, false) FROM pg_settings JOIN (VALUES
  ('idle_session_timeout', '0', true),
  ('transaction_timeout', '0', true),
  ('default_transaction_read_only', 'off', false),
  ('search_path', coalesce((
    SELECT format('%I, public', nspname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE pg_class.oid = to_regclass('outbox_swept')
  ), '"$user", public'), false)
) AS wanted (name, value, always) USING (name)
WHERE setting <> value AND (always OR source IN ('user', 'database user'))
"""


def session_settings(
    *, timeout: float | None = None, synchronous_commit: bool = True
) -> dict[str, str]:
    """Returns the settings of a session; the server ends a statement some time after `timeout`.

    The client gives up first; this ends the statements whose cancel request did not arrive.
    """
    return {
        # JIT costs more than these statements take. A bitmap scan collects all rows of a filter
        # before it sorts them, where a list reads the first ones by an index in its order; the
        # planner chooses it for filters that usually find few.
        "jit": "off",
        "enable_bitmapscan": "off",
        # It is the best plan while a table is small, and kept while the table grows: the
        # queue is empty whenever an idle worker plans its claim.
        "enable_seqscan": "off",
        "timezone": "UTC",  # a day of a budget is a day in UTC
        "synchronous_commit": "on" if synchronous_commit else "off",
        # The statements are written for it; a role may have another one.
        "default_transaction_isolation": "read committed",
        "default_transaction_deferrable": "off",
        "statement_timeout": "0" if timeout is None else _ms(1.5 * timeout),
        "lock_timeout": "0",
        "idle_in_transaction_session_timeout": _ms(_IDLE_IN_TRANSACTION_S),
        # As this side does in `watch_over`: the server ends the sessions of a machine that is gone.
        "tcp_keepalives_idle": str(_KEEPALIVE_IDLE_S),
        "tcp_keepalives_interval": str(_KEEPALIVE_EVERY_S),
        "tcp_keepalives_count": str(_KEEPALIVE_COUNT),
        "tcp_user_timeout": _ms(_UNANSWERED_S),
    }


async def settle_in(connection: "asyncpg.Connection[Any]") -> None:
    """Prepares a new connection: its socket, and what its role has set otherwise."""
    watch_over(connection)
    await connection.execute(_UNDO)


def watch_over(connection: "asyncpg.Connection[Any]") -> None:
    """Lets the system notice a peer that is gone: it asks an idle one, and misses answers."""
    # asyncpg 0.32 has no option for it, and its own way to the socket is private, too.
    transport = connection._transport  # type: ignore[attr-defined]
    found = transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", _KEEPALIVE_EVERY_S),
        ("TCP_KEEPCNT", _KEEPALIVE_COUNT),
        ("TCP_USER_TIMEOUT", _UNANSWERED_S * 1000),
    ):
        if hasattr(socket, name):  # Linux has all four
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
