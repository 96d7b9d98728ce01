"""Statements around the work of a connection, after which it may have to be closed."""

from collections.abc import Awaitable
from typing import Any

from server.clock import DatabaseClock


async def learn_time(connection: Any, clock: DatabaseClock) -> None:
    """Sets a clock by the time that a connection tells."""
    asked_s = clock.steady()
    told = await connection.fetchval("SELECT clock_timestamp()")
    clock.learn(told, asked_s, clock.steady())


async def whole(connection: Any, statement: Awaitable[Any]) -> Any:
    """Returns what a statement on a lock gives; without its answer, the connection is closed.

    The session may have the lock, and would keep it in the pool.
    """
    try:
        return await statement
    except BaseException:
        if not is_closed(connection):
            connection.terminate()
        raise


async def roll_back(connection: Any, transaction: Any) -> None:
    """Rolls back what is open; a connection on which that fails is closed instead."""
    if is_closed(connection) or not connection.is_in_transaction():
        return
    try:
        await transaction.rollback()
    except Exception:
        # What the transaction failed for is raised; this one has no more to say.
        if not is_closed(connection):
            connection.terminate()


def is_closed(connection: Any) -> bool:
    """Returns whether a connection that was acquired has ended, and left its pool."""
    return connection._con is None or bool(connection.is_closed())
