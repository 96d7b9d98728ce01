"""Streams: what runs beside the steps on a device, and how one thread hands its work to another.

A GPU does what one stream is given in order, and what several are given at once. Threads share a
stream unless they say otherwise, so that a decode would hold up the next step. The loop keeps the
stream that all share, and each thread beside it has its own. Two rules keep them apart:

- What a thread hands over is computed: `settle` waits for it. Or its reader waits for a `Mark`.
- What a stream reads stays until it has read it. Memory goes back to the stream that it was taken
  for, which may write to it at once. So the loop settles before a drawing leaves it, and a thread
  beside it at the end of its work.

See "CUDA semantics" of PyTorch 2.14, on streams and on `Tensor.record_stream`.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeAlias, TypeVar

import torch

from actors.engine.render import RenderCancelled

Mark: TypeAlias = Callable[[], object]
"""Lets the calling thread's stream wait, not the thread, for what another had been given."""
_T = TypeVar("_T")


def computed() -> None:
    """A mark of what is computed."""


def settle(device: torch.device) -> None:
    """Waits until a device has done what this thread gave it, and not for other streams."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()


class Side(Protocol):
    """A stream of one thread beside the steps."""

    def beside(self, *read: torch.Tensor, after: Mark = computed) -> AbstractContextManager[None]:
        """Gives the device what is done within on this stream, `after` a mark.

        At its end all of it is computed, also where it failed. `read` are tensors of others.
        """
        ...


class Streams(Protocol):
    """The streams of a device; `overlap` is whether they run at once."""

    overlap: bool

    def side(self) -> Side:
        """Returns a stream for another thread."""
        ...

    def mark(self) -> Mark:
        """Marks what the calling thread has given its stream."""
        ...

    def settle(self) -> None:
        """Waits until the calling thread's stream has done what it was given."""
        ...


class OneStream:
    """A device without streams, as a CPU: what an operation returns is computed."""

    overlap = False

    def side(self) -> Side:
        """Returns itself, since there is no other."""
        return self

    @contextmanager
    def beside(self, *read: torch.Tensor, after: Mark = computed) -> Iterator[None]:
        """Does what is done within; what it reads is computed."""
        del read
        after()
        yield

    def mark(self) -> Mark:
        """Returns a mark that is reached."""
        return computed

    def settle(self) -> None:
        """Waits for nothing."""


class CudaStreams:
    """The streams of a GPU; what is on it at the start is computed."""

    overlap = True

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.settle()

    def side(self) -> Side:
        """Returns a new stream."""
        make: Any = torch.cuda.Stream
        return _CudaSide(make(self._device))

    def mark(self) -> Mark:
        """Records an event on the calling thread's stream."""
        mark: Mark = torch.cuda.current_stream(self._device).record_event().wait
        return mark

    def settle(self) -> None:
        """Waits for the calling thread's stream alone."""
        settle(self._device)


class _CudaSide:
    def __init__(self, stream: torch.cuda.Stream) -> None:
        self._stream = stream

    @contextmanager
    def beside(self, *read: torch.Tensor, after: Mark = computed) -> Iterator[None]:
        with torch.cuda.stream(self._stream):
            after()
            for tensor in read:
                # Its owner may let go of it while this stream still reads it.
                tensor.record_stream(self._stream)
            try:
                yield
            finally:
                # An event that sleeps, since the steps' thread needs the CPU.
                make: Any = torch.cuda.Event
                done = make(blocking=True)
                done.record(self._stream)
                done.synchronize()


def streams_of(device: torch.device) -> Streams:
    """Returns the streams of a device."""
    return CudaStreams(device) if device.type == "cuda" else OneStream()


class Beside:
    """A thread with a stream of its own, whose work runs beside the steps one after another."""

    def __init__(self, streams: Streams, name: str) -> None:
        self._streams = streams
        self._side = streams.side()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def submit(self, work: Callable[[], _T], *read: torch.Tensor) -> "Future[_T]":
        """Does work once that which makes `read`, tensors of the caller, is computed.

        Raises RenderCancelled once it is closed.
        """
        # Without any, a mark would wait for a step that it has nothing to do with.
        after = self._streams.mark() if read else computed

        def run() -> _T:
            with self._side.beside(*read, after=after):
                return work()

        try:
            return self._thread.submit(run)
        except RuntimeError as error:
            raise RenderCancelled("the diffuser is closing") from error

    def close(self) -> None:
        """Ends the thread after its work."""
        self._thread.shutdown(wait=True)
