"""The Dockerfile of the images, as tests read it and lay it out without a container engine."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.markdown import ROOT

IMAGES = ROOT / "cluster" / "images"
TARGETS = ("gateway", "actors", "actors-gpu")


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction of a Dockerfile: its word in capitals, and what follows it."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a Dockerfile: what it begins from, and its instructions in order."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def copies(self) -> Iterator[tuple[list[str], str]]:
        """Yields what is copied from the checkout, and where to."""
        for each in self.instructions:
            if each.word == "COPY" and not each.text.startswith("--from"):
                *sources, target = each.text.split()
                yield sources, target

    def texts(self, word: str) -> list[str]:
        """Returns what follows each instruction of a kind."""
        return [each.text for each in self.instructions if each.word == word]


def stages(text: str) -> dict[str, Stage]:
    """Returns the stages of a Dockerfile by name, in order."""
    found: dict[str, Stage] = {}
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    stage: Stage | None = None
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = found[name] = Stage(name, base)
        elif stage:
            stage.instructions.append(Instruction(word, rest))
    return found


def line_of(target: str, all_stages: dict[str, Stage]) -> list[Stage]:
    """Returns a target's stages, from the first one to itself."""
    line = [all_stages[target]]
    while line[0].base in all_stages:
        line.insert(0, all_stages[line[0].base])
    return line


def lay_out(stage: Stage, folder: Path) -> None:
    """Copies what a stage copies from the checkout, into a folder in place of its `WORKDIR`."""
    leftovers = shutil.ignore_patterns("__pycache__", "*.pyc")
    for sources, target in stage.copies():
        into = target.endswith("/") or target in (".", "./")
        for name in sources:
            source, to = ROOT / name, folder / target
            to = to / source.name if into else to
            to.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, to, ignore=leftovers)
            else:
                shutil.copy(source, to)
