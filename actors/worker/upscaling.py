"""Upscaling: the print asset of an image is made anew, enlarged by a model all the way."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import TypeAlias

from actors.credentials.base import Made
from actors.finishing.forms import Finished, finish, open_picture
from actors.finishing.upscaling import Enlarged
from actors.worker.attempt import Drawing
from actors.worker.kept import Drawn
from actors.worker.reporting import Reporter
from actors.worker.stages import StageClock, Stages
from imggen.rules.missing import missing_image
from server.domain.finishing import FinishingStep, PostProcessing
from server.domain.images import Image
from server.domain.jobs import Claim, Outcome
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType, Stage
from server.domain.timings import TimedStep
from server.domain.upscales import Upscale
from server.storage import Storage
from server.store.images import Images

Finishing: TypeAlias = Callable[
    [bytes, ImageType, Size, bytes | None, str, PostProcessing, Size], Finished
]
"""Makes the forms of a picture, its print form as large as the last argument says."""


class PrintUpscaler:
    """Makes print assets anew, from the pictures as their models gave them.

    A new one shows what the display asset shows: it is finished as that was.
    """

    def __init__(
        self,
        stages: Stages,
        images: Images,
        storage: Storage,
        finishing: Finishing = finish,
    ) -> None:
        """Takes what enlarges, signs and stores, and where images and their originals are read."""
        self._stages = stages
        self._images = images
        self._storage = storage
        self._finishing = finishing

    async def upscale(self, claim: Claim, upscale: Upscale, reporter: Reporter) -> Outcome:
        """Makes the print asset of an image; nothing is committed here.

        One that an earlier attempt made and could not sign is signed only. Raises NotFound for an
        image that was deleted, Unsigned before it enlarges anything where nothing can be signed,
        FailedPrecondition without an upscaler, and the errors of the upscaler and of the storage.
        """
        clock = StageClock()
        with clock.measure(Stage.RESOLVING):
            await reporter.enter(Stage.RESOLVING)
            image = await self._images.get(claim.user_id, upscale.image_id)
            if image is None:
                raise missing_image(upscale.image_id)
            made = _made(image)
            kept = await self._stages.records.kept.left(claim)
            if kept is not None:
                return await self._stages.deliver(claim, reporter, made, kept)
            await self._stages.ready()
            original = await self._storage.get(image.keys[AssetKind.ORIGINAL])
        with clock.measure(Stage.FINISHING):
            reporter.say(Stage.FINISHING, 0, 0)
            enlarged = await self._enlarged(image, original, upscale.print_size, reporter, clock)
            png = enlarged.png if enlarged else None
            finished = await self._finish(
                image, original, png, claim.spec.post_processing, upscale.print_size
            )
            clock.steps.include(finished.times)
        how = enlarged.upscaling if enlarged else None
        # What the other steps say is said of the forms that stay.
        checked = finished.done(FinishingStep.PRINT_CHECK)
        outcome = Outcome("", "", (), {}, 0, upscaling=how, post_processing=checked)
        printed = Drawn(outcome, made.at, (finished.asset(AssetKind.PRINT),))
        return await self._stages.deliver(claim, reporter, made, printed, clock)

    async def _enlarged(
        self, image: Image, original: bytes, size: Size, reporter: Reporter, clock: StageClock
    ) -> Enlarged | None:
        began = perf_counter()
        enlarged = await self._stages.enlarging.of_print(
            *(image.model, original, await asyncio.to_thread(_size_of, original), size),
            lambda done, of: reporter.say(Stage.FINISHING, done, of),
        )
        if enlarged is not None:
            clock.steps.began(TimedStep.UPSCALING, began)
        return enlarged

    async def _finish(
        self,
        image: Image,
        original: bytes,
        enlarged: bytes | None,
        post_processing: PostProcessing,
        size: Size,
    ) -> Finished:
        # All forms, of which one is kept: whatever else finishing does is done to this one, too.
        return await asyncio.to_thread(
            self._finishing,
            *(original, image.type, Size(image.width or 0, image.height or 0), enlarged),
            image.checked_by,
            post_processing,
            size,
        )


class DrawingOrUpscaling:
    """Draws pictures, or does what else jobs ask for, and makes print assets anew."""

    def __init__(self, drawing: Drawing, upscaler: PrintUpscaler) -> None:
        self._drawing = drawing
        self._upscaler = upscaler

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns the outcome of a job; raises the error of what has failed."""
        if claim.upscale is not None:
            return await self._upscaler.upscale(claim, claim.upscale, reporter)
        return await self._drawing.draw(claim, reporter)


def _made(image: Image) -> Made:
    drawn_at = image.completed_at or image.created_at
    return Made(image.id, image.model, drawn_at, image.parent_image_id)


def _size_of(original: bytes) -> Size:
    """Returns the size of a picture, upright as it is finished."""
    return Size(*open_picture(original).size)
