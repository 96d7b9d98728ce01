"""The stages of a job: resolve, render and check, finish, store."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from time import perf_counter
from uuid import uuid4

from actors.engine.profiles import profile, render_request
from actors.engine.render import Renderer, RenderRequest, RenderResult, StepEvent
from actors.extractors import SceneExtractor
from actors.finishing.forms import Finished, RenderedAsset, finish
from actors.finishing.gate import check_picture
from actors.finishing.upscaling import NoUpscaler, Upscaler
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Content
from actors.worker.patience import STORE_PAUSES_S
from actors.worker.reading import PageReader
from actors.worker.references import ReferenceResolver, Resolved
from actors.worker.reporting import Reporter
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome, Sampling
from server.domain.models import Size
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Stage
from server.storage import Storage, StorageUnavailable, object_key

_log = logging.getLogger(__name__)

Finishing = Callable[[bytes, ImageType, Size, bytes | None], Finished]


class Stages:
    """Drives one job from its content to its stored assets."""

    def __init__(
        self,
        renderer: Renderer,
        extractor: SceneExtractor,
        storage: Storage,
        *,
        references: ReferenceResolver | None = None,
        upscaler: Upscaler | None = None,
        store_pauses_s: Sequence[float] = STORE_PAUSES_S,
        finishing: Finishing = finish,
    ) -> None:
        """Takes the pauses before each retry of a store while the storage is away.

        `finishing` runs in a thread. Without an upscaler pictures are enlarged by Lanczos;
        without a resolver of references all characters are drawn from words.
        """
        self._renderer = renderer
        self._reader = PageReader(extractor)
        self._storage = storage
        self._references = references
        self._upscaler = upscaler or NoUpscaler()
        self._store_pauses_s = store_pauses_s
        self._finishing = finishing

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Draws a job's image and returns the outcome; nothing is committed here.

        Raises the errors of the stages; cancelling it stops the render at its next step.
        """
        clock = StageClock()
        spec = claim.spec
        with clock.measure(Stage.RESOLVING):
            await reporter.enter(Stage.RESOLVING)
            content = await self._reader.read(spec)
            prompt = self._compile(claim, content)
            references = Resolved()
            if self._references is not None:
                references = await self._references.resolve(claim, content.cast)
        with clock.measure(Stage.RENDERING):
            request = render_request(spec, prompt, references=references.placed)
            result, sampling = await self._render(request, reporter)
            await asyncio.to_thread(check_picture, result.png)
        with clock.measure(Stage.FINISHING):
            reporter.say(Stage.FINISHING, 0, 0)
            finished = await self._finish(spec, result)
        with clock.measure(Stage.STORING):
            reporter.say(Stage.STORING, 0, 0)
            assets = await self._store(claim, finished.assets)
        return Outcome(
            prompt=prompt.prompt,
            negative_prompt=prompt.negative_prompt,
            assets=assets,
            stage_ms=clock.stage_ms,
            cost_micros=claim.price_micros,
            unknown_words=prompt.unknown,
            sampling=sampling,
            references=references.used,
        )

    def _compile(self, claim: Claim, content: Content) -> CompiledPrompt:
        spec = replace(claim.spec, characters=content.cast)
        prompt = profile(spec.model).dialect.compile(spec, content.scene)
        if prompt.unknown:
            fields = {"job_id": str(claim.job_id), "unknown": len(prompt.unknown)}
            _log.info("words the model does not know", extra=fields)
        return prompt

    async def _render(
        self, request: RenderRequest, reporter: Reporter
    ) -> tuple[RenderResult, Sampling]:
        request = replace(request, previews=reporter.seen.is_set(), id=uuid4().hex)
        reporter.say(Stage.RENDERING, 0, request.steps)
        async with (
            self._showing(request, reporter),
            aclosing(self._renderer.stream(request)) as events,
        ):
            async for event in events:
                match event:
                    case StepEvent():
                        reporter.say(Stage.RENDERING, event.step, event.steps, event.preview)
                    case RenderResult():
                        return event, Sampling(
                            request.steps, request.guidance_scale, event.scheduler
                        )
        raise RuntimeError("the renderer ended without a picture")

    async def _finish(self, spec: RenderSpec, result: RenderResult) -> Finished:
        display = Size(spec.width, spec.height)
        enlarged = None
        if result.width < display.width or result.height < display.height:
            enlarged = await self._upscaler.upscale(result.png)
        return await asyncio.to_thread(
            self._finishing, result.png, spec.image_type, display, enlarged
        )

    @asynccontextmanager
    async def _showing(self, request: RenderRequest, reporter: Reporter) -> AsyncIterator[None]:
        """Turns on a running render's previews as soon as a watcher asks for them."""

        async def show() -> None:
            await reporter.seen.wait()
            await self._renderer.show_previews(request.id)

        if request.previews:
            yield
            return
        task = asyncio.create_task(show(), name=f"previews {request.id}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _store(self, claim: Claim, assets: tuple[RenderedAsset, ...]) -> tuple[NewAsset, ...]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._put(claim, asset)) for asset in assets]
        return tuple(task.result() for task in tasks)

    async def _put(self, claim: Claim, asset: RenderedAsset) -> NewAsset:
        key = object_key(claim.user_id, claim.job_id, claim.attempt, asset.data, asset.content_type)
        await self._put_patiently(key, asset)
        return NewAsset(
            kind=asset.kind,
            storage_key=key,
            content_type=asset.content_type,
            sha256=hashlib.sha256(asset.data).hexdigest(),
            size_bytes=len(asset.data),
            width=asset.width,
            height=asset.height,
        )

    async def _put_patiently(self, key: str, asset: RenderedAsset) -> None:
        for pause in self._store_pauses_s:
            try:
                return await self._storage.put(key, asset.data, asset.content_type)
            except StorageUnavailable as error:
                _log.warning("storage away", extra={"key": key, "error": error.message})
                await asyncio.sleep(pause)
        return await self._storage.put(key, asset.data, asset.content_type)


class StageClock:
    """Measures the stages of an attempt, in milliseconds."""

    def __init__(self) -> None:
        self.stage_ms: dict[Stage, int] = {}

    @contextmanager
    def measure(self, stage: Stage) -> Iterator[None]:
        """Measures its block as one stage."""
        start = perf_counter()
        yield
        self.stage_ms[stage] = round((perf_counter() - start) * 1000)
