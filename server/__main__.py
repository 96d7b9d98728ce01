"""The gateway's command: `python -m server` serves; `--help` lists the rest."""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import product
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from imggen.printing import never_raising
from imggen.release import VERSION
from server.causes import CannotStart
from server.database_urls import read_url
from server.databases import DIRECT_URL, URL, Address
from server.errors import Unavailable
from server.hidden import MARK, without_secrets
from server.identity.caller import Role
from server.settings import GatewaySettings
from server.storage.base import StorageFull, StorageRefused

_ABOUT = """\
Serves the imggen API over gRPC until SIGTERM or Ctrl-C, then drains.

Settings come from environment variables, see `python -m server settings`. It needs a
database that was migrated and a storage:

  export IMGGEN_DATABASE_URL=postgresql://user:password@host/imggen
  export IMGGEN_STORAGE_URL=s3://bucket/folder
  python -m server migrate
  python -m server
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 2 for what only other settings mend."""
    never_raising()
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        status = command(options)
        sys.stdout.flush()
    except ValidationError as error:
        from server.start_errors import explain

        for line in explain(error):
            print(f"error: {line}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # as in `python -m server settings | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at exit
        return 1
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if error.lasting else 1
    except StorageRefused as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, StorageFull) else 2
    except (Unavailable, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _serve(options: argparse.Namespace) -> int:
    # Imported here, since it takes a moment and the other commands do not need it.
    from server.edge.addresses import Addresses
    from server.logs import configure_logs
    from server.start_errors import refuse_unused
    from server.storage.settings import StorageSettings

    given = {} if options.processes is None else {"processes": options.processes}
    settings = GatewaySettings(**given)
    storage = StorageSettings()
    refuse_unused(settings, storage)
    if options.part:
        from server.app import serve_part
        from server.processes.part import Orders

        orders = Orders.read(options.part)
        configure_logs(settings.log_level, process=orders.number)
        asyncio.run(serve_part(settings, storage, orders))
        return 0
    configure_logs(settings.log_level)

    def announce(addresses: Addresses) -> None:
        if options.ready_file:
            _write_whole(options.ready_file, json.dumps(asdict(addresses)) + "\n")

    if settings.processes > 1:
        from server.processes.supervisor import supervise

        return asyncio.run(supervise(settings, storage, announce))
    from server.app import serve

    asyncio.run(serve(settings, storage, announce))
    return 0


def _database(settings: GatewaySettings) -> Address:
    """Returns where the database is, and says on stderr what its user may not expect of it."""
    address = settings.database
    notes = read_url(address.url).notes(URL)
    if address.direct_url:
        notes += read_url(address.direct_url).notes(DIRECT_URL)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return address


def _migrate(options: argparse.Namespace) -> int:
    from server.store.migrate import migrate, until_migrated
    from server.store.opening import needing_database

    where = _database(GatewaySettings())
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


def _turn_on(options: argparse.Namespace) -> int:
    from server.routing.settings import unknown_name
    from server.store import open_store
    from server.store.opening import needing_database

    settings = GatewaySettings()
    where, who = _database(settings), f"{options.provider} {options.model}".strip()

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


def _sweep(options: argparse.Namespace) -> int:
    from server.storage.settings import StorageSettings
    from server.store.opening import needing_database
    from server.upkeep.by_hand import Wanted, sweep_by_hand

    if options.unrecorded and not options.yes:
        print("error: --unrecorded goes with --yes", file=sys.stderr)
        return 2
    where, wanted = _database(GatewaySettings()), Wanted(options.yes, options.unrecorded)
    with needing_database(where.url):
        for line in asyncio.run(sweep_by_hand(where, StorageSettings(), wanted)):
            print(line)
    return 0


def _allow_text(options: argparse.Namespace) -> int:
    from server.appeals import allow, appeal_of_digest, appeal_of_text, withdraw
    from server.safety.gate import load_gate
    from server.store.opening import needing_database

    gate, where = load_gate(), _database(GatewaySettings())
    if options.hash:
        appeal = appeal_of_digest(gate, options.hash, options.rule)
    else:
        appeal = appeal_of_text(gate, _text_of(options.file))
    decide = withdraw if options.withdraw else allow
    with needing_database(where.url):
        print(asyncio.run(decide(where, appeal, options.by)))
    return 0


def _text_of(file: Path | None) -> str:
    """Returns the text of a file or of stdin; no byte of it may be read as another one."""
    data = file.read_bytes() if file else sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8: byte 0x{data[error.start]:02X}; save it as UTF-8"
        wrong = f"{file or 'standard input'}:{line}: {what}"
        raise CannotStart(wrong, lasting=True) from error


def _token(options: argparse.Namespace) -> int:
    from server.identity.tokens import mint_token

    settings = GatewaySettings()
    if settings.key_set:
        print(
            f"error: tokens are signed with the keys at {without_secrets(str(settings.key_set))}; "
            f"get one from "
            f"{settings.jwt_issuer}",
            file=sys.stderr,
        )
        return 2
    print(
        mint_token(
            settings.jwt_secret.get_secret_value(),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            subject=options.subject,
            roles=options.role,
            ttl_s=options.ttl,
        )
    )
    return 0


def _settings(options: argparse.Namespace) -> int:
    from server.settings_reference import all_settings, settings_table

    if options.markdown:
        print(settings_table(all_settings()), end="")
        return 0
    for settings in all_settings():
        for name, value in _shown(settings):
            print(f"IMGGEN_{name.upper()}={value}")
    return 0


def _shown(settings: type[BaseSettings]) -> list[tuple[str, str]]:
    try:
        return [(name, _plain(name, value)) for name, value in settings()]
    except ValidationError as error:
        missing = {str(each["loc"][0]) for each in error.errors() if each["type"] == "missing"}
        if not missing:
            raise
    # An example stands in for what is missing, so that the rest is read and its secrets hidden.
    return [
        (name, "unset" if name in missing else _plain(name, value))
        for name, value in _with_examples(settings, missing)
    ]


def _with_examples(settings: type[BaseSettings], missing: set[str]) -> BaseSettings:
    """Returns the settings with an example for what is missing: the first ones that fit."""
    choices = [settings.model_fields[name].examples or [""] for name in missing]
    for examples in product(*choices):
        with suppress(ValidationError):
            return settings(**dict(zip(missing, examples, strict=True)))
    return settings()


def _plain(name: str, value: object) -> str:
    """Returns a value as it is shown: a SecretStr hides itself, and a URL may hold secrets."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if value is None:
        return ""
    shown = without_secrets(str(value))
    # Who knows the path of a webhook can post to it.
    return re.sub(r"(://[^/?#]*)[/?#].+", rf"\1/{MARK}", shown) if "webhook" in name else shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m server",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write the addresses to this file, as JSON, once calls are served",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="serve by N processes on the same ports, for N cores (default: IMGGEN_PROCESSES, or "
        "1); Linux only",
    )
    # For the processes of a supervisor.
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"imggen {VERSION}")
    parser.set_defaults(command=_serve)
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND")

    migrate = commands.add_parser(
        "migrate", help="bring the database up to date; safe to repeat, and to run in parallel"
    )
    migrate.add_argument(
        "--wait",
        action="store_true",
        help="change nothing, and end once another process has brought it up to date",
    )
    migrate.set_defaults(command=_migrate)

    token = commands.add_parser(
        "token",
        help="print a token for development, signed with IMGGEN_JWT_SECRET",
        epilog='use it as: grpcurl -plaintext -H "authorization: Bearer $(python -m server token)" '
        "localhost:50051 imggen.v1.StyleService/ListStyles",
    )
    token.add_argument(
        "--subject", default="developer", help="the user that it is for (default: developer)"
    )
    token.add_argument(
        "--role",
        action="append",
        default=[],
        type=Role,
        choices=list(Role),
        metavar="|".join(Role),
        help="a role of the user; may be given more than once",
    )
    token.add_argument(
        "--ttl",
        type=float,
        default=8 * 3600.0,
        metavar="SECONDS",
        help="how long it is valid (default: 8 hours)",
    )
    token.set_defaults(command=_token)

    turn_on = commands.add_parser(
        "turn-on",
        help="forget the failures of a provider, or of one of its models, so that it is called",
        epilog="`imggen providers` shows which are off, and why. Mend the cause first: "
        "a wrong key, a used-up quota or a retired model turns it off again.",
    )
    turn_on.add_argument("provider", help="for instance openai")
    turn_on.add_argument(
        "model", nargs="?", default="", help="only this model (default: the provider itself)"
    )
    turn_on.set_defaults(command=_turn_on)

    sweep = commands.add_parser(
        "sweep",
        help="search the storage for objects that the database does not know",
        epilog="Gateways sweep by themselves, but not more than 1 % of all objects or 20 in a "
        "day: more are a sign of a restored dump, or of a storage with two databases.",
    )
    how = sweep.add_mutually_exclusive_group(required=True)
    how.add_argument("--dry-run", action="store_true", help="only tell what there is")
    how.add_argument("--yes", action="store_true", help="remove them, however many they are")
    sweep.add_argument(
        "--unrecorded",
        action="store_true",
        help="with --yes: also those from a time at which the database was not in use, as between "
        "a dump and its restoring",
    )
    sweep.set_defaults(command=_sweep)

    allow_text = commands.add_parser(
        "allow-text",
        help="let a text pass that the text gate refuses, after you have read it",
        epilog="What is allowed is noted with --by and the time, without the text; it counts for "
        "every caller, for this text and this rule alone.",
    )
    allow_text.add_argument(
        "file",
        nargs="?",
        type=Path,
        help="the file with the text, UTF-8 (default: standard input)",
    )
    allow_text.add_argument("--by", required=True, help="who decides, for the audit")
    allow_text.add_argument(
        "--hash", default="", help="instead of the text: the hash that its refusal named"
    )
    allow_text.add_argument("--rule", default="", help="with --hash: the rule that it named")
    allow_text.add_argument("--withdraw", action="store_true", help="refuse the text again instead")
    allow_text.set_defaults(command=_allow_text)

    settings = commands.add_parser("settings", help="print the current settings, secrets hidden")
    settings.add_argument(
        "--markdown", action="store_true", help="print the table of all settings instead"
    )
    settings.set_defaults(command=_settings)
    return parser


def _write_whole(path: Path, text: str) -> None:
    """Writes a file atomically, so that no reader sees half of it."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
