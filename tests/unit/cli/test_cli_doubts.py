"""What was read without being sure, in the output of commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imggen.cli.app import run
from imggen.testing import FakeService
from imggen.v1.scene_pb2 import LOSS_KIND_ACTION, LOSS_KIND_PLACE, Unsure

TALE = """
title: The Oven
style: cartoon
characters:
  - name: Mia
pages:
  - text: Mia bakes.
    characters: [Mia]
"""
KITCHEN = Unsure(phrase="kitchen", kind=LOSS_KIND_PLACE, why="only things hint at it")
NOWHERE = Unsure(kind=LOSS_KIND_PLACE, why="the page does not say where it is")
BAKE = Unsure(phrase="bake", kind=LOSS_KIND_ACTION, why="'she' may be Mia or Eve")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    with FakeService() as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.yaml").write_text(TALE)
    return "tale.yaml"


def test_a_story_ends_with_a_table_of_what_is_unsure(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.doubt(KITCHEN, BAKE)
    assert run(["story", tale]) == 0
    out = capsys.readouterr().out.splitlines()
    [heading] = [line for line in out if line.startswith("PICTURE")]
    assert heading.split() == ["PICTURE", "NOT", "SURE", "ABOUT", "WHY"]
    rows = [" ".join(line.split()) for line in out if line.startswith("page 1")]
    assert rows == [
        "page 1 the place: kitchen? only things hint at it",
        "page 1 who does this: bake? 'she' may be Mia or Eve",
    ]


def test_a_plan_tells_what_is_unsure(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.doubt(KITCHEN, NOWHERE)
    assert run(["story", tale, "--plan"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert "page 1: not sure about the place: kitchen? (only things hint at it)" in lines
    assert "page 1: not sure about the place (the page does not say where it is)" in lines


def test_batch_show_and_watch_tell_the_same(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.doubt(KITCHEN)
    run(["story", tale])
    batch = next(
        line.split()[1].strip(":")
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("batch ")
    )
    for command in ("show", "watch"):
        assert run(["batch", command, batch]) == 0
        printed = capsys.readouterr()
        assert "the place: kitchen?" in (printed.err if command == "show" else printed.out)


def test_what_is_unsure_is_no_loss(fake: FakeService, tale: str) -> None:
    fake.doubt(KITCHEN)
    assert run(["story", tale, "--strict"]) == 0


def test_nothing_unsure_has_no_table(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["story", tale]) == 0
    assert "NOT SURE" not in capsys.readouterr().out
