"""Clients in forked processes: they connect anew or say why not, and disturb nobody."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

# In a process of its own, since gRPC's server is at work in it.
SERVICE = """
import sys
from imggen.testing import FakeService
with FakeService() as fake:
    fake.hold()
    print(fake.target, flush=True)
    sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        yield service.stdout.readline().strip()
        service.stdin.close()


def told(scenario: str, target: str) -> Any:
    """Returns what a scenario of `tests.forked` prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.forked", scenario, target],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_an_idle_client_connects_anew_in_the_child_and_in_the_parent(target: str) -> None:
    assert told("used_before", target) == ["done"] * 4


def test_a_client_of_a_module_is_first_used_in_the_child(target: str) -> None:
    assert told("first_used_in_child", target) == ["done"] * 3


def test_a_child_makes_a_client_of_its_own(target: str) -> None:
    assert told("new_in_child", target) == ["done"] * 4


def test_closing_in_the_child_leaves_the_parent_alone(target: str) -> None:
    assert told("closed_in_child", target) == [["ClientUnusable", "done"], "done"]


def test_a_call_under_way_goes_on_and_the_child_gets_an_error_at_once(target: str) -> None:
    refused = ["ClientUnusable"] * 3
    assert told("under_way", target) == [[*refused, "done"], True, "done", "done"]


def test_an_asyncio_client_belongs_to_the_process_that_used_it(target: str) -> None:
    first, inherited, fresh, closed, again, after = told("asyncio_client", target)
    assert [first, again, after] == ["done"] * 3
    assert [inherited, fresh] == ["ClientUnusable"] * 2
    assert closed == "done"


def test_eight_children_and_their_parent_use_one_client(target: str) -> None:
    assert told("eight_children", target) == ["done"] * 9


def test_children_of_a_busy_parent_connect_or_get_an_error(target: str) -> None:
    of_parent, of_children = told("busy", target)
    assert of_parent == ["done"]
    assert set(of_children) <= {"done", "ClientUnusable"}


def test_children_end_when_they_want_to(target: str) -> None:
    assert told("ends", target) == [[7] * 6, "done"]


def test_no_other_process_learns_how_grpc_was_loaded(target: str) -> None:
    code = (
        "import os, sys; from imggen import SyncClient\n"
        "with SyncClient(sys.argv[1]) as client: client.create_character(name='Mia')\n"
        "assert 'GRPC_ENABLE_FORK_SUPPORT' not in os.environ"
    )
    unset = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
    subprocess.run([sys.executable, "-c", code, target], check=True, env=unset)
