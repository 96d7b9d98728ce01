"""The commands in the docs can be given: make targets, Python modules, the imggen command."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from imggen.cli.app import imggen
from tests.markdown import ROOT, blocks, name_of, pages, prose

TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of a fenced block, and where it stands."""

    words: tuple[str, ...]
    where: str


def commands() -> Iterator[Command]:
    """Yields every command of every `sh` block; the parts of a line each by themselves."""
    for page in pages():
        for block in blocks(page.read_text()):
            if block.language == "sh":
                for line in block.text.replace("\\\n", " ").splitlines():
                    for words in _parts(line):
                        yield Command(words, f"{name_of(page)}:{block.line}: {line.strip()}")


def _parts(line: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|")
    lexer.whitespace_split = True
    part: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("&;|"):
            if part:
                yield tuple(part)
            part = []
        elif part or not re.match(r"\w+=", word):
            part.append(word)


def given(name: str) -> list[Command]:
    """Returns the commands of a program, found by its last path part, options of `nice` aside."""
    found = []
    for command in commands():
        words = command.words[3:] if command.words[0] == "nice" else command.words
        if words and words[0].rpartition("/")[2] == name:
            found.append(Command(words[1:], command.where))
    return found


def test_every_target_that_is_made_is_in_the_makefile() -> None:
    made = given("make")
    assert len(made) > 10
    for command in made:
        unknown = [word for word in command.words if "=" not in word and word not in TARGETS]
        assert unknown == [], command.where


@pytest.mark.parametrize("page", [pytest.param(page, id=name_of(page)) for page in pages()])
def test_every_target_that_a_text_names_is_in_the_makefile(page: Path) -> None:
    assert set(re.findall(r"`make ([a-z-]+)", prose(page.read_text()))) <= TARGETS


def test_every_module_that_is_run_can_be_run() -> None:
    run = [command for command in given("python") if command.words[:1] == ("-m",)]
    assert len(run) > 5
    for command in run:
        spec = importlib.util.find_spec(command.words[1])
        assert spec is not None, command.where
        if spec.submodule_search_locations:
            assert importlib.util.find_spec(f"{command.words[1]}.__main__"), command.where


@pytest.mark.parametrize("command", given("imggen"), ids=lambda command: command.where)
def test_every_call_of_imggen_is_understood(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    words = list(command.words)
    found: click.Command = imggen
    while isinstance(found, click.Group) and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in found.commands, f"{name} is not a command"
        found = found.commands[name]
    if words != ["--help"]:
        found.make_context(found.name, words)  # it parses, and runs nothing
