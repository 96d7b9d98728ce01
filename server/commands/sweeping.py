"""`python -m server sweep`."""

import argparse
import asyncio
import sys

from server.commands.common import Commands, database_of
from server.settings import GatewaySettings


def _sweep(options: argparse.Namespace) -> int:
    from server.storage.settings import StorageSettings
    from server.store.opening import needing_database
    from server.upkeep.by_hand import Wanted, sweep_by_hand

    if options.unrecorded and not options.yes:
        print("error: --unrecorded goes with --yes", file=sys.stderr)
        return 2
    where, wanted = database_of(GatewaySettings()), Wanted(options.yes, options.unrecorded)
    with needing_database(where.url):
        for line in asyncio.run(sweep_by_hand(where, StorageSettings(), wanted)):
            print(line)
    return 0


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "sweep",
        help="search the storage for objects that the database does not know",
        epilog="Gateways sweep by themselves, but not more than 1 % of all objects or 20 in a "
        "day: more are a sign of a restored dump, or of a storage with two databases.",
    )
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--dry-run", action="store_true", help="only tell what there is")
    how.add_argument("--yes", action="store_true", help="remove them, however many they are")
    parser.add_argument(
        "--unrecorded",
        action="store_true",
        help="with --yes: also those from a time at which the database was not in use, as between "
        "a dump and its restoring",
    )
    parser.set_defaults(command=_sweep)
