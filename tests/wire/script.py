"""The script: which behaviour comes with which request."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from tests.wire.behaviours import BEHAVIOURS, GOOD, Behaviour
from tests.wire.contract import Operation

HEADER = "x-wire-behaviour"
"""A header of a request that names its behaviour."""

PICTURES = (Operation.GENERATION, Operation.EDIT)
"""The requests that a script is about unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class _Line:
    behaviour: Behaviour
    operations: Sequence[Operation]
    model: str | None

    def fits(self, operation: Operation, model: str) -> bool:
        return operation in self.operations and self.model in (None, model)


class Script:
    """Behaviours for requests to come: a queue, of which each is used once, and standing ones."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queue: list[_Line] = []
        self._standing: list[_Line] = []

    def then(
        self,
        *behaviours: Behaviour | str,
        on: Sequence[Operation] = PICTURES,
        model: str | None = None,
    ) -> None:
        """Appends behaviours to the queue, for requests of some kind or of one model."""
        with self._lock:
            self._queue += [_Line(named(one), on, model) for one in behaviours]

    def always(
        self,
        behaviour: Behaviour | str,
        *,
        on: Sequence[Operation] = PICTURES,
        model: str | None = None,
    ) -> None:
        """Sets what comes where the queue has nothing; the latest that fits counts."""
        with self._lock:
            self._standing.insert(0, _Line(named(behaviour), on, model))

    def clear(self) -> None:
        """Forgets all behaviours."""
        with self._lock:
            self._queue.clear()
            self._standing.clear()

    @property
    def left(self) -> int:
        """How many behaviours the queue still has."""
        return len(self._queue)

    def take(self, operation: Operation, model: str) -> Behaviour:
        """Returns the behaviour of a request, and removes it from the queue."""
        with self._lock:
            for line in self._queue:
                if line.fits(operation, model):
                    self._queue.remove(line)
                    return line.behaviour
            fitting = (line.behaviour for line in self._standing if line.fits(operation, model))
            return next(fitting, GOOD)


def named(behaviour: Behaviour | str) -> Behaviour:
    """Returns a behaviour by its name; raises ValueError for an unknown one."""
    if isinstance(behaviour, Behaviour):
        return behaviour
    if behaviour not in BEHAVIOURS:
        raise ValueError(f"{behaviour}: no such behaviour; use one of {', '.join(BEHAVIOURS)}")
    return BEHAVIOURS[behaviour]
