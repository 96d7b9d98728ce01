"""The `imggen` command, run in the test's process against the fake service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imggen import SyncClient
from imggen.cli.app import run
from imggen.testing import FakeService
from tests.terminal import shown_on_terminal


@pytest.fixture(autouse=True)
def no_profiles(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keeps the profiles of whoever runs the tests out of them; returns where theirs would be."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    return folder / "imggen" / "config.json"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    with FakeService() as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


@pytest.fixture
def client(fake: FakeService) -> Iterator[SyncClient]:
    with SyncClient(fake.target) as client:
        yield client


class Command:
    """Runs the command and keeps its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""

    def __call__(self, *arguments: str, code: int = 0) -> str:
        assert run(arguments) == code
        captured = self._capsys.readouterr()
        self.err = captured.err
        return captured.out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def command(fake: FakeService, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


class Terminal:
    """Runs the command with a terminal of so many columns as its output."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, columns: int) -> str:
        def act() -> None:
            assert run(arguments) == 0

        return shown_on_terminal(self._monkeypatch, "stdout", columns, act)


@pytest.fixture
def terminal(fake: FakeService, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


@pytest.fixture
def mia(client: SyncClient) -> str:
    return client.create_character(name="Mia").id


@pytest.fixture
def story(client: SyncClient) -> str:
    return client.create_story(title="The Map", style="anime", pages=["One.", "Two."]).id
