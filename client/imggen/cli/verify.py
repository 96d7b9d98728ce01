"""The command that shows where a picture comes from."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imggen.cli import how_to_install
from imggen.cli.exits import FAILED
from imggen.cli.input_files import read_bytes, read_certificates
from imggen.cli.session import Output, local
from imggen.printing import on_one_line

if TYPE_CHECKING:
    from imggen.verifying import Credentials

_MOST_BYTES = 64 * 2**20
_SAID = {
    "trusted": "as it was signed, by somebody you trust",
    "untrusted": "as it was signed; the signer is not one that you trust (see --trust)",
    "development": "as it was signed, with a development certificate, which anybody can make",
    "changed": "changed after it was signed",
    "invalid": "not valid content credentials",
    "none": "no content credentials: it never had any, or they were removed",
}


@dataclass(frozen=True, slots=True)
class _Watermark:
    """What is told of a picture's watermark: as a line, and as JSON."""

    said: str
    shown: dict[str, Any]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates that issue trusted ones, a PEM bundle; others then make the exit code 1.",
)
@click.option(
    "--watermark-key", metavar="KEY", help="The service's key.  [default: the public one]"
)
@local
def verify(session: Output, file: Path, trust: Path | None, watermark_key: str | None) -> None:
    """Show a picture's content credentials (C2PA), and whether it is as it was signed.

    Its watermark is shown, too, which outlives what removes the credentials. Nothing is asked of a
    server. The exit code is 1 for a picture that was changed, or has no valid credentials, with a
    watermark or without.

    \b
    Examples:
      imggen verify mia.jpg
      imggen verify mia.jpg --trust root.pem
    """
    trusted = read_certificates(trust) if trust else b""
    data = read_bytes(file, _MOST_BYTES)
    found = _read(data, file, trusted)
    shown = {name: value for name, value in asdict(found).items() if value not in ("", ())}
    mark = _looked(data, watermark_key)
    lines = (*_lines(file, found), f"  {'watermark':<11} {mark.said}")
    session.document(*lines, file=str(file), credentials=shown, watermark=mark.shown)
    is_enough = found.verdict == "trusted" if trust else found.verdict.is_whole
    if not is_enough:
        click.get_current_context().exit(FAILED)


def _read(data: bytes, file: Path, trusted: bytes) -> "Credentials":
    try:
        # It takes some tenths of a second to import, and is an extra.
        from imggen.verifying import NotAPicture, read_credentials
    except (ImportError, OSError) as error:
        install = how_to_install("verify")
        raise click.ClickException(f"verify needs c2pa-python ({error}): {install}") from error
    try:
        return read_credentials(data, trusted)
    except NotAPicture as error:
        raise click.ClickException(f"{file}: {error}") from error


def _looked(data: bytes, key: str | None) -> _Watermark:
    """Looks for the watermark; whoever cannot look gets the credentials all the same."""
    try:
        # numpy and Pillow, which an installation from before the watermark may lack.
        from imggen.watermark import PUBLIC_KEY, NotRead, told, watermark_of
    except (ImportError, OSError) as error:
        return _unread(f"it needs numpy and Pillow ({error}): {how_to_install('verify')}")
    try:
        mark = watermark_of(data, PUBLIC_KEY if key is None else key)
    except NotRead as error:
        return _unread(f"the file {error}")
    said = told(mark)
    return _Watermark(said, {"verdict": "found", **asdict(mark)} if mark else {"verdict": "none"})


def _unread(why: str) -> _Watermark:
    return _Watermark(f"not looked for: {why}", {"verdict": "unread", "problem": why})


def _lines(file: Path, found: "Credentials") -> Iterator[str]:
    """Yields what is told of a file; all else than our own words may be anybody's."""
    yield f"{on_one_line(str(file))}: {_SAID[found.verdict]}"
    rows = {
        "signed by": found.signer,
        "made by": "a trained algorithm" if found.is_generated else "",
        "model": found.model,
        "made at": found.made_at,
        "what": found.title,
        "from": "; ".join(found.parents),
        "written by": found.generator,
        "signed at": found.signed_at,
        "problems": ", ".join(found.problems),
    }
    yield from (f"  {name:<11} {on_one_line(value)}" for name, value in rows.items() if value)
