"""`cluster/compose.yaml` as tests read it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.markdown import ROOT

COMPOSE = ROOT / "cluster" / "compose.yaml"
_VARIABLE = re.compile(r"\$\{(\w+):\?[^}]*\}")


def variables(text: str) -> set[str]:
    """Returns the variables that the file takes from `cluster/.env`."""
    return set(_VARIABLE.findall(text))


def services(values: Mapping[str, str], path: Path = COMPOSE) -> dict[str, dict[str, Any]]:
    """Returns the services by name, with the variables of `cluster/.env`; raises KeyError."""
    text = _VARIABLE.sub(lambda found: values[found[1]], path.read_text())
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return found


def secrets() -> dict[str, str]:
    """Returns values for all variables, as `cluster/compose-secrets` makes them."""
    return {name: f"{name.lower():*<48}" for name in variables(COMPOSE.read_text())}
