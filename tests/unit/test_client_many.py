"""Many clients in one process, each with a thread and an event loop of its own."""

import re
import threading
import tomllib
from pathlib import Path

import pytest

from imggen import SyncClient
from imggen.testing import FakeService

CLIENT = Path(__file__).parents[2] / "client" / "pyproject.toml"
# Before it, every loop of a process was woken by every answer, and all but one logged a traceback.
FIRST_QUIET = (1, 80)


def test_many_clients_write_no_tracebacks(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def work(client: SyncClient) -> None:
        for _ in range(20):
            client.create_character(name="Mia")

    with FakeService() as fake:
        clients = [SyncClient(fake.target) for _ in range(8)]
        threads = [threading.Thread(target=work, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(clients[0].list_characters())) == 8 * 20
        for client in clients:
            client.close()
    assert not capfd.readouterr().err
    assert not caplog.records


def test_the_lowest_grpcio_is_one_that_is_quiet() -> None:
    declared = tomllib.loads(CLIENT.read_text())["project"]["dependencies"]
    [floor] = [re.findall(r"\d+", each) for each in declared if each.startswith("grpcio>=")]
    assert tuple(map(int, floor)) >= FIRST_QUIET
