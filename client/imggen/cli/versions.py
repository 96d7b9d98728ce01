"""The command that shows which versions speak with each other."""

import click

from imggen.cli.consoles import echo
from imggen.cli.session import Session, connected
from imggen.release import VERSION

_PATIENCE_S = 10.0


@click.command()
@connected
def version(session: Session) -> None:
    """Show the versions of this client and of the server; needs no token.

    `imggen --version` shows the client's alone, and asks no server.

    \b
    Example:
      imggen version --server imggen.example.com:443
    """
    if not session.json:
        echo(f"client {VERSION}")
    found = session.client.with_timeout(_PATIENCE_S).server_version()
    told = found or "unknown: it is older than 0.1.0, or a proxy keeps what it says"
    session.document(f"server {told} ({session.server})", client=VERSION, server=found)
