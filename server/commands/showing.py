"""`python -m server settings`."""

import argparse
import re
from contextlib import suppress
from itertools import product

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from server.commands.common import Commands
from server.hidden import MARK, without_secrets


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


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser("settings", help="print the current settings, secrets hidden")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table of all settings instead"
    )
    parser.set_defaults(command=_settings)
