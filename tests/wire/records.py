"""What the server received, and how each request ended."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Condition

from tests.wire.contract import Operation
from tests.wire.parts import Part
from tests.wire.usage import Usage


class Outcome(StrEnum):
    """How a request ended."""

    OPEN = "open"
    ANSWERED = "answered"
    CUT = "cut"  # by the script
    CLIENT_LEFT = "client_left"  # before the answer was whole
    REFUSED = "refused"  # by the contract, or for its key


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request.

    `fields` are as they were sent: of JSON with their types, of a form as texts. `order` is the
    names of all fields and files in the order of the request. `usage` is the true one whatever a
    scripted answer says, None where nothing was drawn.
    """

    operation: Operation
    method: str
    path: str
    request_id: str
    headers: Mapping[str, str]
    fields: Mapping[str, object]
    parts: tuple[Part, ...]
    order: tuple[str, ...]
    status: int | None = None
    outcome: Outcome = Outcome.OPEN
    usage: Usage | None = None

    @property
    def cost_micros(self) -> int:
        """What the picture cost by the published rates of gpt-image-2 and later."""
        return self.usage.cost_micros if self.usage else 0


class Journal:
    """The requests in the order in which they came, for readers of other threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._entries: list[Recorded] = []

    @property
    def accepted(self) -> list[Recorded]:
        """The requests that the contract allows, without probes."""
        return [
            entry
            for entry in self._snapshot()
            if entry.outcome is not Outcome.REFUSED and entry.operation is not Operation.MODELS
        ]

    @property
    def refused(self) -> list[Recorded]:
        """The requests that the contract, or the key, forbids."""
        return [entry for entry in self._snapshot() if entry.outcome is Outcome.REFUSED]

    @property
    def probes(self) -> list[Recorded]:
        """The requests for models."""
        return [entry for entry in self._snapshot() if entry.operation is Operation.MODELS]

    def clear(self) -> None:
        """Forgets all requests."""
        with self._changed:
            self._entries.clear()

    def add(self, entry: Recorded) -> None:
        """Appends a request."""
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()

    def end(self, request_id: str, outcome: Outcome, status: int | None) -> None:
        """Notes how a request ended; the first note counts."""
        self._change(request_id, outcome=outcome, status=status)

    def drew(self, request_id: str, usage: Usage) -> None:
        """Notes what was drawn for a request."""
        self._change(request_id, usage=usage)

    def wait(self, holds: Callable[["Journal"], bool], seconds: float = 10.0) -> bool:
        """Waits until `holds`, and returns whether it does; it blocks the calling thread."""
        with self._changed:
            return self._changed.wait_for(lambda: holds(self), seconds)

    def _snapshot(self) -> list[Recorded]:
        with self._changed:
            return list(self._entries)

    def _change(self, request_id: str, **changes: object) -> None:
        with self._changed:
            self._entries = [
                dataclasses.replace(entry, **changes)  # type: ignore[arg-type]
                if entry.request_id == request_id and entry.outcome is Outcome.OPEN
                else entry
                for entry in self._entries
            ]
            self._changed.notify_all()
