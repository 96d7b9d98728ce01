"""The command in a pipe: a line for each row, JSON wherever it is asked for, and exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from imggen import SyncClient
from imggen.cli.app import imggen
from imggen.cli.exits import EXITS, UNREAD, USAGE
from imggen.testing import FakeService
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.scene_pb2 import LOSS_KIND_PROP, NotDrawn
from tests.markdown import ROOT, rows, section
from tests.unit.cli.conftest import Command, Terminal
from tests.unit.cli.test_cli import UNKNOWN


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "NOTHING"])
def test_a_row_is_a_line_whatever_the_environment_says_of_colours_and_columns(
    command: Command, mia: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    command("portrait", mia, "--style", "anime")
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("COLUMNS", "80")
    header, row = (line.split("\t") for line in command("jobs").splitlines())
    assert header[:5] == ["JOB", "KIND", "PAGE", "MODEL", "STATUS"]
    assert len(row) == len(header)
    assert row[1:5] == ["portrait", "", "storybook", "completed"]


def test_no_field_has_a_tab_or_a_line_break(command: Command, client: SyncClient) -> None:
    long = "The map\tof \u2028 everything " * 8
    client.create_story(title=long, style="anime", pages=["One."])
    header, row = command("stories", "list").splitlines()
    assert len(row.split("\t")) == len(header.split("\t")) == 4
    assert " ".join(row.split("\t")[1].split()) == " ".join(long.split())


def test_what_is_said_beside_a_table_is_no_row_of_it(
    command: Command,
    terminal: Terminal,
    fake: FakeService,
    client: SyncClient,
    story: str,
    tmp_path: Path,
) -> None:
    fake.not_draw(NotDrawn(phrase="lantern", kind=LOSS_KIND_PROP))
    batch = client.generate_story(story).batch_id
    client.wait_batch(batch)
    tale = tmp_path / "tale.yaml"
    tale.write_text("title: T\nstyle: anime\npages: [{text: One.}]\n")
    for words, rows_, said in (
        (("batch", "show", batch), 2, ("2 of 2 drawn", "cost nothing", "lantern", "not checked")),
        (("spend",), 0, ("The specification allows",)),
        (("story", str(tale), "--plan"), 1, ("1 images",)),
    ):
        table = command(*words).splitlines()
        assert len(table) == 1 + rows_, table
        assert {line.count("\t") for line in table} == {table[0].count("\t")}
        assert all(each in command.err for each in said), command.err
    assert "The specification allows" in terminal("spend", columns=100)


def leaves(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from leaves(each, *before, name)
        else:
            yield (*before, name), each


@pytest.mark.parametrize("name", [" ".join(words) for words, _ in leaves(imggen)])
def test_every_command_takes_json_before_and_after_its_name(command: Command, name: str) -> None:
    words = name.split()
    for place in range(len(words) + 1):
        assert "Usage: imggen" in command(*words[:place], "--json", *words[place:], "--help")


def test_json_comes_before_the_command_or_after_it(command: Command, mia: str) -> None:
    after = json.loads(command("characters", "list", "--json"))
    assert json.loads(command("--json", "characters", "list")) == after
    assert json.loads(command("characters", "--json", "list")) == after
    assert after["characters"][0]["id"] == mia


def failure(command: Command, *arguments: str, code: int) -> dict[str, object]:
    """Returns the error of a command, which has printed no result."""
    assert command(*arguments, code=code) == ""
    [line] = command.err.splitlines()
    error: dict[str, object] = json.loads(line)["error"]
    assert error["exitCode"] == code
    assert error["message"]
    return error


def test_an_error_of_the_service_is_one_object_on_stderr(command: Command) -> None:
    error = failure(command, "--json", "portrait", "x", "--style", "oil", code=1)
    assert (error["code"], error["reason"]) == ("INVALID_ARGUMENT", "MALFORMED_ID")
    assert [bad["field"] for bad in error["violations"]] == ["character_id", "style"]  # type: ignore[attr-defined]


def test_an_error_says_when_to_try_again_as_json(command: Command, fake: FakeService) -> None:
    fake.fail_next(ErrorReason.ERROR_REASON_QUEUE_FULL)
    error = failure(command, "image", UNKNOWN, "--json", code=1)
    assert error["reason"] == "QUEUE_FULL"
    assert "retryAfterSeconds" in error


@pytest.mark.parametrize(
    "arguments",
    [
        ("portrait", "--json"),
        ("--json", "paint"),
        ("styles", "--json", "--frame", "gold"),
        ("spend", "--csv", "--json"),
        ("--json", "images", "--type", "poster"),
    ],
)
def test_wrong_usage_is_an_object_too(command: Command, arguments: tuple[str, ...]) -> None:
    assert failure(command, *arguments, code=USAGE)["code"] == "INVALID_ARGUMENT"


def test_a_file_that_cannot_be_written_is_an_object_too(command: Command, mia: str) -> None:
    asked = ("portrait", mia, "--style", "anime", "-o", "/nowhere/mia.png", "--json")
    assert failure(command, *asked, code=2)["code"] == "INVALID_ARGUMENT"


def test_what_follows_the_end_of_options_asks_for_no_json(command: Command) -> None:
    command("image", "--", "--json", code=1)
    assert command.err.startswith("imggen: MALFORMED_ID")


def test_a_reader_that_ends_early_is_no_error(fake: FakeService, client: SyncClient) -> None:
    for number in range(50):
        client.create_character(name=f"Mia {number} {'x' * 250}")
    script = "import sys; from imggen.cli.app import run; sys.exit(run())"
    with subprocess.Popen(
        [sys.executable, "-c", script, "characters", "list", "--server", fake.target],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        errors = listing.stderr.read()
        assert listing.wait(60) == UNREAD
    assert errors == b""


def test_the_exit_codes_are_in_the_help_and_in_the_readme(command: Command) -> None:
    told = {f"{code:<4} {meaning}" for code, meaning in EXITS.items()}
    shown = {" ".join(line.split()) for line in command("--help").splitlines()}
    assert {" ".join(line.split()) for line in told} <= shown
    readme = section((ROOT / "client" / "README.md").read_text(), "The command")
    table = {int(code): meaning for code, meaning in rows(readme) if code.isdecimal()}
    assert table == dict(EXITS)
