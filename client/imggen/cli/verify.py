"""The command that shows where a picture comes from."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imggen.cli import how_to_install
from imggen.cli.exits import FAILED
from imggen.cli.input_files import read_bytes, read_certificates
from imggen.cli.session import Output, local

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


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates that issue trusted ones, PEM; others then make the exit code 1.",
)
@local
def verify(session: Output, file: Path, trust: Path | None) -> None:
    """Show a picture's content credentials (C2PA), and whether it is as it was signed.

    Nothing is asked of a server. The exit code is 1 for a picture that was changed, or has no valid
    credentials.

    \b
    Examples:
      imggen verify mia.jpg
      imggen verify mia.jpg --trust root.pem
    """
    trusted = read_certificates(trust) if trust else b""
    found = _read(read_bytes(file, _MOST_BYTES), file, trusted)
    shown = {name: value for name, value in asdict(found).items() if value not in ("", ())}
    session.document(*_lines(file, found), file=str(file), credentials=shown)
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


def _lines(file: Path, found: "Credentials") -> Iterator[str]:
    yield f"{file}: {_SAID[found.verdict]}"
    rows = {
        "signed by": found.signer,
        "made by": "a trained algorithm" if found.is_generated else "",
        "model": found.model,
        "made at": found.made_at,
        "what": found.title,
        "from": ", ".join(found.parents),
        "written by": found.generator,
        "signed at": found.signed_at,
        "problems": ", ".join(found.problems),
    }
    yield from (f"  {name:<11} {value}" for name, value in rows.items() if value)
