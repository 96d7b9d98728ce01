"""The command that shows which versions speak with each other."""

from importlib.metadata import version as version_of

import click

from imggen.cli.consoles import echo
from imggen.cli.session import Session, connected

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
    own = version_of("imggen")
    if not session.json:
        echo(f"client {own}")
    found = session.client.with_timeout(_PATIENCE_S).server_version()
    told = found or "unknown: it is older than 0.1.0, or a proxy keeps what it says"
    session.document(f"server {told} ({session.server})", client=own, server=found)
