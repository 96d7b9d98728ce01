"""The dashboard and the alerts of `cluster/observe` ask for what the processes export."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cluster.observe.dashboard import ROWS, dashboard
from tests.exported import names, page_of_gateway, page_of_ray
from tests.markdown import ROOT, anchors
from tests.observed import DASHBOARD, RULE_TESTS, RULES, Query, alerts, panels, rules
from tests.promtool import promtool

EXPORTED = names(page_of_gateway() + page_of_ray())
# Ray adds it to every metric.
OF_RAY = {"NodeAddress"}


def unknown(query: Query) -> set[str]:
    """Returns what a query asks for and no process exports."""
    missing = query.metrics - EXPORTED.keys()
    labels = set().union(*(EXPORTED.get(name, set()) for name in query.metrics))
    return missing | (query.labels - labels - OF_RAY)


@pytest.mark.parametrize("query", [*panels(), *alerts()], ids=lambda query: query.where)
def test_every_metric_and_label_of_a_query_is_exported(query: Query) -> None:
    assert query.metrics
    assert unknown(query) == set()


def test_a_query_for_what_nobody_exports_is_found() -> None:
    text = 'sum by (lane, colour) (rate(imggen_waiting_jobs{user="mia"}[5m])) / imggen_speed_total'
    assert unknown(Query("", text)) == {"colour", "user", "imggen_speed_total"}


def test_every_metric_that_is_exported_is_on_the_dashboard() -> None:
    shown = set().union(*(query.metrics for query in panels()))
    plain = {name for name in EXPORTED if not name.endswith(("_sum", "_count", "_created"))}
    assert plain - shown == set()


@pytest.mark.parametrize("query", [*panels(), *alerts()], ids=lambda query: query.where)
def test_what_counts_how_much_a_counter_grew_counts_the_first_value_of_a_series(
    query: Query,
) -> None:
    text = " ".join(query.text.split())
    grown = re.findall(r"increase\(([^\[]+)\[(\w+)\]\)", text)
    for name, span in grown:
        new = f"last_over_time({name}[{span}]) unless last_over_time({name}[1h] offset {span})"
        assert f"{new} or increase({name}[{span}])" in text


def test_no_alert_asks_for_a_rate_which_misses_the_first_value_of_a_series() -> None:
    assert [one.where for one in alerts() if "rate(" in one.text] == []


def test_every_alert_names_a_paragraph_that_says_what_to_do_and_that_names_it() -> None:
    for rule in rules():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")  # type: ignore[index]
        text = (ROOT / page).read_text()
        assert anchor in anchors(text), rule["alert"]
        [told] = [part for part in text.split("\n### ") if f"`{rule['alert']}`" in part]
        assert anchor in anchors(f"### {told}"), rule["alert"]


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tested: dict[str, set[bool]] = {}
    for test in yaml.safe_load(RULE_TESTS.read_text())["tests"]:
        for one in test["alert_rule_test"]:
            tested.setdefault(one["alertname"], set()).add("exp_alerts" in one)
    assert tested == {rule["alert"]: {True, False} for rule in rules()}


def test_prometheus_finds_no_fault_in_the_alerts_and_their_tests_pass() -> None:
    promtool("check", "rules", RULES)
    promtool("test", "rules", RULE_TESTS)


def test_prometheus_can_read_every_query_of_the_dashboard(tmp_path: Path) -> None:
    records = [
        {"record": f"panel:{number}", "expr": query.text} for number, query in enumerate(panels())
    ]
    file = tmp_path / "panels.rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": records}]}))
    promtool("check", "rules", file)


def test_prometheus_finds_no_fault_in_what_is_exported() -> None:
    assert promtool("check", "metrics", given=page_of_gateway()) == ""
    assert promtool("check", "metrics", given=page_of_ray()) == ""


def test_the_dashboard_is_what_its_generator_writes() -> None:
    assert json.loads(DASHBOARD.read_text()) == dashboard()


def test_the_generator_refuses_a_dashboard_that_is_stale(tmp_path: Path) -> None:
    program = shutil.copy(DASHBOARD.with_name("dashboard.py"), tmp_path)

    def run(*options: str) -> str:
        command = [sys.executable, program, *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert bool(done.returncode) == bool(done.stderr)
        return done.stderr

    assert "run `make dashboard`" in run("--check")
    assert run() == run("--check") == ""
    assert (tmp_path / DASHBOARD.name).read_text() == DASHBOARD.read_text()
    (tmp_path / DASHBOARD.name).write_text("{}")
    assert "run `make dashboard`" in run("--check")


def test_no_two_panels_of_the_dashboard_share_a_place_or_a_number() -> None:
    made = dashboard()["panels"]
    places = {
        (x, y)
        for at in (panel["gridPos"] for panel in made)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    }
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in made)
    assert len({panel["id"] for panel in made}) == len(made)
    assert len(made) == len(ROWS) + sum(len(row) for row in ROWS.values())
