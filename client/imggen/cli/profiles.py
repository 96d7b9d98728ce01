"""Profiles: named servers with their tokens, in a file that only their user may read."""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from imggen.cli.consoles import echo
from imggen.cli.pasting import quoted

DEFAULT_SERVER = "127.0.0.1:50051"
_PRIVATE = 0o600
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Profile:
    """How a server is reached; what is None is not set. `ca` is the path of a PEM file."""

    server: str | None = None
    token: str | None = None
    ca: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """All profiles by their names, and the one that is used where none is named."""

    default: str = ""
    profiles: dict[str, Profile] = field(default_factory=dict)

    def named(self, name: str) -> Profile:
        """Returns a profile; a UsageError names those that there are."""
        if name not in self.profiles:
            known = ", ".join(self.profiles) or "none; imggen config set makes one"
            raise click.UsageError(f'"{name}" is not a profile; there are: {known}')
        return self.profiles[name]


@dataclass(frozen=True, slots=True)
class Named:
    """The name of a profile, empty for the default one; typed, or from the environment."""

    name: str = ""
    typed: bool = field(default=False, kw_only=True)


def config_file() -> Path:
    """Returns where profiles are: in $XDG_CONFIG_HOME, else where the system keeps such files."""
    own = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(own) / "imggen" if Path(own).is_absolute() else Path(click.get_app_dir("imggen"))
    return folder / "config.json"


def read_config() -> Config:
    """Reads the profiles; a missing file has none.

    A UsageError says what is wrong with the file, also if others may read its tokens.
    """
    path = config_file()
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error
    try:
        config = _config(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path} is not a file of imggen config: {error}") from error
    _refuse_open(path, config)
    return config


def write_config(config: Config) -> None:
    """Writes the profiles to a file with permission 0600, whole or not at all.

    Where its path is a link, the file that the link names is written: many keep theirs elsewhere.
    """
    path = config_file()
    if not path.is_absolute():
        raise click.UsageError("there is no home folder to keep profiles in; set XDG_CONFIG_HOME")
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    text = json.dumps(asdict(config), indent=2, ensure_ascii=False)
    try:
        with open(part, "x", encoding="utf-8", opener=_private) as file:
            file.write(f"{text}\n")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def resolved(typed: Profile, environment: Profile, named: Named) -> Profile:
    """Returns how to reach the server: typed options, a typed profile, environment, a profile.

    A profile's token and certificates go to the profile's own server only, and to the server of a
    typed profile no token of the environment. A token that is None is not sent.
    """
    given = _first(typed, environment)
    if given.server and given.token and not named.name:
        return given  # whatever the file holds
    config = read_config()
    used = named.name or config.default
    saved = config.named(used) if used else Profile()
    if named.typed and saved.server and typed.server in (None, saved.server):
        return _first(typed, saved, _beside(saved, environment, named.name, typed.token))
    server = _first(given, saved, Profile(DEFAULT_SERVER)).server
    if server == saved.server:
        return _first(given, saved)
    if named.name and saved.server:
        note = f"note: {server} is used, which --server or IMGGEN_SERVER names, and not"
        echo(f'imggen: {note} {saved.server} of the profile "{named.name}"', err=True)
    return replace(given, server=server)


def _first(*sources: Profile) -> Profile:
    """Returns what the first of the sources says that says anything; TLS by the first with it."""

    def of(name: str) -> str | None:
        said = (getattr(source, name) for source in sources)
        return next((value for value in said if value is not None), None)

    with_tls = (source for source in sources if source.insecure or source.ca is not None)
    secured = next(with_tls, Profile())
    return Profile(of("server"), of("token"), secured.ca, secured.insecure)


def _beside(saved: Profile, environment: Profile, name: str, token: str | None) -> Profile:
    """Returns what the environment may add to a typed profile; says that its token may not."""
    if environment.token and not (saved.token or token):
        note = f'note: IMGGEN_TOKEN is not sent to the server of the profile "{name}", which has'
        keep = quoted("imggen", "config", "set", name, "--token", "-")
        echo(f"imggen: {note} no token; give --token, or keep one: {keep}", err=True)
    return replace(environment, token=None)


_TEXTS = ("server", "token", "ca")


def _config(read: object) -> Config:
    """Returns the profiles of a document of JSON; raises ValueError for another one."""
    top = _checked(read, "it", dict)
    named = _checked(top.get("profiles", {}), '"profiles"', dict)
    profiles = {name: _profile(fields, f'profile "{name}"') for name, fields in named.items()}
    return Config(_checked(top.get("default", ""), '"default"', str), profiles)


def _profile(read: object, place: str) -> Profile:
    fields = _checked(read, place, dict)
    for name, value in fields.items():
        if name in _TEXTS:
            _checked(value, f'{place}: "{name}"', str, type(None))
        elif name == "insecure":
            _checked(value, f'{place}: "{name}"', bool)
        else:
            raise ValueError(f'{place}: "{name}" is not a field; use server, token, ca, insecure')
    return Profile(**fields)


_KINDS = {dict: "an object", str: "a text", bool: "true or false", type(None): "null"}


def _checked(value: Any, what: str, *kinds: type) -> Any:
    if type(value) not in kinds:
        named = " or ".join(_KINDS[kind] for kind in kinds)
        raise ValueError(f"{what} must be {named}")
    return value


def _refuse_open(path: Path, config: Config) -> None:
    """Refuses tokens that other users of the machine can read; Windows has no such permissions."""
    tokens = any(profile.token for profile in config.profiles.values())
    if tokens and os.name == "posix" and path.stat().st_mode & _OTHERS:
        mend = quoted("chmod", "600", str(path))
        raise click.UsageError(f"{path} holds tokens, and others may read it; change that: {mend}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)
