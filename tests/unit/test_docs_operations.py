"""docs/operations.md names every metric and every log line."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.exported import page_of_gateway, page_of_processes, page_of_ray
from tests.markdown import ROOT, rows, section

PAGE = (ROOT / "docs" / "operations.md").read_text()
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A call that logs: its event, its level where it names one, and the fields it spells out."""

    event: str
    level: str
    fields: frozenset[str]
    where: str


def log_lines() -> list[LogLine]:
    """Returns every line that the gateway and the worker can log."""
    return [
        line
        for package in ("server", "actors")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for line in _lines(node, path)
    ]


def _lines(call: ast.Call, path: Path) -> Iterator[LogLine]:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _LEVELS:
        return
    logger = ast.unparse(call.func.value)
    if logger != "_log" and not logger.startswith("logging.getLogger("):
        return
    where = f"{path.relative_to(ROOT)}:{call.lineno}"
    level = {"exception": "error", "log": ""}.get(call.func.attr, call.func.attr)
    message = call.args[1] if call.func.attr == "log" else call.args[0]
    events = [message.body, message.orelse] if isinstance(message, ast.IfExp) else [message]
    for event in events:
        # What is no plain text could not be looked up.
        assert isinstance(event, ast.Constant), f"{where}: the event is not a plain text"
        yield LogLine(str(event.value), level, _fields(call), where)


def _fields(call: ast.Call) -> frozenset[str]:
    return frozenset(
        str(key.value)
        for keyword in call.keywords
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict)
        for key in keyword.value.keys
        if isinstance(key, ast.Constant)
    )


def documented() -> list[tuple[str, set[str], set[str]]]:
    """Returns the event, the levels and the fields of each row of the page."""
    return [
        (event.strip("`"), set(level.split(" or ")), set(fields.replace("`", "").split(", ")))
        for event, level, fields, _ in rows(section(PAGE, "Log lines"))
    ]


def test_every_log_line_is_on_the_page() -> None:
    for line in log_lines():
        fitting = [
            row
            for row in documented()
            if row[0] == line.event and (not line.level or line.level in row[1])
        ]
        assert any(line.fields <= fields for _, _, fields in fitting), line


def test_every_line_of_the_page_can_be_logged() -> None:
    found = {(line.event, line.level) for line in log_lines()}
    for event, levels, _ in documented():
        assert (event, "") in found or all((event, level) in found for level in levels), event


def test_every_metric_is_on_the_page_with_its_labels() -> None:
    made = {}
    exported = page_of_gateway() + page_of_processes() + page_of_ray()
    for family in [*text_string_to_metric_families(exported)]:
        if family.name.endswith("_created"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels}
        made[name] = (family.type, labels - {"le"})
    told = {
        cells[0].strip("`"): (cells[1], set(cells[2].replace("`", "").split(", ")) - {""})
        for cells in rows(section(PAGE, "Health and metrics"))
        if len(cells) == 4
    }
    assert told == made
