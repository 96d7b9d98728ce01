"""One request on its way through the threads of a diffuser."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial

import torch

from actors.engine.asides import Asides
from actors.engine.drawing import Drawing
from actors.engine.loop import Entry, StepLoop
from actors.engine.preview import Previews
from actors.engine.records import Recorder
from actors.engine.render import (
    OnStep,
    RenderCancelled,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from server.traces import NO_SPAN, Kind, Span, Traces, Value


class Rendering:
    """One request on its way through the threads; `done` gets its result.

    What fails beside the picture, a preview, a record, a trace or one of the `listeners` to its
    steps, is told once in the log, and the picture is drawn on.
    """

    def __init__(
        self,
        request: RenderRequest,
        listeners: Sequence[OnStep],
        previews: Previews,
        recorder: Recorder,
        watched: threading.Event,
        span: Span,
    ) -> None:
        self.request = request
        self.span = span
        self.done: Future[RenderResult] = Future()
        self.scheduler = ""
        self.held = ExitStack()
        """What it uses until it is drawn."""
        self._entry: Entry | None = None
        self._asides = Asides(request.id)
        self._listeners = listeners
        self._recorder = recorder
        self._previews = previews
        self._watched = watched
        self._stopped = threading.Event()
        self._part = NO_SPAN

    def stop(self) -> None:
        """Ends it before its next step."""
        self._stopped.set()
        if (entry := self._entry) is not None:
            entry.stop()

    def check(self) -> None:
        """Raises RenderCancelled once it is stopped."""
        if self._stopped.is_set():
            raise RenderCancelled("stopped between two parts")

    def join(self, loop: StepLoop, drawing: Drawing) -> Future[torch.Tensor]:
        """Joins the running batch; returns what will have its latents."""
        self.scheduler = type(drawing.scheduler).__name__
        self._asides.do("trace", self._wait)
        entry = loop.add(drawing, self._stepped, partial(self._began, drawing.step))
        self._entry = entry
        if self._stopped.is_set():
            entry.stop()
        return entry.drawn

    def go_on(self, drawing: Drawing) -> None:
        """Moves a drawing that has done no step to the step of its request's record."""
        self._asides.do("record", partial(self._recorder.begin, drawing))

    def _wait(self) -> None:
        self._part = self.span.child("wait for the diffuser", Kind.INTERNAL, {})

    def _began(self, step: int) -> None:
        self._asides.do("trace", partial(self._denoise, step))

    def _denoise(self, step: int) -> None:
        self._part.end()
        self._part = self.span.child("denoise", Kind.INTERNAL, {"imggen.from_step": step})

    def _stepped(self, drawing: Drawing) -> None:
        preview = None
        if self._watched.is_set():
            preview = self._asides.do("preview", partial(self._previews.after_step, drawing))
        record = self._asides.do("record", partial(self._recorder.after_step, drawing))
        event = StepEvent(drawing.step, drawing.steps, preview, record)
        for number, listener in enumerate(self._listeners, 1):
            self._asides.do(f"listener {number}", partial(listener, event))

    def leave(self, error: BaseException | None) -> None:
        """Tells the trace that it has left the batch, and lets go of its drawing and what it used.

        Whoever reads its events may be slow, and would keep the drawing's adapters in memory.
        """
        self._entry = None
        self.held.close()
        if error is not None:
            self._part.fail(type(error).__name__)
        self._part.end()


def span_of(request: RenderRequest, model: str, traces: Traces) -> Span:
    """Begins the span of a request's render; one that spans nothing where it is not traced."""
    # A worker of the version before sends a request without it.
    trace = getattr(request, "trace", "")
    if not trace:
        return NO_SPAN
    about: dict[str, Value] = {"imggen.model": model, "imggen.steps": request.steps}
    return traces.begin("draw", Kind.SERVER, trace, about)
