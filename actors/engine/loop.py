"""The step loop: requests join and leave the running batch at any step."""

import logging
import threading
import traceback
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

import torch

from actors.engine.advancing import advance
from actors.engine.drawing import Drawing, by_itself
from actors.engine.faults import is_fault
from actors.engine.memory import is_out_of_memory
from actors.engine.render import DeviceBroken, RenderCancelled

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
        """What drawings must have in common to share a forward: their size and their adapters.

        Of the adapters it has the names: the loop keeps it longer than their weights.
        """
        loras = self.drawing.loras
        return self.drawing.latents.shape, loras.key if loras else ()

    @property
    def is_stopped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Frees its rows before the next step."""
        self._stopped.set()


class StepLoop:
    """Runs drawings in one thread, as many rows at once as `max_rows` allows.

    Drawings of one size and one set of LoRA adapters share a forward; groups of several take turns
    of a few steps, the one that has waited longest first. Within a group the oldest go first. A
    drawing that has more rows than `max_rows` runs by itself.

    Where memory runs out, the batch is halved and the step is tried again; a drawing that fails
    alone fails alone. Before a drawing leaves, `settle` waits until the device has computed it, so
    that its latents may be read elsewhere, and what its steps have read may go.
    """

    def __init__(
        self, predictor: Predictor, *, max_rows: int, settle: Callable[[], None] = _nothing
    ) -> None:
        self._predictor = predictor
        self._settle = settle
        self._room = _Room(max_rows)
        self._entries: list[Entry] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._is_closing = False
        self._broken: BaseException | None = None
        self._turn = _Turn()
        self._thread = threading.Thread(target=self._run, name="steps", daemon=True)
        self._thread.start()

    def add(self, drawing: Drawing, on_step: OnDrawn, on_begun: OnBegun = _nothing) -> Entry:
        """Lets a drawing join before the next step.

        Raises DeviceBroken where there is none, and RenderCancelled once the loop is closing.
        """
        with self._changed:
            self._check()
            if self._is_closing:
                raise RenderCancelled("the diffuser is closing")
            entry = Entry(drawing, on_step, on_begun, next(self._numbers))
            self._entries.append(entry)
            self._changed.notify()
        return entry

    def set_max_rows(self, max_rows: int) -> None:
        """Bounds the rows of the steps to come."""
        with self._changed:
            self._room = _Room(max_rows)

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
            raise DeviceBroken.by(self._broken)

    def fail(self, fault: BaseException) -> None:
        """Ends the loop for a fault of the device that another thread has met."""
        with self._changed:
            self._broken = self._broken or fault
            self._changed.notify()

    def close(self) -> None:
        """Stops every drawing before its next step, and ends the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._run_one():
            pass

    def _run_one(self) -> bool:
        """Waits for drawings and does one step of them; returns whether there may be another.

        The batch is a name of this call alone: while the loop waits, it holds no tensors.
        """
        try:
            batch = self._next()
            if not batch:
                return False
            self._step(batch)
        except Exception as error:  # an error of the device, or of this loop
            self.fail(error)
        return True

    def _next(self) -> list[Entry]:
        """Waits for drawings and returns those of the next step; none once the loop ends."""
        with self._changed:
            while True:
                if self._broken is not None:
                    self._break(self._broken)
                    return []
                self._leave([entry for entry in self._entries if entry.is_stopped])
                if self._is_closing:
                    self._leave(self._entries)
                    return []
                if self._entries:
                    return self._room.fitting(self._turn.of(self._entries))
                self._predictor.forget()
                self._changed.wait()

    def _leave(self, entries: Sequence[Entry]) -> None:
        for entry in list(entries):
            stopped = RenderCancelled(
                f"stopped after step {entry.drawing.step} of {entry.drawing.steps}"
            )
            self._end(entry, stopped)

    def _step(self, batch: Sequence[Entry]) -> None:
        parts = [[entry for entry in batch if self._has_begun(entry)]]
        while parts:
            part = parts.pop(0)
            if part and (error := self._tried(part)) is not None:
                parts[:0] = self._halves(part, error)

    def _has_begun(self, entry: Entry) -> bool:
        try:
            entry.begin()
        except Exception as error:
            self._end(entry, error)
            return False
        return True

    def _tried(self, part: Sequence[Entry]) -> Exception | None:
        """Takes one step; returns why the forward failed, without the tensors of its frames."""
        try:
            predicted = self._predictor.predict([entry.drawing for entry in part])
        except Exception as error:
            if is_fault(error):
                raise
            failed = error
        else:
            self._room.fitted(part[0].group)
            errors = advance([entry.drawing for entry in part], predicted)
            for entry, why in zip(part, errors, strict=True):
                self._advanced(entry, why)
            return None
        traceback.clear_frames(failed.__traceback__)
        return failed.with_traceback(None)

    def _halves(self, part: Sequence[Entry], error: Exception) -> list[list[Entry]]:
        """Returns what is tried next after a forward that failed; one that was alone fails."""
        self._predictor.forget()
        is_memory = is_out_of_memory(error)
        if is_memory:
            torch.cuda.empty_cache()
        if len(part) == 1:
            self._end(part[0], error)
            return []
        if is_memory:
            rows = self._room.too_small(part)
            _log.warning("out of memory", extra={"rows": rows, "drawings": len(part)})
        middle = len(part) // 2
        return [list(part[:middle]), list(part[middle:])]

    def _advanced(self, entry: Entry, failed: Exception | None) -> None:
        try:
            if failed is not None:
                raise failed
            entry.on_step(entry.drawing)
        except Exception as error:
            if is_fault(error):
                raise
            self._end(entry, error)
            return
        if entry.drawing.is_done:
            self._end(entry, None)

    def _end(self, entry: Entry, error: Exception | None) -> None:
        # They wait for their decode, while those of others that are beside them are gone.
        latents = by_itself(entry.drawing.latents) if error is None else None
        self._settle()
        with self._changed:
            self._entries.remove(entry)
        if latents is not None:
            entry.drawn.set_result(latents)
        else:
            entry.drawn.set_exception(error)

    def _break(self, fault: BaseException) -> None:
        _log.error("device broken", extra={"error": str(fault)})
        left, self._entries = self._entries, []
        for entry in left:
            entry.drawn.set_exception(DeviceBroken.by(fault))


class _Room:
    """How many rows fit: as many as were asked for, or fewer where memory has run out.

    Each group has its own, since rows of large pictures take more. It grows back after some steps.
    """

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._limits: dict[Hashable, int] = {}
        self._good: dict[Hashable, int] = {}

    def fitting(self, group: Sequence[Entry]) -> list[Entry]:
        """Returns the first entries of a group that fit; at least one."""
        batch: list[Entry] = []
        rows, limit = 0, self._limits.get(group[0].group, self._max_rows)
        for entry in group:
            rows += len(entry.drawing.next_rows)
            if batch and rows > limit:
                break
            batch.append(entry)
        return batch

    def fitted(self, group: Hashable) -> None:
        """Notes a step that went well."""
        if group not in self._limits:
            return
        self._good[group] += 1
        if self._good[group] >= _PATIENCE:
            self._limits[group] = min(2 * self._limits[group], self._max_rows)
            self._good[group] = 0
            if self._limits[group] == self._max_rows:
                del self._limits[group], self._good[group]

    def too_small(self, part: Sequence[Entry]) -> int:
        """Notes a step that did not fit; returns how many rows the next ones have at most."""
        group = part[0].group
        self._limits[group] = max(sum(len(entry.drawing.next_rows) for entry in part) // 2, 1)
        self._good[group] = 0
        return self._limits[group]


class _Turn:
    """Whose turn it is among the groups: the one that has waited longest, for a few steps."""

    def __init__(self) -> None:
        self._group: Hashable = None
        self._left = 0
        self._step = 0
        self._waits_since: dict[Hashable, int] = {}

    def of(self, entries: Sequence[Entry]) -> list[Entry]:
        """Returns the entries of the group whose turn it is, the oldest first."""
        groups: dict[Hashable, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.group, []).append(entry)
        self._step += 1
        # One that was empty meanwhile waits from now on.
        self._waits_since = {group: self._waits_since.get(group, self._step) for group in groups}
        if self._group not in groups or (self._left <= 0 and len(groups) > 1):
            if self._group in groups:
                self._waits_since[self._group] = self._step
            self._group = min(groups, key=lambda group: self._rank(group, groups[group]))
            self._left = _TURN
        self._left -= 1
        return groups[self._group]

    def _rank(self, group: Hashable, entries: Sequence[Entry]) -> tuple[int, int]:
        return self._waits_since[group], entries[0].number
