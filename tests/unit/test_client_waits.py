"""Nothing of the synchronous client waits for a thread that does not go on."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.fake_process import fake_process

# Whoever waits for ever is ended, and fails.
HANGS_S = 60
FOUR = """
import gc, sys, threading
from imggen import SyncClient
from imggen.errors import ClientUnusable, ImggenError
client = SyncClient(sys.argv[1])
for _ in range(4):
    mia = client.create_character(name="Mia")
client.wait(client.generate_portrait(mia, style="anime"))
"""


@pytest.fixture
def target() -> Iterator[str]:
    with fake_process() as address:
        yield address


def printed(code: str, target: str) -> list[str]:
    """Returns the lines that a program prints; its end by itself is part of the test."""
    ran = subprocess.run(
        [sys.executable, "-c", FOUR + code, target],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=True,
    )
    assert not ran.stderr
    return ran.stdout.splitlines()


def test_a_program_ends_with_iterators_that_nobody_has_read_to_the_end(target: str) -> None:
    code = """
class Closing:
    def __del__(self, close=client.close):
        close()
        print("closed")
closing = Closing()
characters = client.list_characters(page_size=1)
events = client.events(after_cursor="oldest")
print(next(characters).name, next(events).cursor != "")
"""
    assert printed(code, target) == ["Mia True", "closed"]


def test_an_iterator_may_be_collected_in_any_thread(target: str) -> None:
    code = """
class Cycle:
    pass
def unread():
    cycle = Cycle()
    cycle.itself, cycle.events = cycle, client.events(after_cursor="oldest")
    next(cycle.events)
gc.disable()
unread()
collected = threading.Event()
client._loop._loop.call_soon_threadsafe(lambda: (gc.collect(), collected.set()))
print(collected.wait(20), len(list(client.list_characters())))
unread()
with client._loop._gate:  # as a call that begins
    gc.collect()
print(len(list(client.list_characters())))
client.close()
"""
    assert printed(code, target) == ["True 4", "4"]


def test_a_token_function_that_uses_its_own_client_gets_an_error(target: str) -> None:
    code = """
def token():
    return next(own.list_characters()).id
own = SyncClient(sys.argv[1], token=token)
for call in (lambda: next(own.list_characters()), lambda: own.create_character(name="Mia")):
    try:
        call()
    except ClientUnusable as error:
        print("own thread" in str(error))
closing = SyncClient(sys.argv[1], token=lambda: closing.close())
try:
    closing.create_character(name="Mia")
except ClientUnusable as error:
    print("own thread" in str(error))
closing.close()
own.close()
"""
    assert printed(code, target) == ["True"] * 3
