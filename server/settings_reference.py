"""The settings tables of the README, made from the settings classes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from server.settings import GatewaySettings
from server.storage.settings import StorageSettings

END = "<!-- settings:end -->"


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


def begin(name: str) -> str:
    """Returns the marker before the table of that name."""
    return f"<!-- settings:begin {name} (make settings) -->"


def between_markers(document: str, name: str) -> str:
    """Returns the table that a document holds; raises ValueError where it lacks the markers."""
    return _split(document, name)[1].strip() + "\n"


def with_table(document: str, name: str, table: str) -> str:
    """Replaces the table in a document; raises ValueError where it lacks the markers."""
    before, _, after = _split(document, name)
    return f"{before}{begin(name)}\n{table}{END}{after}"


def _split(document: str, name: str) -> tuple[str, str, str]:
    before, marker, rest = document.partition(begin(name))
    table, end, after = rest.partition(END)
    if not marker or not end:
        raise ValueError(f"the document lacks the markers {begin(name)} and {END}")
    return before, table, after


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
    if value is None or value == "":
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"
