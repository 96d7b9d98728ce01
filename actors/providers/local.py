"""The local provider: a model on the cluster's own machines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from uuid import uuid4

from actors.engine.profiles import Profile
from actors.engine.render import (
    PlacedReference,
    ReferenceEncoder,
    Renderer,
    RenderRequest,
    RenderResult,
    StepEvent,
)
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import (
    CharacterReference,
    Content,
    ProviderFailed,
    ReferenceReading,
    RenderedPicture,
    RenderProgress,
)
from server.domain.jobs import Sampling
from server.domain.models import Format
from server.errors import Unavailable
from server.routing.failover import FailureKind
from server.traces import current

Check = Callable[[], Awaitable[object]]
"""Raises Unavailable while a renderer does not answer."""


async def _answers() -> None:
    pass


class LocalProvider:
    """Draws with a renderer, as the profile of its model says."""

    def __init__(
        self,
        renderer: Renderer,
        profile: Profile,
        *,
        encoder: ReferenceEncoder | None = None,
        check: Check = _answers,
    ) -> None:
        """Takes the renderer of the profile's model, and the encoder of its references, if any."""
        self._renderer = renderer
        self._profile = profile
        self._encoder = encoder
        self._check = check

    @property
    def name(self) -> str:
        """The provider of local models."""
        return self._profile.model.provider

    @property
    def model(self) -> str:
        """The model's name."""
        return self._profile.model.name

    @property
    def references(self) -> ReferenceReading:
        """The model's references, as its encoder reads them; none without an encoder."""
        if self._encoder is None:
            return ReferenceReading(most=0)
        chosen = self._profile
        return ReferenceReading(chosen.max_references, chosen.reference_scale, self._encoder)

    def told(self, content: Content) -> CompiledPrompt:
        """Returns what the model is told of a content; raises the errors of the dialect."""
        return tell(self._profile, content)

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture; closing it stops the renderer at its next step.

        Raises the errors of the dialect and of the renderer.
        """
        spec = replace(content.spec, characters=content.cast)
        prompt = self.told(content)
        read = references[: self.references.most]
        placed = tuple(_placed(one, mirrored=prompt.mirrored) for one in read)
        request = self._profile.request(spec, prompt, format.native, references=placed)
        request = replace(
            request,
            previews=progress.watched.is_set(),
            id=uuid4().hex,
            trace=current().context,
            records=progress.records.pace,
            record=await progress.records.left(),
        )
        result = await self._draw(request, progress)
        return RenderedPicture(
            png=result.png,
            width=result.width,
            height=result.height,
            prompt=prompt,
            provider=self.name,
            model=self.model,
            seed=spec.seed,
            sampling=Sampling(request.steps, request.guidance_scale, result.scheduler),
        )

    async def probe(self) -> None:
        """Raises ProviderFailed while the renderer does not answer."""
        try:
            await self._check()
        except Unavailable as error:
            raise ProviderFailed(FailureKind.NOT_CONNECTED, error.message) from error

    async def _draw(self, request: RenderRequest, progress: RenderProgress) -> RenderResult:
        progress.step(0, request.steps)
        is_first = True
        async with (
            self._showing(request, progress),
            aclosing(self._renderer.stream(request)) as events,
        ):
            async for event in events:
                match event:
                    case StepEvent():
                        if is_first and event.step > 1:
                            progress.records.went_on(event.step - 1, event.steps)
                        is_first = False
                        progress.step(event.step, event.steps, event.preview)
                        # A diffuser of the version before sends an event without it.
                        if record := getattr(event, "record", None):
                            progress.records.keep(record)
                    case RenderResult():
                        return event
        raise RuntimeError("the renderer ended without a picture")

    @asynccontextmanager
    async def _showing(
        self, request: RenderRequest, progress: RenderProgress
    ) -> AsyncIterator[None]:
        """Turns on a running render's previews as soon as somebody wants them."""

        async def show() -> None:
            await progress.watched.wait()
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


def _placed(one: CharacterReference, *, mirrored: bool) -> PlacedReference:
    """Returns a reference in the column where the model draws its character."""
    left, right = (1 - one.right, 1 - one.left) if mirrored else (one.left, one.right)
    return PlacedReference(one.data, left, right)


def tell(profile: Profile, content: Content) -> CompiledPrompt:
    """Returns what a profile's model is told of a content; raises the errors of the dialect."""
    return profile.dialect.compile(replace(content.spec, characters=content.cast), content.scene)
