"""The tables of `docs/settings.md`, made from the settings classes."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from server.settings import GatewaySettings
from server.storage.settings import StorageSettings

_PAGE = """\
# Settings

`make settings` writes this page from the settings classes in `server/settings.py`,
`server/storage/settings.py` and `actors/settings`; a test fails while it is out of date. Every
process reads its settings from environment variables, once, when it starts. How many replicas there
are and which GPUs they get are no settings: they are in a Serve config, like
[`cluster/serve/embedded.yaml`](../cluster/serve/embedded.yaml).

`python -m server settings` prints the gateway's settings as they are, without secrets.

## Gateway

{gateway}
## Worker and models

These processes read `IMGGEN_STORAGE_URL` and the other settings of the storage in the table above,
too, and both kinds of processes must have the same ones.

{data_plane}"""


def all_settings() -> list[type[BaseSettings]]:
    """Returns the settings classes of the gateway."""
    return [GatewaySettings, StorageSettings]


def settings_table(classes: Sequence[type[BaseSettings]]) -> str:
    """Returns a Markdown table of every variable; where two classes read one, the first counts."""
    rows: dict[str, str] = {}
    for settings in classes:
        for variable, field in _variables(settings):
            meaning = " ".join((field.description or "").split())
            rows.setdefault(variable, f"| `{variable}` | {_default(field)} | {meaning} |")
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows.values(), ""])


def settings_page(
    gateway: Sequence[type[BaseSettings]], data_plane: Sequence[type[BaseSettings]]
) -> str:
    """Returns the page `docs/settings.md`: both tables, and what they are."""
    return _PAGE.format(gateway=settings_table(gateway), data_plane=settings_table(data_plane))


def _variables(settings: type[BaseSettings]) -> Iterator[tuple[str, FieldInfo]]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        yield (alias if isinstance(alias, str) else f"{prefix}{name}".upper()), field


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=False)
    if field.is_required():
        return "required"
    if isinstance(value, SecretStr):
        return "development secret" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    if isinstance(value, dict):
        value = json.dumps(value)
    if value is None or value == "":
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"
