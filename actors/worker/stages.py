"""The stages of a job: resolve, render and check, finish, store."""

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from types import MappingProxyType
from typing import TypedDict

from actors.credentials.base import Made
from actors.engine.profiles import offered_format
from actors.engine.render import NO_PACE, RecordPace
from actors.extractors import FallbackExtractor, SceneExtractor
from actors.finishing.forms import Finished, finish
from actors.finishing.gate import check_picture
from actors.finishing.timing import StepClock
from actors.finishing.upscaling import Upscaler
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Content, Provider, RenderedPicture
from actors.worker.enlarging import NO_UPSCALERS, Enlarging
from actors.worker.kept import Drawn
from actors.worker.patience import STORE_PAUSES_S
from actors.worker.pictures import JobPictures
from actors.worker.reading import ContentReader
from actors.worker.records import JobRecords
from actors.worker.references import ReferenceResolver, Resolved
from actors.worker.reporting import Reporter
from actors.worker.signing import JobCredentials, Signed, Unsigned
from actors.worker.storing import JobObjects
from actors.worker.texts import JobTexts
from imggen.v1.errors_pb2 import ErrorReason
from server.clock import SYSTEM_CLOCK, Clock
from server.domain.finishing import PostProcessing
from server.domain.ids import CharacterId
from server.domain.images import NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.models import Format, Size
from server.domain.spec import RenderSpec
from server.domain.states import AssetKind, ImageType, Stage
from server.domain.timings import StepTime, TimedStep
from server.errors import Unavailable
from server.routing.catalogue import KNOWN, Catalogue
from server.storage import Storage
from server.store.scenes import Scenes
from server.traces import Kind, child

_KNOWN = Catalogue(KNOWN.values())
_FINISHED_AT_ONCE = 4
"""The most pictures that are finished at once, on as many cores: each takes 150 MB meanwhile."""
_log = logging.getLogger(__name__)

Finishing = Callable[[bytes, ImageType, Size, bytes | None, str, PostProcessing], Finished]


class Stages:
    """Drives one job from its content to its stored assets."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        extractor: SceneExtractor,
        storage: Storage,
        *,
        catalogue: Catalogue = _KNOWN,
        references: ReferenceResolver | None = None,
        scenes: Scenes | None = None,
        texts: JobTexts | None = None,
        pictures: JobPictures | None = None,
        credentials: JobCredentials | None = None,
        upscalers: Mapping[str, Upscaler] = NO_UPSCALERS,
        prints_by_model: bool = False,
        store_pauses_s: Sequence[float] = STORE_PAUSES_S,
        finishing: Finishing = finish,
        record_pace: RecordPace = NO_PACE,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Takes the providers by their models' names, and the catalogue that has those models.

        `store_pauses_s` are the pauses before each retry of a store while the storage is away; the
        last one repeats.
        `record_pace` is that of renders' records, of which there are none by default.
        `finishing` runs in threads, one for each core and 4 at most. `upscalers` are by the names
        of the models whose pictures they enlarge; those of others are enlarged by Lanczos, unless
        `prints_by_model` is set: see `Enlarging`. Without a resolver of references all
        characters are drawn from words, without `scenes` each attempt reads its page anew, without
        `texts` no text is checked, without `pictures` no picture, and without `credentials` none is
        signed, which is for tests alone.
        """
        self._providers = providers
        self._catalogue = catalogue
        self._extractor = extractor
        self.objects = JobObjects(storage, store_pauses_s)
        """What is stored of attempts; those that fail leave it to be removed."""
        self.records = JobRecords(storage, record_pace)
        """The records of attempts, from which others go on; whoever ends a job removes them."""
        self._references = references
        self._scenes = scenes
        self._texts = texts
        self._pictures = pictures or JobPictures()
        self._credentials = credentials or JobCredentials()
        self._clock = clock
        self.enlarging = Enlarging(upscalers, prints_by_model=prints_by_model)
        """What enlarges pictures."""
        self._finishing = finishing
        self._turns = asyncio.Semaphore(min(_FINISHED_AT_ONCE, os.cpu_count() or 1))

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Draws a job's image with its spec's model and returns the outcome.

        Raises the errors of the stages; cancelling it stops the render at its next step.
        """
        if (delivered := await self.drawn(claim, reporter)) is not None:
            return delivered
        return await self.draw_with(claim, reporter, self._provider(claim.spec.model))

    async def drawn(self, claim: Claim, reporter: Reporter) -> Outcome | None:
        """Delivers what an earlier attempt has drawn and could not sign; None for nothing.

        Raises Unsigned again, and StorageUnavailable where nobody can look.
        """
        kept = await self.records.kept.left(claim)
        if kept is None:
            return None
        return await self.deliver(claim, reporter, _made(claim, kept), kept)

    async def draw_with(
        self,
        claim: Claim,
        reporter: Reporter,
        provider: Provider,
        extractor: SceneExtractor | None = None,
    ) -> Outcome:
        """Draws a job's image with a provider as `draw` does; nothing is committed here.

        `extractor` reads the page; where it fails, or there is none, the stages' own one does.
        """
        clock = StageClock()
        shape = self._format(claim.spec)
        with clock.measure(Stage.RESOLVING):
            await reporter.enter(Stage.RESOLVING)
            await self.ready()  # a reading may be paid, too
            content = await self._read(claim, provider, extractor)
            references = await self._resolve(claim, content, provider)
            await self._pictures.ready()
        with clock.measure(Stage.RENDERING):
            async with (
                self.records.keeping(claim) as records,
                self._pictures.previewing(claim, reporter, records) as progress,
            ):
                picture = await provider.render(content, shape, references.placed, progress)
            _log_not_drawn(claim, picture.prompt)
            quality = await asyncio.to_thread(check_picture, picture.png)
        with clock.measure(Stage.FINISHING):
            reporter.say(Stage.FINISHING, 0, 0)
            began = perf_counter()
            enlarged = await self.enlarging.of_drawing(
                claim.spec, picture, lambda done, of: reporter.say(Stage.FINISHING, done, of)
            )
            if enlarged is not None:
                clock.steps.began(TimedStep.UPSCALING, began)
            finished = await self._finish(claim.spec, picture, enlarged.png if enlarged else None)
            clock.steps.include(finished.times)
            await self._check(claim, picture, finished, clock)
        outcome = replace(
            _outcome(claim, picture),
            characters=_shown(claim.spec, content),
            references=references.used,
            cropped_from=shape.cropped_from,
            checked_by=self._pictures.checked_by,
            post_processing=finished.steps,
            upscaling=enlarged.upscaling if enlarged else None,
            quality=quality,
        )
        drawn = Drawn(outcome, self._clock.now(), finished.assets)
        return await self.deliver(claim, reporter, _made(claim, drawn), drawn, clock)

    async def ready(self) -> None:
        """Raises Unsigned while nothing could be signed, before any work on a picture begins."""
        await self._credentials.ready()

    async def deliver(
        self,
        claim: Claim,
        reporter: Reporter,
        made: Made,
        drawn: Drawn,
        clock: "StageClock | None" = None,
    ) -> Outcome:
        """Signs and stores a picture; one that cannot be signed is kept for the next attempt.

        One that was kept has the times of the attempt that drew it. Raises Unsigned.
        """
        clock = clock or StageClock(drawn.outcome.stage_ms, drawn.outcome.step_times)
        with clock.measure(Stage.STORING):
            reporter.say(Stage.STORING, 0, 0)
            with clock.steps.measure(TimedStep.SIGNING):
                signed = await self._sign(claim, made, drawn, clock)
            with clock.steps.measure(TimedStep.UPLOADING):
                assets = await self._store(claim, signed)
        return replace(drawn.outcome, assets=assets, **clock.taken())

    async def _read(
        self, claim: Claim, provider: Provider, extractor: SceneExtractor | None
    ) -> Content:
        """Returns what a picture shows, checked before the page is read and after."""
        reader, texts = self._reader(extractor), self._texts
        if texts is None:
            return await reader.read(claim)
        allowed = await texts.spec(claim)
        content = await reader.read(claim)
        await texts.scene(claim, content.scene, allowed)
        await texts.prompt(claim, content, provider, allowed)
        return content

    def _reader(self, first: SceneExtractor | None) -> ContentReader:
        ours = self._extractor
        extractor = ours if first is None else FallbackExtractor(first, ours)
        return ContentReader(extractor, self._scenes)

    def _provider(self, model: str) -> Provider:
        found = self._providers.get(model)
        if found is None:
            drawn = ", ".join(self._providers) or "nothing"
            raise Unavailable(
                f'model: this worker draws {drawn}, not "{model}"',
                ErrorReason.ERROR_REASON_RENDER_FAILED,
            )
        return found

    def _format(self, spec: RenderSpec) -> Format:
        model = self._catalogue.get(spec.model)
        if model is None:
            raise ValueError(f'model: "{spec.model}" is not in the catalogue')
        return offered_format(model, spec.image_type, Size(spec.width, spec.height))

    async def _resolve(self, claim: Claim, content: Content, provider: Provider) -> Resolved:
        if self._references is None:
            return Resolved()
        return await self._references.resolve(claim, content.cast, provider.references)

    async def _finish(
        self, spec: RenderSpec, picture: RenderedPicture, enlarged: bytes | None
    ) -> Finished:
        async with self._turns:
            return await asyncio.to_thread(
                self._finishing,
                *(picture.png, spec.image_type, Size(spec.width, spec.height), enlarged),
                # What it says is true once the check is passed; nothing is stored before.
                self._pictures.checked_by,
                spec.post_processing,
            )

    async def _check(
        self, claim: Claim, picture: RenderedPicture, finished: Finished, clock: "StageClock"
    ) -> None:
        """Has a picture looked at after its upscaler and crop: what is seen is what is stored."""
        began = perf_counter()
        await self._pictures.check(claim, picture.png, _looked_at(finished))
        if self._pictures.checked_by:
            clock.steps.began(TimedStep.PICTURE_CHECK, began)

    async def _sign(
        self, claim: Claim, made: Made, drawn: Drawn, clock: "StageClock"
    ) -> tuple[Signed, ...]:
        while True:
            try:
                return await self._credentials.sign(claim, made, drawn.forms)
            except Unsigned:
                # What it cost is booked with this attempt, and must not be so again.
                paid = replace(drawn.outcome, cost_micros=0, **clock.taken())
                if drawn.is_kept or await self.records.kept.keep(
                    claim, replace(drawn, outcome=paid)
                ):
                    raise
                # It may be paid, and is nowhere but here.

    async def _store(self, claim: Claim, assets: tuple[Signed, ...]) -> tuple[NewAsset, ...]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._put(claim, asset)) for asset in assets]
        return tuple(task.result() for task in tasks)

    async def _put(self, claim: Claim, asset: Signed) -> NewAsset:
        about = {"imggen.asset": asset.kind.value, "imggen.bytes": len(asset.data)}
        with child("store asset", Kind.CLIENT, about):
            key = await self.objects.put(claim, asset)
        return NewAsset(
            kind=asset.kind,
            storage_key=key,
            content_type=asset.content_type,
            sha256=hashlib.sha256(asset.data).hexdigest(),
            size_bytes=len(asset.data),
            width=asset.width,
            height=asset.height,
            encoding=asset.encoding,
        )


def _made(claim: Claim, drawn: Drawn) -> Made:
    return Made(claim.image_id, drawn.outcome.model, drawn.at, claim.parent)


def _looked_at(finished: Finished) -> Iterator[bytes]:
    """Yields the pictures that differ in what they show: the whole one, and what is made of it.

    The print and the thumbnail are the display asset in other sizes.
    """
    original, display = finished.asset(AssetKind.ORIGINAL), finished.asset(AssetKind.DISPLAY)
    yield original.data
    cropped = (original.width, original.height) != (display.width, display.height)
    if cropped or finished.shows_other:
        yield display.data
    yield from finished.revealed


def _shown(spec: RenderSpec, content: Content) -> tuple[CharacterId, ...]:
    """Returns the characters of a picture as the spec has them: a seed may change their places."""
    shown = {one.character for one in content.scene.figures}
    return tuple(CharacterId(one.id) for one in spec.cast if one.id in shown)


def _outcome(claim: Claim, picture: RenderedPicture) -> Outcome:
    """Returns what is known of a picture before it is stored."""
    return Outcome(
        prompt=picture.prompt.prompt,
        negative_prompt=picture.prompt.negative_prompt,
        assets=(),
        stage_ms={},
        cost_micros=picture.cost_micros,
        not_drawn=picture.prompt.not_drawn,
        sampling=picture.sampling,
        model=claim.spec.model,
        provider=claim.provider,
    )


def _log_not_drawn(claim: Claim, prompt: CompiledPrompt) -> None:
    if prompt.not_drawn:
        fields = {"job_id": str(claim.job_id), "not_drawn": len(prompt.not_drawn)}
        _log.info("content that the model does not draw", extra=fields)


class Taken(TypedDict):
    """What stages and their steps took."""

    stage_ms: dict[Stage, int]
    step_times: tuple[StepTime, ...]


class StageClock:
    """Measures and traces the stages of an attempt, in milliseconds."""

    def __init__(
        self,
        before: Mapping[Stage, int] = MappingProxyType({}),
        steps: Iterable[StepTime] = (),
    ) -> None:
        """Takes what an earlier attempt has measured, of its stages and of its steps."""
        self.stage_ms: dict[Stage, int] = dict(before)
        self.steps = StepClock(before=steps)

    def taken(self) -> Taken:
        """Returns what was measured, as the fields of an outcome."""
        return Taken(stage_ms=self.stage_ms, step_times=self.steps.times)

    @contextmanager
    def measure(self, stage: Stage) -> Iterator[None]:
        """Measures its block as one stage."""
        start = perf_counter()
        with child(f"stage {stage}"):
            yield
        self.stage_ms[stage] = round((perf_counter() - start) * 1000)
