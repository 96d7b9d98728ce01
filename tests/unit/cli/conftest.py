"""The `imggen` command, run in the test's process against the fake service."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from imggen import SyncClient
from imggen.cli.app import run
from imggen.testing import FakeService


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


@pytest.fixture
def mia(client: SyncClient) -> str:
    return client.create_character(name="Mia").id


@pytest.fixture
def story(client: SyncClient) -> str:
    return client.create_story(title="The Map", style="anime", pages=["One.", "Two."]).id
