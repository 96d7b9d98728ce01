"""The step loop: requests join and leave the running batch at any step."""

import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

import torch

from actors.engine.drawing import Drawing
from actors.engine.render import RenderCancelled
from server.errors import Unavailable

_TURN = 8
"""The steps that one group takes while another waits."""
_PATIENCE = 200
"""The steps after which a batch that memory once made smaller may grow again."""
_log = logging.getLogger(__name__)


def _nothing() -> None:
    pass


class Predictor(Protocol):
    """Predicts for several drawings in one forward."""

    def predict(self, drawings: Sequence[Drawing]) -> list[torch.Tensor]:
        """Returns what is predicted for the rows of each drawing."""
        ...

    def forget(self) -> None:
        """Lets go of the tensors of the last batch."""
        ...


OnDrawn = Callable[[Drawing], None]
"""Called after each step of a drawing, in the loop's thread; an exception ends the drawing."""
OnBegun = Callable[[], None]
"""Called in the loop's thread before the first step of a drawing."""


class DeviceBroken(Unavailable):
    """Raised for renders on a device that can compute nothing more: its process must end."""


@dataclass(slots=True, eq=False)
class Entry:
    """A drawing in the loop; `drawn` gets its latents, or why there are none."""

    drawing: Drawing
    on_step: OnDrawn
    on_begun: OnBegun
    number: int
    drawn: Future[torch.Tensor] = field(default_factory=Future)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _begun: bool = False

    def begin(self) -> None:
        """Tells once that its first step begins."""
        if not self._begun:
            self._begun = True
            self.on_begun()

    @property
    def group(self) -> Hashable:
        """What drawings must have in common to share a forward."""
        return self.drawing.latents.shape

    @property
    def is_stopped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Frees its rows before the next step."""
        self._stopped.set()


class StepLoop:
    """Runs drawings in one thread, as many rows at once as `max_rows` allows.

    Drawings of one size share a forward; those of several sizes take turns of a few steps, the
    group that has waited longest first. Within a group the oldest go first. A drawing that has
    more rows than `max_rows` runs by itself.

    Where memory runs out, the batch is halved and the step is tried again; a drawing that fails
    alone fails alone.
    """

    def __init__(self, predictor: Predictor, *, max_rows: int) -> None:
        self._predictor = predictor
        self._max_rows = max_rows
        self._limit = max_rows
        self._good = 0
        self._entries: list[Entry] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._is_closing = False
        self._broken: Exception | None = None
        self._turn = _Turn()
        self._thread = threading.Thread(target=self._run, name="steps", daemon=True)
        self._thread.start()

    def add(self, drawing: Drawing, on_step: OnDrawn, on_begun: OnBegun = _nothing) -> Entry:
        """Lets a drawing join before the next step; raises DeviceBroken where there is none."""
        with self._changed:
            self._check()
            entry = Entry(drawing, on_step, on_begun, next(self._numbers))
            self._entries.append(entry)
            self._changed.notify()
        return entry

    def set_max_rows(self, max_rows: int) -> None:
        """Bounds the rows of the steps to come."""
        with self._changed:
            self._max_rows = self._limit = max_rows

    @property
    def drawings(self) -> int:
        """How many drawings run or wait."""
        with self._changed:
            return len(self._entries)

    def check(self) -> None:
        """Raises DeviceBroken if the loop has ended because of its device."""
        with self._changed:
            self._check()

    def _check(self) -> None:
        if self._broken is not None:
            raise DeviceBroken(f"the device is broken ({self._broken}); the replica ends")

    def close(self) -> None:
        """Stops every drawing before its next step, and ends the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._step(batch)
            except Exception as error:  # an error of the device, or of this loop
                self._break(error)
                return

    def _next(self) -> list[Entry]:
        """Waits for drawings and returns those of the next step; none once it is closing."""
        with self._changed:
            while True:
                self._leave([entry for entry in self._entries if entry.is_stopped])
                if self._is_closing:
                    self._leave(self._entries)
                    return []
                if self._entries:
                    return self._fitting(self._turn.of(self._entries))
                self._predictor.forget()
                self._changed.wait()

    def _leave(self, entries: Sequence[Entry]) -> None:
        for entry in list(entries):
            stopped = RenderCancelled(
                f"stopped after step {entry.drawing.step} of {entry.drawing.steps}"
            )
            self._end(entry, stopped)

    def _fitting(self, group: Sequence[Entry]) -> list[Entry]:
        batch: list[Entry] = []
        rows = 0
        for entry in group:
            rows += len(entry.drawing.rows)
            if batch and rows > self._limit:
                break
            batch.append(entry)
        return batch

    def _step(self, batch: Sequence[Entry]) -> None:
        for entry in batch:
            entry.begin()
        try:
            predicted = self._predictor.predict([entry.drawing for entry in batch])
        except Exception as error:
            if _is_fault(error):
                raise
            self._predictor.forget()
            self._part(batch, error)
            return
        self._grow()
        for entry, rows in zip(batch, predicted, strict=True):
            self._advance(entry, rows)

    def _part(self, batch: Sequence[Entry], error: Exception) -> None:
        """Goes on after a forward that failed: by halves, to the drawing that it fails for."""
        if isinstance(error, torch.OutOfMemoryError):
            torch.cuda.empty_cache()
            self._limit = max(sum(len(entry.drawing.rows) for entry in batch) // 2, 1)
            self._good = 0
            _log.warning("out of memory", extra={"rows": self._limit, "drawings": len(batch)})
        if len(batch) == 1:
            self._end(batch[0], error)
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            self._step(half)

    def _grow(self) -> None:
        self._good += 1
        if self._limit < self._max_rows and self._good >= _PATIENCE:
            self._limit, self._good = min(2 * self._limit, self._max_rows), 0

    def _advance(self, entry: Entry, rows: torch.Tensor) -> None:
        try:
            entry.drawing.advance(rows)
            entry.on_step(entry.drawing)
        except Exception as error:
            if _is_fault(error):
                raise
            self._end(entry, error)
            return
        if entry.drawing.is_done:
            self._end(entry, None)

    def _end(self, entry: Entry, error: Exception | None) -> None:
        with self._changed:
            self._entries.remove(entry)
        if error is None:
            entry.drawn.set_result(entry.drawing.latents)
        else:
            entry.drawn.set_exception(error)

    def _break(self, error: Exception) -> None:
        _log.error("device broken", extra={"error": str(error)})
        with self._changed:
            self._broken = error
            left, self._entries = self._entries, []
        for entry in left:
            entry.drawn.set_exception(DeviceBroken(f"the device is broken ({error})"))


class _Turn:
    """Whose turn it is among the groups: the one that has waited longest, for a few steps."""

    def __init__(self) -> None:
        self._group: Hashable = None
        self._left = 0
        self._served: dict[Hashable, int] = {}
        self._turns = count(1)

    def of(self, entries: Sequence[Entry]) -> list[Entry]:
        """Returns the entries of the group whose turn it is, the oldest first."""
        groups: dict[Hashable, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.group, []).append(entry)
        if self._group not in groups or (self._left <= 0 and len(groups) > 1):
            self._group = min(groups, key=lambda group: self._rank(group, groups[group]))
            self._left = _TURN
            self._served = {group: turn for group, turn in self._served.items() if group in groups}
            self._served[self._group] = next(self._turns)
        self._left -= 1
        return groups[self._group]

    def _rank(self, group: Hashable, entries: Sequence[Entry]) -> tuple[int, int]:
        return self._served.get(group, 0), entries[0].number


def _is_fault(error: Exception) -> bool:
    """Returns whether an error is of the device, which then fails at everything else too."""
    if isinstance(error, torch.OutOfMemoryError):
        return False
    return isinstance(error, torch.AcceleratorError) or "CUDA error" in str(error)
