"""Measures steps: how long each takes, and how much memory it needs beyond what was there."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Protocol, TypeAlias

from server.domain.timings import StepTime, TimedStep

Resident: TypeAlias = Callable[[], int | None]
"""The bytes that a process holds in memory; None where nobody can say."""


class Peak(Protocol):
    """A measurement: once its block has ended, the bytes at most, or None where unknown."""

    @property
    def bytes(self) -> int | None:
        """The most memory beyond that before the block."""


class Memory(Protocol):
    """Measures the memory that blocks need."""

    def measured(self) -> AbstractContextManager[Peak]:
        """Measures its block."""


class _Block:
    """A measured block; one that another has run beside is `mixed`, and has no number."""

    def __init__(self) -> None:
        self.bytes: int | None = None
        self.mixed = False


class Unmeasured:
    """Measures no memory."""

    @contextmanager
    def measured(self) -> Iterator[Peak]:
        """Runs its block, and says nothing of it."""
        yield _Block()


class ProcessMemory:
    """Measures blocks by the resident memory of this process, of which Linux keeps the peak.

    What two blocks at once need cannot be told apart: neither gets a number. Whatever else runs in
    the process counts, so blocks should be what it does for the most part.
    """

    def __init__(self, begin: Resident | None = None, peak: Resident | None = None) -> None:
        """Takes what begins a peak anew and returns what is held, and what returns the peak."""
        self._begin = begin or _begin
        self._peak = peak or _peak
        self._lock = threading.Lock()
        self._open: set[_Block] = set()

    @contextmanager
    def measured(self) -> Iterator[Peak]:
        """Measures its block."""
        block = _Block()
        with self._lock:
            block.mixed = bool(self._open)
            for other in self._open:
                other.mixed = True
            self._open.add(block)
            before = None if block.mixed else self._begin()
        try:
            yield block
        finally:
            with self._lock:
                self._open.discard(block)
                after = None if block.mixed else self._peak()
        if before is not None and after is not None:
            block.bytes = max(0, after - before)


class StepClock:
    """Adds up what steps take; a step may run several times."""

    def __init__(self, memory: Memory | None = None, before: Iterable[StepTime] = ()) -> None:
        """Takes what was measured before, of which a step that runs again is forgotten."""
        self._memory = memory or Unmeasured()
        self._before = {one.step: one for one in before}
        self._s: dict[TimedStep, float] = {}
        self._peaks: dict[TimedStep, list[int | None]] = {}

    @contextmanager
    def measure(self, step: TimedStep) -> Iterator[None]:
        """Measures its block as a run of a step; one that fails does not count."""
        began = perf_counter()
        with self._memory.measured() as peak:
            yield
        self._add(step, perf_counter() - began, peak.bytes)

    def began(self, step: TimedStep, at: float) -> None:
        """Counts a run of a step that began at a time of `perf_counter`, and ends now."""
        self._add(step, perf_counter() - at, None)

    @property
    def times(self) -> tuple[StepTime, ...]:
        """What was measured, in the order of the steps."""
        found = {**self._before, **{step: self._time(step) for step in self._s}}
        return tuple(found[step] for step in TimedStep if step in found)

    def include(self, times: Iterable[StepTime]) -> None:
        """Takes over what was measured elsewhere."""
        self._before |= {one.step: one for one in times}

    def _add(self, step: TimedStep, seconds: float, peak: int | None) -> None:
        self._s[step] = self._s.get(step, 0.0) + seconds
        self._peaks.setdefault(step, []).append(peak)

    def _time(self, step: TimedStep) -> StepTime:
        peaks = [one for one in self._peaks[step] if one is not None]
        known = len(peaks) == len(self._peaks[step])
        return StepTime(step, round(self._s[step] * 1000), max(peaks) if known else None)


def _begin() -> int | None:
    """Forgets the peak of this process; returns what it holds. None where the kernel has no such.

    See proc_pid_clear_refs(5): 5 sets the peak to what is held now.
    """
    try:
        Path("/proc/self/clear_refs").write_bytes(b"5")
    except OSError:
        return None
    return _held("VmRSS:")


def _peak() -> int | None:
    return _held("VmHWM:")


def _held(name: str) -> int | None:
    try:
        told = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    found = next((line.split() for line in told if line.startswith(name)), None)
    return int(found[1]) * 1024 if found else None
