"""`python -m server allow-text`."""

import argparse
import asyncio
import sys
from pathlib import Path

from server.causes import CannotStart
from server.commands.common import Commands, database_of
from server.settings import GatewaySettings


def _allow_text(options: argparse.Namespace) -> int:
    from server.appeals import allow, appeal_of_digest, appeal_of_text, withdraw
    from server.safety.gate import load_gate
    from server.store.opening import needing_database

    gate, where = load_gate(), database_of(GatewaySettings())
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


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "allow-text",
        help="let a text pass that the text gate refuses, after you have read it",
        epilog="What is allowed is noted with --by and the time, without the text; it counts for "
        "every caller, for this text and this rule alone.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        help="the file with the text, UTF-8 (default: standard input)",
    )
    parser.add_argument("--by", required=True, help="who decides, for the audit")
    parser.add_argument(
        "--hash", default="", help="instead of the text: the hash that its refusal named"
    )
    parser.add_argument("--rule", default="", help="with --hash: the rule that it named")
    parser.add_argument("--withdraw", action="store_true", help="refuse the text again instead")
    parser.set_defaults(command=_allow_text)
