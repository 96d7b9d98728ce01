"""The engine's own parts under a benchmark: its loop, its batches, its drawings and its decode."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from time import perf_counter
from typing import Any

import torch

from actors.engine.batch import BatchedUNet
from actors.engine.compiling import CompiledBlocks
from actors.engine.decoding import decode
from actors.engine.drawing import Drawing, Row
from actors.engine.guidance import Guidance
from actors.engine.loop import StepLoop
from actors.engine.origins import begin
from actors.engine.render import RenderRequest
from actors.engine.schedulers import new_scheduler
from actors.engine.streams import Beside, streams_of
from benchmarks.diffuser_gpu.model import Architecture, prompts

GUIDANCE = 7.5
_WAIT_S = 300.0
_NOTHING = Row(torch.zeros(0), torch.zeros(0), torch.zeros(0))


class _Still:
    """A scheduler that changes nothing."""

    def scale_model_input(self, latents: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return latents

    def step(self, _: Any, __: Any, latents: torch.Tensor, **___: Any) -> tuple[torch.Tensor]:
        return (latents,)


class ClockedUNet(BatchedUNet):
    """Keeps when each forward ended; holds the loop while a gate is in it."""

    def __init__(self, unet: Any, compiled: CompiledBlocks | None) -> None:
        super().__init__(unet, compiled)
        self.ends: list[float] = []
        self.held: threading.Event | None = None

    def predict(self, drawings: Sequence[Drawing]) -> list[torch.Tensor]:
        """Predicts, or waits while the loop is held."""
        if drawings[0].rows[0] is _NOTHING:
            assert self.held is not None
            if not self.held.wait(_WAIT_S):
                raise TimeoutError("nobody let the loop go on")
            return [drawing.latents for drawing in drawings]
        predicted = super().predict(drawings)
        self.ends.append(perf_counter())
        return predicted


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, and when it was done."""

    png: bytes
    at: float


class Engine:
    """Draws pictures of one architecture, with `batch` of them in a step at most."""

    def __init__(
        self,
        architecture: Architecture,
        pipeline: Any,
        compiled: CompiledBlocks | None,
        batch: int,
    ) -> None:
        self.unet = ClockedUNet(pipeline.unet, compiled)
        self._compiled = compiled
        self._side = architecture.side
        self._pipeline = pipeline
        self._prompts = prompts(architecture, pipeline)
        streams = streams_of(pipeline.device)
        self._loop = StepLoop(self.unet, max_rows=2 * batch, settle=streams.settle)
        self._decoding = Beside(streams, "decode")

    @torch.no_grad()
    def drawing(self, steps: int, seed: int) -> Drawing:
        """Returns a picture's noise and all that its steps read."""
        size = (self._side, self._side)
        request = RenderRequest("", "", *size, steps, GUIDANCE, 0.0, seed)
        scheduler = new_scheduler(self._pipeline.scheduler)
        scheduler.set_timesteps(steps, device=self._pipeline.device)
        begun = begin(self._pipeline, scheduler, request, self._prompts.prompt.dtype)
        sizes = self._prompts.prompt.new_tensor([*size, 0, 0, *size])
        rows = (
            Row(self._prompts.negative, self._prompts.negative_pooled, sizes),
            Row(self._prompts.prompt, self._prompts.pooled, sizes),
        )
        return Drawing(begun.latents, scheduler, begun.timesteps, rows, Guidance(GUIDANCE))

    def add(
        self, drawing: Drawing, on_step: Callable[[Drawing], None] = lambda _: None
    ) -> "Future[Picture]":
        """Lets a drawing join; returns its picture as it is decoded beside the next steps."""
        picture: Future[Picture] = Future()

        def drawn(latents: "Future[torch.Tensor]") -> None:
            if (error := latents.exception()) is not None:
                picture.set_exception(error)
            else:
                found = latents.result()
                self._decoding.submit(partial(self._decode, found, picture), found)

        self._loop.add(drawing, on_step).drawn.add_done_callback(drawn)
        return picture

    def _decode(self, latents: torch.Tensor, picture: "Future[Picture]") -> None:
        try:
            buffer = BytesIO()
            decode(self._pipeline, latents).save(buffer, "PNG")
        except Exception as error:
            picture.set_exception(error)
        else:
            picture.set_result(Picture(buffer.getvalue(), perf_counter()))

    def hold(self) -> Callable[[], None]:
        """Holds the loop, so that drawings join the same step; returns what lets it go on."""
        self.unet.held = threading.Event()
        gate = Drawing(torch.zeros(1, 1, 1, 1), _Still(), torch.arange(1), (_NOTHING,))
        self._loop.add(gate, lambda _: None)
        return self.unet.held.set

    def ready(self) -> None:
        """Compiles nothing more."""
        if self._compiled is not None:
            self._compiled.ready()

    def close(self) -> None:
        """Ends the threads."""
        self._loop.close()
        self._decoding.close()
