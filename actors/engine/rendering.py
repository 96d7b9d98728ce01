"""One request on its way through the threads of a diffuser."""

import threading
from concurrent.futures import Future
from functools import partial

import torch

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
from server.traces import NO_SPAN, Kind, Span


class Rendering:
    """One request on its way through the threads; `done` gets its result."""

    def __init__(
        self,
        request: RenderRequest,
        on_step: OnStep,
        previews: Previews,
        recorder: Recorder,
        watched: threading.Event,
        span: Span,
    ) -> None:
        self.request = request
        self.recorder = recorder
        self.span = span
        self.done: Future[RenderResult] = Future()
        self.scheduler = ""
        self._entry: Entry | None = None
        self._on_step = on_step
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
        self._part = self.span.child("wait for the diffuser", Kind.INTERNAL, {})
        entry = loop.add(drawing, self._stepped, partial(self._began, drawing.step))
        self._entry = entry
        if self._stopped.is_set():
            entry.stop()
        return entry.drawn

    def _began(self, step: int) -> None:
        self._part.end()
        self._part = self.span.child("denoise", Kind.INTERNAL, {"imggen.from_step": step})

    def _stepped(self, drawing: Drawing) -> None:
        preview = self._previews.after_step(drawing) if self._watched.is_set() else None
        record = self.recorder.after_step(drawing)
        self._on_step(StepEvent(drawing.step, drawing.steps, preview, record))

    def leave(self, error: BaseException | None) -> None:
        """Tells the trace that it has left the batch, and lets go of its drawing.

        Whoever reads its events may be slow, and would keep the drawing's adapters in memory.
        """
        self._entry = None
        if error is not None:
            self._part.fail(type(error).__name__)
        self._part.end()
