"""Results that the next command adds to: a file of runs, as a table with the goals."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.report import Figure, Target

Run: TypeAlias = dict[str, Any]
"""The figures of one batch size in one mode on one card."""
_KEY = ("card", "model", "mode", "batch")
_GOALS_S = {"H200": 0.85, "H100": 0.95}
"""Seconds of 30 steps alone, by what a card's name has."""
_TIMES_SNIPPET = Target(2.0, least=True)
_STRETCH = Target(1.58, least=True)


def read(file: Path) -> list[Run]:
    """Returns the runs of a file; none where there is no file yet."""
    return list(json.loads(file.read_text())["runs"]) if file.exists() else []


def keep(file: Path, run: Run) -> list[Run]:
    """Adds a run to a file, in place of an earlier one of its kind; returns all of them."""
    runs = [one for one in read(file) if _key(one) != _key(run)]
    runs = sorted([*runs, run], key=_key)
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(json.dumps({"runs": runs}, indent=2) + "\n")
    partial.replace(file)
    return runs


def _key(run: Run) -> tuple[Any, ...]:
    return tuple(run[name] for name in _KEY)


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Yields the lines of a table of runs, then the goals."""
    counts = [*runs[-1]["steps"]]
    heads = ["card", "model", "mode", "B", "s/step", "of roof"]
    heads += [f"img/s {steps}" for steps in counts]
    heads += ["of roof", f"alone {counts[1]} s", "arrival p50 s", "p99 s", "snippet s"]
    rows = [heads, *(list(_cells(run)) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    for figure in goals(runs):
        yield figure.line()


def _cells(run: Run) -> Iterator[str]:
    yield from (str(run[name]) for name in _KEY)
    yield f"{run['step_s']:.4f}"
    yield _percent(step_share(run))
    for steps in run["steps"]:
        yield f"{run[f'per_second_{steps}']:.3f}"
    yield _percent(picture_share(run))
    for name in ("alone_s", "arrival_p50_s", "arrival_p99_s", "snippet_s"):
        yield f"{run[name]:.3f}" if name in run else "-"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def step_share(run: Run) -> float | None:
    """Returns the part of the roof that the rows of a step reach; two rows a picture."""
    if run["row_tflop"] is None:
        return None
    return float(2 * run["batch"] * run["row_tflop"] / run["step_s"] / run["roof_tflops"])


def picture_share(run: Run) -> float | None:
    """Returns the part of the roof that whole pictures reach, of the second number of steps."""
    if run["row_tflop"] is None:
        return None
    steps = run["steps"][1]
    work = 2 * steps * run["row_tflop"] + run["vae_tflop"]
    return float(work * run[f"per_second_{steps}"] / run["roof_tflops"])


def goals(runs: Sequence[Run]) -> Iterator[Figure]:
    """Yields the figures that have goals, of each card the best run; a tiny model has none."""
    for card, model in sorted({(run["card"], run["model"]) for run in runs}):
        these = [run for run in runs if (run["card"], run["model"]) == (card, model)]
        usual, long = these[-1]["steps"][1:]
        lone = [run["alone_s"] for run in these if "alone_s" in run]
        goal = next((seconds for name, seconds in _GOALS_S.items() if name in card), None)
        times = [run[f"per_second_{long}"] * run["snippet_s"] for run in these]
        most = max(run[f"per_second_{usual}"] for run in these)
        figures = [
            _figure(f"{long} steps beside the snippet", max(times), "x", _TIMES_SNIPPET, card),
            _figure(f"{usual} steps, many in flight", most, "/s", _STRETCH, card),
        ]
        if lone:
            target = Target(goal) if goal else None
            figures.insert(0, _figure(f"{usual} steps alone", min(lone), "s", target, card))
        for figure in figures:
            yield replace(figure, target=None) if model == "tiny" else figure


def _figure(name: str, value: float, unit: str, target: Target | None, card: str) -> Figure:
    return Figure(name, value, unit, 1, value, value, target, card, spread="")
