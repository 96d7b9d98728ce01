"""Freed memory is kept for the next picture, whichever thread draws it."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor

from actors.engine.allocation import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()

def faults():
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    blocks = [bytearray(b"x") * (8 * 1024 * 1024) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
    print(*(pool.submit(faults).result() for pool in (one, other) * 6))
"""


_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def _always_huge() -> bool:
    return _HUGE_PAGES.is_file() and "[always]" in _HUGE_PAGES.read_text()


@pytest.mark.skipif(_always_huge(), reason="all pages are huge, so that there are few faults")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the option")
def test_the_next_picture_takes_the_memory_of_the_last_one() -> None:
    assert min(_faults("leave")) > 4_000
    first, *others = _faults("keep")
    assert first > 4_000
    # A busy kernel takes pages back at any moment, and then one picture pays for them again:
    # it is asked of each thread's best picture, which pays for none.
    assert min(others[0::2]) < 400, others
    assert min(others[1::2]) < 400, others


def _faults(how: str) -> list[int]:
    """Returns the page faults of twelve pictures of 32 MiB, by two threads in turn."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, how], capture_output=True, text=True, check=True
    )
    return [int(number) for number in done.stdout.split()]
