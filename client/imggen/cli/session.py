"""The session of a command: its client, the connection options, and its output."""

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from click.core import ParameterSource
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from imggen.cli.consoles import console, echo, on_terminal
from imggen.cli.input_files import read_certificates
from imggen.cli.profiles import DEFAULT_SERVER, Named, Profile, resolved
from imggen.cli.tables import print_table
from imggen.sync import SyncClient
from imggen.tokens import no_token

# Wider than any row: piped output is never cut.
_PIPED_WIDTH = 1000

Part = Message | Mapping[str, object] | Iterable[Message | Mapping[str, object] | str] | str
"""What a document of JSON is made of."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a command prints: lines and tables for people, or JSON."""

    json: bool = field(kw_only=True)

    @property
    def width(self) -> int:
        """The columns that a table may have: those of the terminal, else enough for any."""
        return console().width if on_terminal() else _PIPED_WIDTH

    def document(self, *lines: str, **parts: Part) -> None:
        """Prints the lines; with --json the named parts as one document."""
        if self.json:
            echo(json.dumps(_plain(parts), indent=2, ensure_ascii=False))
        elif lines:
            echo("\n".join(lines))

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[str]], **parts: Iterable[Message]
    ) -> None:
        """Prints a table, in a pipe a line for each row; with --json the parts."""
        if self.json:
            self.document(**parts)
        else:
            print_table(columns, rows)


@dataclass(frozen=True, slots=True)
class Session(Output):
    """One run of a command: its client, the server's address, and whether it prints JSON."""

    client: SyncClient
    server: str = ""


def json_line(message: Message) -> str:
    """Returns a message as one line of JSON, with protobuf's JSON names."""
    return json.dumps(_plain(message), ensure_ascii=False)


def kept_options() -> list[click.Option]:
    """Returns the options that a command takes after its name, and before: --json and --profile."""

    def keep(context: click.Context, option: click.Parameter, given: object) -> None:
        key = f"imggen.{option.name}"
        # What the environment says, each command would read again over what its group was given.
        typed = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        if given and (typed or key not in context.meta):
            context.meta[key] = given
            if typed:
                context.meta[f"{key}.typed"] = True

    # Eager, and kept beside the parameters, which groups do not pass on to their commands.
    asked = click.Option(
        ["--json"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=keep,
        help="Print JSON.",
    )
    profile = click.Option(
        ["--profile"],
        envvar="IMGGEN_PROFILE",
        show_envvar=True,
        expose_value=False,
        callback=keep,
        metavar="NAME",
        help="A server of `imggen config`; typed, it comes before the environment.",
    )
    return [profile, asked]


def _kept(name: str) -> str:
    """Returns a kept option of the running command or one of its groups; empty if not given."""
    return str(click.get_current_context().meta.get(f"imggen.{name}", ""))


def _by_source(**given: str | None) -> tuple[Profile, Profile]:
    """Returns what was typed of how the server is reached, and what the environment says."""
    context = click.get_current_context()

    def of(*sources: ParameterSource) -> Profile:
        found = {
            name: value
            for name, value in given.items()
            if context.get_parameter_source(name) in sources
        }
        return Profile(found.get("server"), found.get("token"), found.get("ca"))

    return of(ParameterSource.COMMANDLINE), of(ParameterSource.ENVIRONMENT)


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the connection options to a command, and passes it a session as first argument."""

    @click.option(
        "--server",
        envvar="IMGGEN_SERVER",
        show_envvar=True,
        metavar="HOST:PORT",
        help="The server's address. Connections to other machines use TLS."
        f"  [default: the profile's, or {DEFAULT_SERVER}]",
    )
    @click.option("--token", envvar="IMGGEN_TOKEN", show_envvar=True, help="Your token, a JWT.")
    @click.option(
        "--ca",
        envvar="IMGGEN_CA",
        show_envvar=True,
        type=click.Path(exists=True, dir_okay=False),
        help="The CA certificates to trust instead of the system's, PEM.",
    )
    @click.option("--insecure", is_flag=True, help="Do not use TLS, even to another machine.")
    @functools.wraps(command)
    def run(
        *,
        server: str | None,
        token: str | None,
        ca: str | None,
        insecure: bool,
        **arguments: object,
    ) -> None:
        typed, environment = _by_source(server=server, token=token, ca=ca)
        named = Named(_kept("profile"), typed=bool(_kept("profile.typed")))
        at = resolved(replace(typed, insecure=insecure), environment, named)
        try:
            client = SyncClient(
                DEFAULT_SERVER if at.server is None else at.server,
                token=no_token if at.token is None else at.token,
                root_certificates=read_certificates(Path(at.ca)) if at.ca else None,
                insecure=at.insecure,
            )
        except ValueError as wrong:
            raise click.UsageError(str(wrong)) from wrong
        with client:
            command(Session(client, at.server or "", json=bool(_kept("json"))), **arguments)

    return run


def local(command: Callable[..., None]) -> Callable[..., None]:
    """Passes a command that calls no server a session as first argument, for its output."""

    @functools.wraps(command)
    def run(**arguments: object) -> None:
        command(Output(json=bool(_kept("json"))), **arguments)

    return run


def _plain(value: object) -> object:
    """Returns a value as plain JSON types, messages with all their fields."""
    if isinstance(value, Message):
        return MessageToDict(value, always_print_fields_with_no_presence=True)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if not isinstance(value, Iterable) or isinstance(value, str):
        return value
    return [_plain(part) for part in value]
