"""The session of a command: its client, the connection options, and its output."""

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console, Group

from imggen.cli.consoles import console, echo, shown
from imggen.cli.input_files import read_certificates
from imggen.cli.tables import tables
from imggen.sync import SyncClient

# Wider than any table: piped output is never cut.
_PIPED_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command: its client, and whether it prints JSON."""

    client: SyncClient
    json: bool

    @property
    def width(self) -> int:
        """The columns that a table may have: those of the terminal, else enough for any."""
        return _console().width

    def document(self, *lines: str, **parts: Message | Iterable[Message] | str) -> None:
        """Prints the lines; with --json the named parts as one document."""
        if self.json:
            echo(json.dumps(_plain(parts), indent=2, ensure_ascii=False))
        elif lines:
            echo("\n".join(lines))

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[str]], **parts: Iterable[Message]
    ) -> None:
        """Prints a table whose first column never wraps; with --json the parts."""
        if self.json:
            self.document(**parts)
            return
        screen = _console()
        cells = [tuple(map(shown, row)) for row in rows]
        table = Group(*tables(columns, cells, screen.width))
        if screen.is_terminal:
            screen.print(table)
            return
        with screen.capture() as captured:
            screen.print(table)
        echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _console() -> Console:
    screen = console()
    if not screen.is_terminal:
        screen.width = _PIPED_WIDTH
    return screen


def json_line(message: Message) -> str:
    """Returns a message as one line of JSON, with protobuf's JSON names."""
    return json.dumps(_plain(message), ensure_ascii=False)


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the connection options to a command, and passes it a session as first argument."""

    @click.option(
        "--server",
        envvar="IMGGEN_SERVER",
        default="127.0.0.1:50051",
        show_default=True,
        show_envvar=True,
        metavar="HOST:PORT",
        help="The server's address. Connections to other machines use TLS.",
    )
    @click.option("--token", envvar="IMGGEN_TOKEN", show_envvar=True, help="Your token, a JWT.")
    @click.option(
        "--ca",
        envvar="IMGGEN_CA",
        show_envvar=True,
        type=click.Path(dir_okay=False, exists=True, path_type=Path),
        help="The CA certificates to trust instead of the system's, PEM.",
    )
    @click.option("--insecure", is_flag=True, help="Do not use TLS, even to another machine.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @functools.wraps(command)
    def run(
        *,
        server: str,
        token: str | None,
        ca: Path | None,
        insecure: bool,
        as_json: bool,
        **arguments: object,
    ) -> None:
        try:
            client = SyncClient(
                server,
                token=token,
                root_certificates=read_certificates(ca) if ca is not None else None,
                insecure=insecure,
            )
        except ValueError as wrong:
            raise click.UsageError(str(wrong)) from wrong
        with client:
            command(Session(client, as_json), **arguments)

    return run


def _plain(value: object) -> object:
    """Returns a value as plain JSON types, messages with all their fields."""
    if isinstance(value, Message):
        return MessageToDict(value, always_print_fields_with_no_presence=True)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, str):
        return value
    assert isinstance(value, Iterable), "parts are messages, texts or lists of messages"
    return [_plain(part) for part in value]
