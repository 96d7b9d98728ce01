"""`python -m server migrate`."""

import argparse
import asyncio
import sys

from server.commands.common import Commands, database_of
from server.settings import GatewaySettings


def _migrate(options: argparse.Namespace) -> int:
    from server.store.migrate import migrate, until_migrated
    from server.store.opening import needing_database

    where = database_of(GatewaySettings())
    if options.wait:
        asyncio.run(until_migrated(where, _say_waiting))
        return 0
    with needing_database(where.session_url, where.session_setting):
        applied = asyncio.run(migrate(where))
    for name in applied:
        print(name)
    print(f"{len(applied)} applied; the database is up to date", file=sys.stderr)
    return 0


def _say_waiting(why: str) -> None:
    print(f"waiting: {why}", file=sys.stderr)


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "migrate", help="bring the database up to date; safe to repeat, and to run in parallel"
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="change nothing, and end once another process has brought it up to date",
    )
    parser.set_defaults(command=_migrate)
