"""Spans: the parts of a trace, each with its times and what it was about."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from enum import Enum, auto
from typing import Protocol

Value = str | int | bool

_NOTHING: Mapping[str, Value] = {}


class Kind(Enum):
    """How a span stands to others, in OpenTelemetry's words."""

    INTERNAL = auto()
    SERVER = auto()  # answers a call
    CLIENT = auto()  # waits for another service
    PRODUCER = auto()  # queues a job
    CONSUMER = auto()  # works on a queued job


class Span(Protocol):
    """A span that has begun; it is told when it ends."""

    @property
    def context(self) -> str:
        """The W3C `traceparent` that spans elsewhere continue; empty where nothing is traced."""
        ...

    @property
    def trace_id(self) -> str:
        """The id of its trace; empty where nothing is traced."""
        ...

    def child(self, name: str, kind: Kind, attributes: Mapping[str, Value]) -> "Span":
        """Begins a span within it."""
        ...

    def linked(self, name: str, kind: Kind, attributes: Mapping[str, Value]) -> "Span":
        """Begins a trace of its own, which links to this span."""
        ...

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Adds attributes."""
        ...

    def fail(self, why: str) -> None:
        """Marks it as failed; the first reason counts, which is a code and never a message."""
        ...

    def end(self) -> None:
        """Ends it; one that is not ended is never told."""
        ...


class Traces(Protocol):
    """Begins traces, or goes on with those of others."""

    def begin(self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Value]) -> Span:
        """Begins a span within the `traceparent` of another process, or a trace without a parent.

        A parent that is not a `traceparent` counts as none.
        """
        ...


class NoSpan:
    """A span where nothing is traced."""

    context = ""
    trace_id = ""

    def child(self, _name: str, _kind: Kind, _attributes: Mapping[str, Value]) -> Span:
        """Returns itself."""
        return self

    def linked(self, _name: str, _kind: Kind, _attributes: Mapping[str, Value]) -> Span:
        """Returns itself."""
        return self

    def set(self, _attributes: Mapping[str, Value]) -> None:
        """Does nothing."""

    def fail(self, _why: str) -> None:
        """Does nothing."""

    def end(self) -> None:
        """Does nothing."""


NO_SPAN: Span = NoSpan()


class OpenTraces(Traces, Protocol):
    """The traces of a process, until they are closed."""

    async def close(self) -> None:
        """Sends what is left, for about 2 seconds at most."""
        ...


class NoTraces:
    """Traces that are off."""

    def begin(
        self, _name: str, _kind: Kind, _parent: str, _attributes: Mapping[str, Value]
    ) -> Span:
        """Returns the span of nothing."""
        return NO_SPAN

    async def close(self) -> None:
        """Does nothing."""


NO_TRACES: OpenTraces = NoTraces()

# As the caller of an RPC: a task that is created in a span's block begins within the span.
_CURRENT: ContextVar[Span] = ContextVar("span", default=NO_SPAN)
_UNTRACED = nullcontext(NO_SPAN)


def current() -> Span:
    """Returns the span of this task."""
    return _CURRENT.get()


def enter(span: Span) -> None:
    """Makes a span that of this task for the rest of it; who began it ends it."""
    _CURRENT.set(span)


@contextmanager
def within(span: Span) -> Iterator[Span]:
    """Makes a span that of this task until the block ends, which ends it."""
    token = _CURRENT.set(span)
    try:
        yield span
    except asyncio.CancelledError:
        span.set({"imggen.cancelled": True})
        raise
    except BaseException as error:
        # Its class alone: a message may quote a text.
        span.fail(type(error).__name__)
        raise
    finally:
        _CURRENT.reset(token)
        span.end()


def child(
    name: str, kind: Kind = Kind.INTERNAL, attributes: Mapping[str, Value] = _NOTHING
) -> AbstractContextManager[Span]:
    """Traces a block as a part of the span of this task."""
    return part(_CURRENT.get(), name, kind, attributes)


def part(
    of: Span, name: str, kind: Kind = Kind.INTERNAL, attributes: Mapping[str, Value] = _NOTHING
) -> AbstractContextManager[Span]:
    """Traces a block as a part of a span, in whichever thread it runs."""
    if of is NO_SPAN:
        return _UNTRACED
    return within(of.child(name, kind, attributes))
