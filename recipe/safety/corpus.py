"""The lines of the corpus, and how a gate does on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from server.safety.gate import TextGate
from server.safety.rules import Category

HALVES = ("written", "held_back")
_LINES = Path(__file__).with_name("lines")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the corpus."""

    language: str
    category: Category | None
    """What it is to be refused for; None for a harmless line."""
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """A line, and what it was refused for, if it was."""

    line: Line
    refused: Category | None

    @property
    def is_right(self) -> bool:
        """Whether a harmless line passed or a harmful one was refused, for whatever reason."""
        return (self.refused is None) == (self.line.category is None)


def load(half: str) -> list[Line]:
    """Returns the lines of a half of the corpus, the harmless ones first."""
    harmless = _yaml(half, "harmless")
    harmful = _yaml(half, "harmful")
    lines = [Line(language, None, text) for language, texts in harmless.items() for text in texts]
    for name, languages in harmful.items():
        for language, texts in languages.items():
            lines += [Line(language, Category(name), text) for text in texts]
    return lines


def measure(gate: TextGate, lines: Iterable[Line]) -> list[Result]:
    """Returns what the gate makes of each line."""
    results = []
    for line in lines:
        refusal = gate.check({"text": line.text})
        results.append(Result(line, refusal.category if refusal else None))
    return results


def share_right(results: Sequence[Result]) -> float:
    """Returns the share of lines with the right outcome; 1 for none."""
    return sum(result.is_right for result in results) / len(results) if results else 1.0


def _yaml(half: str, name: str) -> Any:
    return yaml.safe_load((_LINES / half / f"{name}.yaml").read_text("utf-8"))
