"""What is printed: on any console, and harmless to it."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

import imggen.cli
from imggen import SyncClient
from imggen.cli.consoles import console
from imggen.cli.session import Session
from imggen.printing import fitting, printable
from imggen.testing import FakeService
from imggen.v1.character_pb2 import Character
from tests.unit.cli.conftest import Command

NAME = "美亜🦊é"
EVIL = "Mia\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
ENCODINGS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


def process(
    *arguments: str, stdout: int = subprocess.PIPE, more: Mapping[str, str] = MappingProxyType({})
) -> "subprocess.CompletedProcess[bytes]":
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))
    }
    return subprocess.run(
        [sys.executable, "-m", "imggen.cli", *arguments],
        env={**plain, **more},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_name_in_another_script_is_printed_on_any_console(
    fake: FakeService, client: SyncClient, encoding: str
) -> None:
    client.create_character(name=NAME)
    done = process("characters", "list", more=ENCODINGS[encoding])
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u7f8e\u4e9c\ud83e\udd8a" in done.stdout
    as_json = process("characters", "list", "--json", more=ENCODINGS[encoding])
    [read] = json.loads(as_json.stdout.decode("cp1252"))["characters"]
    assert read["name"] == NAME


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_disk_and_a_closed_output_end_without_a_traceback(fake: FakeService) -> None:
    with Path("/dev/full").open("wb") as full:
        done = process("styles", stdout=full.fileno())
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    code = f"exec {sys.executable} -m imggen.cli characters create --name Mia >&-"
    closed = subprocess.run(["/bin/sh", "-c", code], capture_output=True, check=False, timeout=60)
    assert (closed.returncode, closed.stderr) == (0, b"")


def test_nothing_that_a_terminal_obeys_is_printed(
    client: SyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for as_json in (False, True):
        session = Session(json=as_json, client=client)
        session.document(EVIL, character=Character(name=EVIL))
        session.table(("NAME",), [(EVIL,)], characters=[Character(name=EVIL)])
        out = capsys.readouterr().out
        assert out.count("\\u001b]0;owned\\u0007") == 2
        assert not set("\x1b\x07\x9b\u202e") & set(out)


def test_a_refusal_that_quotes_them_is_harmless(command: Command) -> None:
    command("download", EVIL, "/nowhere/x.png", code=2)
    command("story", EVIL, code=2)
    assert not set("\x1b\x07\x9b\u202e") & set(command.err)


def test_a_console_shows_control_characters_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(EVIL)
    assert "\x1b" not in capsys.readouterr().out


def test_escapes_are_those_of_json() -> None:
    for text in (EVIL, NAME, "a\r\x85\u2028b", "\ud83d"):
        assert json.loads(f'"{fitting(printable(text), "ascii")}"') == text
    assert printable(f"{NAME}\n\tb") == f"{NAME}\n\tb"


def test_only_one_module_of_the_command_prints() -> None:
    """Nothing else makes a console or echoes: the next one would forget what this one escapes."""
    forbidden = {("click", "echo"), ("click", "secho"), ("click", "confirm"), ("click", "prompt")}
    for file in sorted(Path(imggen.cli.__file__).parent.glob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        used = {
            (call.value.id, call.attr)
            for call in calls
            if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
        }
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        if file.name != "consoles.py":
            assert not used & forbidden, file.name
            assert not names & {"Console", "print", "input"}, file.name
