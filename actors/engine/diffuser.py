"""The diffuser: an SDXL pipeline that draws one picture at a time and reports its progress."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, nullcontext
from io import BytesIO
from typing import Any, Self

import torch
from PIL import Image

from actors.engine.adapter import Adapter
from actors.engine.decoding import decode
from actors.engine.loading import load_source
from actors.engine.preview import Previews, WatchedScheduler
from actors.engine.profiles import warm_up_request
from actors.engine.render import (
    Embedding,
    EncoderChanged,
    OnStep,
    RenderCancelled,
    RenderEvent,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from actors.engine.source import check_source
from actors.engine.text import Embeddings, encode
from actors.settings import DiffuserSettings
from server.traces import NO_SPAN, NO_TRACES, Kind, Span, Traces, Value, part

_LATENTS = ["latents"]
_NO_ADAPTER = "the model has no adapter that reads references; IMGGEN_ADAPTER names one"


def _ignore(_: StepEvent) -> None:
    pass


class Diffuser:
    """A loaded pipeline; it knows nothing of jobs.

    Renders take turns; references are encoded beside them, one at a time. `on_step` is called
    after every step of every render, in the thread that renders and before the next step begins.
    `traces` take the parts of those renders whose requests name a trace.
    """

    def __init__(
        self,
        pipeline: Any,
        *,
        model: str,
        adapter: Adapter | None = None,
        preview_interval_s: float = 1.0,
        on_step: OnStep = _ignore,
        traces: Traces = NO_TRACES,
    ) -> None:
        self.model = model
        self._pipeline = pipeline
        self._adapter = adapter
        self._preview_interval_s = preview_interval_s
        self._on_step = on_step
        self._traces = traces
        self._turn = asyncio.Lock()
        self._watched: dict[str, threading.Event] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._encoding = ThreadPoolExecutor(1, thread_name_prefix="encode")

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
        read, for an image encoder that gives no finite embeddings.
        """
        source = check_source(settings)
        pipeline = load_source(settings, source)
        adapter = Adapter.load(pipeline, source.adapter) if source.adapter else None
        return cls(pipeline, model=settings.model, adapter=adapter, on_step=on_step, traces=traces)

    def warm(self) -> None:
        """Renders two steps at the model's usual size, so that the first caller does not wait."""
        self.render(warm_up_request(self.model))

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
        number of threads. Elsewhere rounding differs, and little else, since the noise is drawn
        on the CPU for every device: between thread counts, a few of 65,536 pixels differ by 1.
        An exception from `on_step` ends the render at that step. Previews are made once
        `watched` is set, or from the start if the request says so. What takes time is told as
        parts of the `span`.
        """

        def heard(event: StepEvent) -> None:
            on_step(event)
            self._on_step(event)

        watched = watched or threading.Event()
        if request.previews:
            watched.set()
        with part(span, "read references") if request.references else nullcontext():
            references = self._condition(request)
        rendering = _Render(self._pipeline, request, self._preview_interval_s, watched)
        return rendering.run(heard, references, span)

    def _condition(self, request: RenderRequest) -> dict[str, Any]:
        if self._adapter is not None:
            return self._adapter.condition(request)
        if request.references:
            raise EncoderChanged(_NO_ADAPTER)
        return {}

    async def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders in a thread; yields each step as it is done, then the result.

        Closing the generator, or cancelling its consumer, stops the render at the next step;
        the next request starts after that.
        """
        watched = self._watched[request.id] = threading.Event()
        span = self._begin(request)
        try:
            await self._wait(span)
            try:
                async with aclosing(self._stream(request, watched, span)) as events:
                    async for event in events:
                        yield event
            finally:
                self._turn.release()
        except Exception as error:
            span.fail(type(error).__name__)
            raise
        finally:
            self._watched.pop(request.id, None)
            span.end()

    def _begin(self, request: RenderRequest) -> Span:
        # A worker of the version before sends a request without it.
        trace = getattr(request, "trace", "")
        if not trace:
            return NO_SPAN
        about: dict[str, Value] = {"imggen.model": self.model, "imggen.steps": request.steps}
        return self._traces.begin("draw", Kind.SERVER, trace, about)

    async def _wait(self, span: Span) -> None:
        with part(span, "wait for the diffuser"):
            await self._turn.acquire()

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it waits or runs here."""
        if watched := self._watched.get(render):
            watched.set()

    async def encoder(self) -> str:
        """Returns the checksum of the adapter's encoder; empty for a model without an adapter."""
        return self._adapter.encoder if self._adapter else ""

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a picture, made in a thread beside that of renders.

        Raises PictureUnreadable for bytes that are no picture, and for an embedding that is not
        finite.
        """
        if self._adapter is None:
            raise EncoderChanged(_NO_ADAPTER)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._encoding, self._adapter.embed, png)

    async def _stream(
        self, request: RenderRequest, watched: threading.Event, span: Span
    ) -> AsyncGenerator[RenderEvent]:
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[StepEvent | None] = asyncio.Queue()
        stopped = threading.Event()

        def on_step(event: StepEvent) -> None:
            if stopped.is_set():
                raise RenderCancelled(f"stopped after step {event.step} of {event.steps}")
            loop.call_soon_threadsafe(events.put_nowait, event)

        def run() -> RenderResult:
            return self.render(request, on_step=on_step, watched=watched, span=span)

        rendered = loop.run_in_executor(self._thread, run)
        rendered.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            yield rendered.result()
        finally:
            stopped.set()
            await asyncio.wait([rendered])
            if not rendered.cancelled():
                rendered.exception()  # read, so that asyncio does not report it as lost

    def close(self) -> None:
        """Ends the threads once what they do has ended."""
        self._thread.shutdown(wait=True)
        self._encoding.shutdown(wait=True)


class _Render:
    """One run of the pipeline."""

    def __init__(
        self,
        pipeline: Any,
        request: RenderRequest,
        preview_interval_s: float,
        watched: threading.Event,
    ) -> None:
        self._pipeline = pipeline
        self._request = request
        self._previews = Previews(pipeline, preview_interval_s, mirrored=request.mirrored)
        self._watched = watched

    def run(self, on_step: OnStep, references: Mapping[str, Any], span: Span) -> RenderResult:
        request = self._request
        with part(span, "encode text"):
            embeddings = encode(self._pipeline, request.prompt, request.negative_prompt)
            if span is not NO_SPAN:
                self._wait_for_the_gpu()
        with part(span, "denoise"):
            latents = self._denoise(embeddings, on_step, references)
        with part(span, "decode"):
            image = decode(self._pipeline, latents, mirrored=request.mirrored)
            png = _png(image)
        name = _scheduler_name(self._pipeline.scheduler)
        return RenderResult(png, image.width, image.height, name)

    def _denoise(
        self, embeddings: Embeddings, on_step: OnStep, references: Mapping[str, Any]
    ) -> torch.Tensor:
        request = self._request

        def step_ended(_: Any, index: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            self._wait_for_the_gpu()
            watched = self._watched.is_set()
            preview = self._previews.after_step(tensors["latents"]) if watched else None
            on_step(StepEvent(index + 1, request.steps, preview))
            return {}

        drawn: torch.Tensor = self._pipeline(
            prompt_embeds=embeddings.prompt,
            negative_prompt_embeds=embeddings.negative,
            pooled_prompt_embeds=embeddings.pooled,
            negative_pooled_prompt_embeds=embeddings.negative_pooled,
            width=request.width,
            height=request.height,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance_scale,
            guidance_rescale=request.guidance_rescale,
            generator=torch.Generator("cpu").manual_seed(request.seed),
            callback_on_step_end=step_ended,
            callback_on_step_end_tensor_inputs=_LATENTS,
            output_type="latent",
            **references,
        ).images
        return drawn

    def _wait_for_the_gpu(self) -> None:
        # Kernels run later than the Python that queues them: without this a step would be
        # reported while it is still queued, and a cancel would come steps too late.
        if self._pipeline.device.type == "cuda":
            torch.cuda.synchronize(self._pipeline.device)


def load_pipeline(settings: DiffuserSettings) -> Any:
    """Loads the pipeline that the settings name, without its adapter, onto its device.

    Raises CheckpointRefused.
    """
    return load_source(settings, check_source(settings))


def _scheduler_name(scheduler: Any) -> str:
    watched = isinstance(scheduler, WatchedScheduler)
    return scheduler.name if watched else type(scheduler).__name__


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
