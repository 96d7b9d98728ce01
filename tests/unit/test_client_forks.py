"""Clients in forked processes: they connect anew or say why not, and disturb nobody."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_process import fake_process

# What another library does: a channel of gRPC without asyncio.
OTHER = """
import json, multiprocessing, sys
import grpc
other = grpc.insecure_channel(sys.argv[1])
check = "/grpc.health.v1.Health/Check"
def ask(_=0, channel=None):
    method = (channel or grpc.insecure_channel(sys.argv[1])).unary_unary(check)
    return method(b"", wait_for_ready=True, timeout=60).hex()
ask(channel=other)
def in_children(work):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map_async(work, range(2)).get(60)
"""
CLIENT = """
from imggen import SyncClient, forks
from imggen.errors import ClientUnusable
forks._ENDS_S = 3600.0  # whoever waits for the other library hangs
def use(_=0):
    with SyncClient(sys.argv[1]) as client:
        try:
            client.create_character(name="Mia")
        except ClientUnusable:
            return "ClientUnusable"
    return "done"
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with fake_process(held=True) as address:
        yield address


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


def printed(code: str, target: str) -> Any:
    """Returns what a program prints, of which gRPC is loaded without settings."""
    unset = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
    ran = subprocess.run(
        [sys.executable, "-c", code, target],
        stdout=subprocess.PIPE,
        check=True,
        env=unset,
        timeout=180,
    )
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


def test_a_child_that_ends_leaves_what_it_inherited_as_it_is(target: str) -> None:
    assert told("ends_with_a_channel", target) == 7


def test_channels_of_other_libraries_hinder_no_child(target: str) -> None:
    report = "print(json.dumps([in_children(use), use(), in_children(use)]))"
    done = ["done", "done"]
    assert printed(OTHER + CLIENT + report, target) == [done, "done", done]


def test_where_grpc_handles_no_forks_the_child_gets_an_error_at_once(target: str) -> None:
    report = """
answers = [use(), in_children(use), use()]
other.close()
print(json.dumps([*answers, in_children(use)]))
"""
    refused = ["ClientUnusable", "ClientUnusable"]
    code = f"import sys\n{CLIENT}\n{OTHER}\n{report}"
    assert printed(code, target) == ["done", refused, "done", ["done", "done"]]


def test_importing_the_package_leaves_forks_of_other_libraries_alone(target: str) -> None:
    code = f"import imggen; imggen.Job\n{OTHER}\nprint(json.dumps(in_children(ask)))"
    assert printed(code, target) == ["0801", "0801"]


def test_no_other_process_learns_how_grpc_was_loaded(target: str) -> None:
    code = (
        "import json, os, sys; from imggen import SyncClient\n"
        "print(json.dumps('GRPC_ENABLE_FORK_SUPPORT' in os.environ))"
    )
    assert printed(code, target) is False
