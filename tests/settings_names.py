"""The environment variables that each kind of process reads."""

from collections.abc import Iterable

from pydantic_settings import BaseSettings

from actors.settings import DATA_PLANE_SETTINGS
from server.settings_reference import all_settings
from server.storage.settings import StorageSettings


def _names(classes: Iterable[type[BaseSettings]]) -> frozenset[str]:
    return frozenset(f"IMGGEN_{name.upper()}" for each in classes for name in each.model_fields)


GATEWAY = _names(all_settings())
DATA_PLANE = _names([*DATA_PLANE_SETTINGS, StorageSettings])


def unread(environment: Iterable[str], known: frozenset[str]) -> set[str]:
    """Returns the variables of ours that a process would not read."""
    return {name for name in environment if name.startswith("IMGGEN_")} - known
