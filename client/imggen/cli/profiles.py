"""Profiles: named servers with their tokens, in a file that only their user may read."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from imggen.cli.consoles import echo

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
    except (ValueError, TypeError, AttributeError) as error:
        raise click.UsageError(f"{path} is not a file of imggen config: {error}") from error
    _refuse_open(path, config)
    return config


def write_config(config: Config) -> None:
    """Writes the profiles to a file with permission 0600, whole or not at all."""
    path = config_file()
    if not path.is_absolute():
        raise click.UsageError("there is no home folder to keep profiles in; set XDG_CONFIG_HOME")
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


def resolved(given: Profile, name: str) -> Profile:
    """Returns how to reach the server: what is given by options and environment, else a profile's.

    A profile's token and certificates go to the profile's own server only. `name` is that of a
    profile; empty for the default one.
    """
    if given.server and given.token and not name:
        return given  # whatever the file holds
    config = read_config()
    used = name or config.default
    saved = config.named(used) if used else Profile()
    server = given.server or saved.server or DEFAULT_SERVER
    if server != saved.server:
        if name and saved.server:
            note = f"note: {server} is used, which --server or IMGGEN_SERVER names, and not"
            echo(f'imggen: {note} {saved.server} of the profile "{name}"', err=True)
        return Profile(server, given.token, given.ca, given.insecure)
    return Profile(
        server,
        given.token or saved.token,
        given.ca or saved.ca,
        given.insecure or (saved.insecure and given.ca is None),
    )


def _config(read: Any) -> Config:
    profiles = {name: Profile(**fields) for name, fields in read.get("profiles", {}).items()}
    return Config(str(read.get("default", "")), profiles)


def _refuse_open(path: Path, config: Config) -> None:
    """Refuses tokens that other users of the machine can read; Windows has no such permissions."""
    tokens = any(profile.token for profile in config.profiles.values())
    if tokens and os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise click.UsageError(
            f"{path} holds tokens, and others may read it; change that: chmod 600 {path}"
        )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)
