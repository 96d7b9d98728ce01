"""What the commands of `python -m server` have in common."""

import argparse
import sys
from typing import TypeAlias

from server.database_urls import read_url
from server.databases import DIRECT_URL, URL, Address
from server.settings import GatewaySettings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where each command adds its parser."""


def database_of(settings: GatewaySettings) -> Address:
    """Returns where the database is, and says on stderr what its user may not expect of it."""
    address = settings.database
    notes = read_url(address.url).notes(URL)
    if address.direct_url:
        notes += read_url(address.direct_url).notes(DIRECT_URL)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return address
