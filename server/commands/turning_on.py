"""`python -m server turn-on`."""

import argparse
import asyncio
import sys

from server.commands.common import Commands, database_of
from server.settings import GatewaySettings


def _turn_on(options: argparse.Namespace) -> int:
    from server.routing.settings import unknown_name
    from server.store import open_store
    from server.store.opening import needing_database

    settings = GatewaySettings()
    where, who = database_of(settings), f"{options.provider} {options.model}".strip()

    async def turn_on() -> bool:
        async with open_store(where, max_connections=1) as store:
            return await store.health.turn_on(options.provider, options.model)

    with needing_database(where.url):
        failed = asyncio.run(turn_on())
    # What has failed is turned on even where the catalogue does not have it any more.
    if not failed and (unknown := unknown_name(settings, options.provider, options.model)):
        print(f"error: {unknown}", file=sys.stderr)
        return 2
    print(f"{who}: {'its failures are forgotten' if failed else 'was not off, and has not failed'}")
    return 0


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "turn-on",
        help="forget the failures of a provider, or of one of its models, so that it is called",
        epilog="`imggen providers` shows which are off, and why. Mend the cause first: "
        "a wrong key, a used-up quota or a retired model turns it off again.",
    )
    parser.add_argument("provider", help="for instance openai")
    parser.add_argument(
        "model", nargs="?", default="", help="only this model (default: the provider itself)"
    )
    parser.set_defaults(command=_turn_on)
