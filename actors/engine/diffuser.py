"""The diffuser: a warm SDXL whose requests share one denoising loop."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import aclosing, nullcontext, suppress
from functools import partial
from typing import Any, Self

import torch
from PIL import Image

from actors.engine.adapter import Adapter
from actors.engine.batch import BatchedUNet
from actors.engine.compiling import CompiledBlocks, kinds
from actors.engine.decoding import decode, png_of
from actors.engine.faults import is_fault
from actors.engine.loading import load_source
from actors.engine.loop import StepLoop
from actors.engine.lora import LoraSet
from actors.engine.lora_cache import Loras, open_loras, wanted_by
from actors.engine.memory import UnlessOutOfMemory
from actors.engine.preparing import NO_ADAPTER, check_size, prepare, read_references
from actors.engine.preview import LinearDecoder, Previews, at_once
from actors.engine.profiles import profile, read_profiles
from actors.engine.records import Recorder, checksum_of
from actors.engine.render import (
    DeviceBroken,
    Embedding,
    EncoderChanged,
    OnStep,
    RenderEvent,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from actors.engine.rendering import Rendering, span_of
from actors.engine.saturation import MOST, saturating
from actors.engine.source import check_source
from actors.engine.speed import speed_up
from actors.engine.streams import Beside, Streams, streams_of
from actors.settings import DiffuserSettings
from server.domain.joined import ALONE, Joined
from server.domain.models import Size
from server.traces import NO_SPAN, NO_TRACES, Span, Traces, part

_ROWS_UNMEASURED = 8
_log = logging.getLogger(__name__)


def _ignore(_: StepEvent) -> None:
    pass


class Diffuser:
    """A loaded pipeline; it knows nothing of jobs.

    Requests are prepared one at a time, join the running batch before its next step, and are
    decoded beside the steps of others; references are encoded, and files of adapters loaded, in
    threads of their own. `on_step`
    is called after every step of every render, in the loop's thread and before the next step
    begins. `max_rows` bounds the rows of a step, two for a picture with guidance; 0 leaves it to a
    measurement in `warm`. `previews` make those pictures of running renders that are asked for;
    without it there are none. `traces` take the parts of those renders whose requests name a
    trace. `warm_ups` are drawn by `warm`; without any, those of the model's profile. `streams` are
    the device's own unless they are given. `compiled` are the blocks of the pipeline's UNet where
    they are compiled, which `warm` runs.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        model: str,
        adapter: Adapter | None = None,
        loras: Loras | None = None,
        max_rows: int = 0,
        previews: LinearDecoder | None = None,
        preview_interval_s: float = 1.0,
        on_step: OnStep = _ignore,
        traces: Traces = NO_TRACES,
        warm_ups: Sequence[RenderRequest] = (),
        streams: Streams | None = None,
        compiled: CompiledBlocks | None = None,
    ) -> None:
        self.model = model
        self.unet = BatchedUNet(pipeline.unet, compiled)
        self._compiled = compiled
        self._pipeline = pipeline
        self._adapter = adapter
        self._loras = loras or Loras(pipeline, None, 0)
        self._preview_interval_s = preview_interval_s
        self._on_step = on_step
        self._traces = traces
        self._previews = previews
        self._checksum = checksum_of(pipeline, model, adapter.projection if adapter else None)
        self._watched: dict[str, threading.Event] = {}
        self._max_rows = max_rows
        self._joined = ALONE
        self._warm_ups = warm_ups or profile(model).warm_ups()
        self._streams = streams or streams_of(pipeline.device)
        self._loop = StepLoop(
            self.unet, max_rows=max_rows or _ROWS_UNMEASURED, settle=self._streams.settle
        )
        self._adapting = Beside(self._streams, "adapt")
        self._preparing = Beside(self._streams, "prepare")
        self._decoding = Beside(self._streams, "decode")
        self._encoding = Beside(self._streams, "encode")
        self._previewing = Beside(self._streams, "preview")

    @classmethod
    def load(
        cls,
        settings: DiffuserSettings,
        *,
        on_step: OnStep = _ignore,
        traces: Traces = NO_TRACES,
    ) -> Self:
        """Loads the checkpoint that the settings name, and its adapter; blocks.

        Raises CheckpointRefused, before any weights are read, for a part that is missing, is not
        safetensors, is cut off, has another shape or differs from its checksum; and once they are
        read, for an image encoder that gives no finite embeddings, and for a LoRA adapter that a
        tier of the profile names and no request could have. Raises ProfileInvalid for a profile
        that is none.
        """
        chosen = profile(settings.model, read_profiles(settings.profiles))
        sizes = [Size(*map(int, text.split("x"))) for text in settings.warm_sizes]
        source = check_source(settings)
        pipeline = load_source(settings, source)
        adapter = Adapter.load(pipeline, source.adapter) if source.adapter else None
        compiled = speed_up(pipeline, settings)
        return cls(
            pipeline,
            model=settings.model,
            adapter=adapter,
            loras=open_loras(pipeline, settings, [one.loras for one in chosen.tiers.values()]),
            max_rows=settings.diffuser_rows,
            previews=LinearDecoder.fit(pipeline),
            preview_interval_s=settings.preview_interval_s,
            on_step=on_step,
            traces=traces,
            warm_ups=chosen.warm_ups(sizes),
            compiled=compiled,
        )

    def warm(self) -> None:
        """Renders two steps in each size, decoded, so that the first caller of it does not wait.

        Where no number of rows was set, it also measures how many saturate the model, at the first
        size. Compiled blocks have all their versions at its end, and make no more.
        """
        for request in self._warm_ups:
            self.render(request)
        rows = self._measure_rows(self._warm_ups[0])
        if self._compiled is not None:
            tokens = self._adapter.nothing() if self._adapter else None
            for request in self._warm_ups:
                for batch in kinds(prepare(self._pipeline, request), tokens, rows):
                    with UnlessOutOfMemory():  # a step of so many will be halved
                        self.unet.predict(batch)
            self.unet.forget()
            self._compiled.ready()

    def _measure_rows(self, request: RenderRequest) -> int:
        drawing = prepare(self._pipeline, request)
        each = len(drawing.rows)
        if self._max_rows:
            self._joined = Joined(max(1, self._max_rows // each), 1.0)
            return self._max_rows
        others = [prepare(self._pipeline, request) for _ in range(MOST - 1)]
        self._joined = saturating(self.unet.predict, [drawing, *others])
        self.unet.forget()
        rows = self._joined.pictures * each
        self._loop.set_max_rows(rows)
        _log.info("diffuser warm", extra={"rows": rows})
        return rows

    def render(
        self,
        request: RenderRequest,
        *,
        on_step: OnStep = _ignore,
        watched: threading.Event | None = None,
        span: Span = NO_SPAN,
    ) -> RenderResult:
        """Draws one picture; blocks. Raises PictureBroken for one that is not made of numbers.

        The same request gives the same bytes on the same device with the same libraries and
        number of threads, if no other render shares its steps. Elsewhere rounding differs, and
        little else, since the noise is drawn on the CPU for every device: between thread counts,
        a few of 65,536 pixels differ by 1. RenderCancelled from `on_step` ends the render at that
        step; another exception is told once, and the render goes on. Previews are made once
        `watched` is set, or from the start if the request says so. What takes time is told as parts
        of the `span`.
        """
        return self._start(request, on_step, watched or threading.Event(), span).done.result()

    def _start(
        self, request: RenderRequest, on_step: OnStep, watched: threading.Event, span: Span
    ) -> Rendering:
        check_size(request)
        if request.previews:
            watched.set()
        previews = Previews(
            self._previews,
            self._preview_interval_s,
            mirrored=request.mirrored,
            make=self._previewing.submit if self._streams.overlap else at_once,
        )
        recorder = Recorder(request, self._checksum)
        listeners = (on_step, self._on_step)
        rendering = Rendering(request, listeners, previews, recorder, watched, span)
        self._then(rendering, self._preparing, self._prepare)
        return rendering

    def _then(
        self,
        rendering: Rendering,
        thread: Beside,
        work: Callable[[Rendering], None],
        *read: torch.Tensor,
    ) -> None:
        """Does the next part of a render in a thread; its error is the render's."""

        def run() -> None:
            rendering.check()
            work(rendering)

        try:
            ended = thread.submit(run, *read)
        except Exception as error:
            self._fail(rendering, error)
        else:
            ended.add_done_callback(partial(self._ended, rendering))

    def _ended(self, rendering: Rendering, ended: "Future[None]") -> None:
        if (error := ended.exception()) is not None:
            self._fail(rendering, error)

    def _fail(self, rendering: Rendering, error: BaseException) -> None:
        told = self._noted(error)
        rendering.held.close()
        # What the device fails at after its work has no caller any more.
        with suppress(InvalidStateError):
            rendering.done.set_exception(told)

    def _noted(self, error: BaseException) -> BaseException:
        """Returns what a caller is told; a fault of the device, wherever it was met, ends the loop.

        A replica in its place can do what failed here, so that it is UNAVAILABLE.
        """
        if isinstance(error, DeviceBroken) or not is_fault(error):
            return error
        self._loop.fail(error)
        return DeviceBroken.by(error)

    def _prepare(self, rendering: Rendering) -> None:
        wanted = wanted_by(rendering.request)
        if not wanted:
            self._begin_drawing(None, rendering)
        elif (kept := self._loras.kept(wanted)) is not None:
            rendering.held.callback(self._loras.give_back, kept)
            self._begin_drawing(kept, rendering)
        else:
            # Others are prepared meanwhile: a file may be large, and its disk slow.
            self._then(rendering, self._adapting, self._load)

    def _load(self, rendering: Rendering) -> None:
        with part(rendering.span, "load adapters"):
            using = self._loras.using(wanted_by(rendering.request))
            loras = rendering.held.enter_context(using)
            # The thread that prepares reads on another stream.
            self._streams.settle()
        self._then(rendering, self._preparing, partial(self._begin_drawing, loras))

    def _begin_drawing(self, loras: LoraSet | None, rendering: Rendering) -> None:
        request, span = rendering.request, rendering.span
        with part(span, "read references") if request.references else nullcontext():
            references = read_references(self._adapter, request)
        with part(span, "encode text"):
            drawing = prepare(self._pipeline, request, references, loras)
        rendering.go_on(drawing)
        # The loop reads on another stream.
        self._streams.settle()
        drawn = rendering.join(self._loop, drawing)
        drawn.add_done_callback(lambda it: rendering.leave(it.exception()))
        drawn.add_done_callback(partial(self._drawn, rendering))

    def _drawn(self, rendering: Rendering, drawn: "Future[torch.Tensor]") -> None:
        if (error := drawn.exception()) is not None:
            rendering.done.set_exception(error)
            return
        latents = drawn.result()
        self._then(rendering, self._decoding, partial(self._decode, latents), latents)

    def _decode(self, latents: torch.Tensor, rendering: Rendering) -> None:
        with part(rendering.span, "decode"):
            image = self._decoded(latents, mirrored=rendering.request.mirrored)
            png = png_of(image)
        result = RenderResult(png, image.width, image.height, rendering.scheduler)
        rendering.done.set_result(result)

    def _decoded(self, latents: torch.Tensor, *, mirrored: bool) -> Image.Image:
        """Decodes a picture; once more where memory runs out, which other rows use meanwhile."""
        with UnlessOutOfMemory():
            return decode(self._pipeline, latents, mirrored=mirrored)
        torch.cuda.empty_cache()
        return decode(self._pipeline, latents, mirrored=mirrored)

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders in threads; yields each step as it is done, then the result.

        Closing the generator, or cancelling its consumer, frees the render's place before the
        next step.
        """
        watched = self._watched[request.id] = threading.Event()
        span = span_of(request, self.model, self._traces)
        try:
            async with aclosing(self._stream(request, watched, span)) as events:
                async for event in events:
                    yield event
        except Exception as error:
            span.fail(type(error).__name__)
            raise
        finally:
            self._watched.pop(request.id, None)
            span.end()

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it waits or runs here."""
        if watched := self._watched.get(render):
            watched.set()

    async def joined(self) -> Joined:
        """Returns how many pictures it draws at once, and how much faster that is.

        `warm` measures it, but for the gain of a number of rows that was set: that is 1, which no
        estimate finds too short.
        """
        return self._joined

    async def encoder(self) -> str:
        """Returns the checksum of the adapter's encoder; empty for a model without an adapter."""
        return self._adapter.encoder if self._adapter else ""

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a picture, made in a thread beside that of renders.

        Raises PictureUnreadable for bytes that are no picture, and for an embedding that is not
        finite.
        """
        if self._adapter is None:
            raise EncoderChanged(NO_ADAPTER)
        try:
            return await asyncio.wrap_future(
                self._encoding.submit(partial(self._adapter.embed, png))
            )
        except Exception as error:
            if (told := self._noted(error)) is error:
                raise
            raise told from error

    async def _stream(
        self, request: RenderRequest, watched: threading.Event, span: Span
    ) -> AsyncGenerator[RenderEvent]:
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[StepEvent | None] = asyncio.Queue()

        def on_step(event: StepEvent) -> None:
            loop.call_soon_threadsafe(events.put_nowait, event)

        rendering = self._start(request, on_step, watched, span)
        rendered = asyncio.wrap_future(rendering.done)
        rendered.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            yield rendered.result()
        finally:
            rendering.stop()
            await asyncio.wait([rendered])
            if not rendered.cancelled():
                rendered.exception()  # read, so that asyncio does not report it as lost

    def check(self) -> None:
        """Raises DeviceBroken if the device can compute nothing more."""
        self._loop.check()

    def close(self) -> None:
        """Stops what is drawn before its next step, and ends the threads."""
        self._adapting.close()
        self._preparing.close()
        self._loop.close()
        self.unet.forget()
        for beside in (self._previewing, self._decoding, self._encoding):
            beside.close()
