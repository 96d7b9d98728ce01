"""What pictures do not show as told, in the output of commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imggen.cli.app import run
from imggen.cli.exits import LOST
from imggen.testing import FakeService
from imggen.v1.scene_pb2 import LOSS_KIND_ACTION, LOSS_KIND_PLACE, NotDrawn

TALE = """
title: The Oven
style: cartoon
characters:
  - name: Mia
pages:
  - text: Mia bakes in the kitchen.
    characters: [Mia]
"""
BAKE = NotDrawn(phrase="bake", kind=LOSS_KIND_ACTION)
KITCHEN = NotDrawn(phrase="kitchen", kind=LOSS_KIND_PLACE, drawn_as="bedroom")


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


def test_a_story_ends_with_a_table_of_what_was_lost(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.not_draw(BAKE, KITCHEN)
    assert run(["story", tale]) == 0
    out = capsys.readouterr().out
    [heading] = [line for line in out.splitlines() if line.startswith("PICTURE")]
    assert heading.split() == ["PICTURE", "NOT", "DRAWN", "DRAWN", "OTHERWISE"]
    [row] = [line for line in out.splitlines() if line.startswith("page 1")]
    assert row.split() == ["page", "1", "bake", "kitchen", "as", "bedroom"]


def test_batch_show_and_watch_tell_the_same(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.not_draw(KITCHEN)
    run(["story", tale])
    batch = next(
        line.split()[1].strip(":")
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("batch ")
    )
    for command in ("show", "watch"):
        assert run(["batch", command, batch]) == 0
        printed = capsys.readouterr()
        assert "kitchen as bedroom" in (printed.err if command == "show" else printed.out)


def test_strict_is_an_exit_code(fake: FakeService, tale: str) -> None:
    assert run(["story", tale, "--strict"]) == 0
    fake.not_draw(BAKE)
    assert run(["story", tale, "--again", "--strict"]) == LOST
    assert run(["story", tale, "--again", "--strict", "--json"]) == LOST
    assert run(["story", tale, "--again"]) == 0


def test_nothing_lost_has_no_table(
    fake: FakeService, tale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["story", tale]) == 0
    assert "NOT DRAWN" not in capsys.readouterr().out
