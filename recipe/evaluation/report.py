"""The evaluation's report: figures and their targets, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Share:
    """The number of right ones out of a total."""

    right: int
    of: int

    @property
    def percent(self) -> float:
        """The share in percent; 0 of nothing."""
        return 100 * self.right / self.of if self.of else 0.0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.right + other.right, self.of + other.of)

    def __str__(self) -> str:
        return f"{self.percent:.1f} % of {self.of}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: a measured value, or the reason for none, and its target.

    `missing` is the reason why there is no value; a target that is not measured is not met.
    `interval` is where the true value is with 95 % certainty.
    """

    name: str
    value: float | None
    unit: str
    target: float | None = None
    at_most: bool = False
    beside: str = ""
    missing: str = ""
    interval: tuple[float, float] | None = None

    @property
    def met(self) -> bool:
        """Whether the value meets its target; True without a target."""
        if self.target is None:
            return True
        if self.value is None:
            return False
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def verdict(self) -> str:
        """The verdict of the line, empty without a target."""
        if self.value is None:
            return "NOT MEASURED" if self.target is not None else "not measured"
        if self.target is None:
            return ""
        return "met" if self.met else "MISSED"

    def __str__(self) -> str:
        value = "-" if self.value is None else f"{self.value:.4g} {self.unit}"
        sign = "<=" if self.at_most else ">="
        target = "" if self.target is None else f"{sign} {self.target:g}"
        likely = f"{self.interval[0]:.1f} to {self.interval[1]:.1f}" if self.interval else ""
        notes = "; ".join(note for note in (likely, self.beside, self.missing) if note)
        line = f"  {self.name:<44} {value:>12} {target:>8}  {self.verdict:<12} {notes}"
        return line.rstrip()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    title: str
    figures: tuple[Figure, ...]

    @property
    def met(self) -> bool:
        """Whether all targets of the section are met."""
        return all(figure.met for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Report:
    """The evaluation's figures; `rung` is the highest rung whose targets are all met."""

    checkpoint: str
    machine: str
    rung: str
    sections: tuple[Section, ...]

    @property
    def missed(self) -> Sequence[Figure]:
        """The figures whose targets are not met."""
        return [each for section in self.sections for each in section.figures if not each.met]

    def text(self) -> str:
        """Returns the report as text for people."""
        lines = [f"The storybook checkpoint {self.checkpoint}, on {self.machine}", ""]
        for section in self.sections:
            lines += [section.title, *(str(figure) for figure in section.figures), ""]
        lines.append(f"Highest rung with all targets met: {self.rung}.")
        lines.append(
            f"{len(self.missed)} targets are not met: "
            + ", ".join(figure.name for figure in self.missed)
            if self.missed
            else "All targets are met."
        )
        return "\n".join(lines) + "\n"

    def json(self) -> dict[str, Any]:
        """Returns the report as JSON for programs."""
        return {
            "checkpoint": self.checkpoint,
            "machine": self.machine,
            "rung": self.rung,
            "met": not self.missed,
            "sections": [
                {
                    "title": section.title,
                    "figures": [
                        {**asdict(figure), "verdict": figure.verdict} for figure in section.figures
                    ],
                }
                for section in self.sections
            ],
        }
