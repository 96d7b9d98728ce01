"""The queries of `cluster/observe`: what its dashboard and its alerts ask Prometheus for."""

import json
import re
from dataclasses import dataclass

import yaml

from tests.markdown import ROOT

OBSERVE = ROOT / "cluster" / "observe"
RULES = OBSERVE / "alerts.rules.yaml"
RULE_TESTS = OBSERVE / "alerts.tests.yaml"
DASHBOARD = OBSERVE / "imggen.json"

_NAME = re.compile(r"\b(?:ray_)?imggen_[a-z0-9_]+")
_SELECTOR = re.compile(r"([A-Za-z_]+)\s*(?:=~|!~|!=|=)\s*\"")
_BY = re.compile(r"\bby\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """A query: where it stands, and what it asks."""

    where: str
    text: str

    @property
    def metrics(self) -> set[str]:
        """The names of our metrics in it."""
        return set(_NAME.findall(self.text))

    @property
    def labels(self) -> set[str]:
        """The labels that it selects or groups by."""
        grouped = {label.strip() for found in _BY.findall(self.text) for label in found.split(",")}
        return (grouped | set(_SELECTOR.findall(self.text))) - {"", "le"}


def panels() -> list[Query]:
    """Returns the queries of the dashboard, with Grafana's variables filled in."""
    return [
        Query(panel["title"], target["expr"].replace("$__rate_interval", "5m"))
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", [])
    ]


def alerts() -> list[Query]:
    """Returns the queries of the alerts."""
    return [Query(rule["alert"], rule["expr"]) for rule in rules()]


def rules() -> list[dict[str, str]]:
    """Returns the alert rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]
