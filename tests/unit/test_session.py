"""Commands in a session of their own: a signal ends them whenever it comes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.embedded.session import until_interrupted

COMMAND = """
import sys, time
from cluster.embedded.session import in_own_session, until_interrupted

def command():
    print("begins", flush=True)
    try:
        until_interrupted()
    except KeyboardInterrupt:
        return 130

sys.exit(in_own_session({command}))
"""


def test_an_interrupt_that_another_thread_was_given_is_noticed() -> None:
    """Its handler runs in the main thread, which no system call of its own tells of it."""
    ended = threading.Event()

    def interrupt() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)
        ended.wait()

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    other = threading.Timer(0.2, interrupt)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            until_interrupted()
    finally:
        ended.set()
        other.join()
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def started(command: str, root: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND.replace("{command}", command)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()  # and with it the command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_group_interrupts_the_command(
    pytestconfig: pytest.Config, number: signal.Signals
) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # a suite under nohup ignores SIGHUP
    try:
        with started("command", pytestconfig.rootpath) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "begins\n"
            os.killpg(child.pid, number)
            assert child.wait(60) == 130
    finally:
        signal.signal(number, before)


def test_a_stopped_command_is_not_taken_for_an_ended_one(pytestconfig: pytest.Config) -> None:
    with started("command", pytestconfig.rootpath) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begins\n"
        [inner] = (Path(f"/proc/{child.pid}/task/{child.pid}/children")).read_text().split()
        os.kill(int(inner), signal.SIGSTOP)
        os.kill(int(inner), signal.SIGCONT)
        time.sleep(0.2)
        assert child.poll() is None
        os.killpg(child.pid, signal.SIGTERM)
        assert child.wait(60) == 130


@pytest.mark.parametrize(("command", "status"), [("lambda: 3", 3), ("lambda: 0", 0)])
def test_its_status_is_the_commands(pytestconfig: pytest.Config, command: str, status: int) -> None:
    with started(command, pytestconfig.rootpath) as child:
        assert child.wait(60) == status


def test_a_command_that_a_signal_ends_has_the_status_of_shells(
    pytestconfig: pytest.Config,
) -> None:
    ended = "lambda: __import__('os').kill(__import__('os').getpid(), 9)"
    with started(ended, pytestconfig.rootpath) as child:
        assert child.wait(60) == 137
