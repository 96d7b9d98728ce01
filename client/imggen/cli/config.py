"""Commands for profiles: named servers in a file of the user's."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from imggen.cli.consoles import hidden
from imggen.cli.input_files import read_certificates
from imggen.cli.profiles import Config, Profile, config_file, read_config, write_config
from imggen.cli.session import Output, local
from imggen.errors import BadArgument
from imggen.targets import target_of
from imggen.tokens import token_of


@click.group()
def config() -> None:
    """Keep servers and tokens as profiles.

    A command takes each value from its option, else from the profile that --profile names, else
    from the environment (IMGGEN_SERVER, IMGGEN_TOKEN, IMGGEN_CA), else from the profile that
    IMGGEN_PROFILE names, else from the default profile. A profile's token goes to the profile's
    own server only, and IMGGEN_TOKEN never to that of --profile.
    """


@config.command("set")
@click.argument("name")
@click.option("--server", metavar="HOST:PORT", help="The server's address.")
@click.option("--token", help="Your token; `-` asks for it, or reads it from a pipe.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False), help="The CA to trust, PEM.")
@click.option(
    "--insecure/--secure",
    default=None,
    help="Whether TLS is left out; then no CA is kept, and --ca turns it on.",
)
@local
def set_profile(
    session: Output,
    name: str,
    server: str | None,
    token: str | None,
    ca: str | None,
    insecure: bool | None,
) -> None:
    """Make a profile, or change what is given of it; the first one becomes the default.

    The file is readable by you alone. It keeps the token as it is, so prefer one that expires.

    \b
    Examples:
      imggen config set production --server imggen.example.com:443 --token -
      imggen config set local --server 127.0.0.1:50051 --token "$IMGGEN_TOKEN"
    """
    if (server, token, ca, insecure) == (None, None, None, None):
        raise click.UsageError("nothing to set; give --server, --token, --ca or --insecure")
    if not name.strip():
        raise click.UsageError("a profile needs a name")
    if insecure and ca is not None:
        raise click.UsageError("--insecure uses no certificates, and --ca names some; choose one")
    found = read_config()
    profile = found.profiles.get(name, Profile())
    profile = _changed(profile, server, token, ca, insecure)
    if not profile.server:
        raise click.UsageError("a profile needs a server; give --server HOST:PORT")
    write_config(Config(found.default or name, {**found.profiles, name: profile}))
    session.document(f"profile {name} is in {config_file()}", profile=name, file=str(config_file()))


@config.command("list")
@local
def list_profiles(session: Output) -> None:
    """List the profiles, without their tokens.

    \b
    Example:
      imggen config list
    """
    found = read_config()
    shown = {name: _shown(name, one, found) for name, one in found.profiles.items()}
    if session.json:
        session.document(file=str(config_file()), profiles=list(shown.values()))
        return
    columns = ("PROFILE", "DEFAULT", "SERVER", "TOKEN", "CA", "TLS")
    session.table(columns, (tuple(one.values()) for one in shown.values()))


@config.command("use")
@click.argument("name")
@local
def use_profile(session: Output, name: str) -> None:
    """Make a profile the default one.

    \b
    Example:
      imggen config use production
    """
    found = read_config()
    found.named(name)
    write_config(replace(found, default=name))
    session.document(f"profile {name} is the default", profile=name)


@config.command("remove")
@click.argument("name")
@local
def remove_profile(session: Output, name: str) -> None:
    """Remove a profile with its token.

    \b
    Example:
      imggen config remove production
    """
    found = read_config()
    found.named(name)
    left = {other: one for other, one in found.profiles.items() if other != name}
    write_config(Config("" if found.default == name else found.default, left))
    session.document(f"profile {name} is removed", profile=name)


def _changed(
    profile: Profile, server: str | None, token: str | None, ca: str | None, insecure: bool | None
) -> Profile:
    """Returns a profile with what is given; an empty text empties its field."""
    if ca is not None:
        read_certificates(Path(ca))
        ca, insecure = str(Path(ca).resolve()), False
    return Profile(
        server=profile.server if server is None else _address(server),
        token=profile.token if token is None else _token(token),
        ca=None if insecure else profile.ca if ca is None else ca,
        insecure=profile.insecure if insecure is None else insecure,
    )


def _address(server: str) -> str | None:
    """Returns a server's address, None for an empty one; a UsageError says what is wrong with it.

    It is looked at here: the next command would name the client's argument, and no profile.
    """
    try:
        return target_of(server, {}) if server else None
    except BadArgument as wrong:
        raise click.UsageError(f"--server {wrong.violations[0].description}") from wrong


def _token(given: str) -> str | None:
    """Returns a token, asked for where `-` is given; None for an empty one."""
    token = (_asked() if given == "-" else given).strip()
    if given == "-" and not token:
        raise click.UsageError("--token -: no token came from the pipe, and none is kept")
    try:
        token_of(token or None, {})
    except BadArgument as wrong:
        raise click.UsageError(f"--token {wrong.violations[0].description}") from wrong
    return token or None


def _shown(name: str, profile: Profile, config: Config) -> dict[str, str]:
    return {
        "name": name,
        "default": "yes" if name == config.default else "",
        "server": profile.server or "",
        "token": "kept" if profile.token else "none",
        "ca": profile.ca or "",
        "tls": "no" if profile.insecure else "",
    }


def _asked() -> str:
    """Returns a token from the terminal, which does not show it, or from a pipe."""
    if sys.stdin.isatty():
        return str(hidden("Token"))
    return sys.stdin.readline()
