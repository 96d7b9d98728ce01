"""Upscaling: the print asset of an image is made anew, enlarged by a model all the way."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeAlias

from actors.credentials.base import Made
from actors.finishing.forms import Finished, RenderedAsset, finish, open_picture
from actors.finishing.timing import StepClock
from actors.finishing.upscaling import Enlarged
from actors.worker.attempt import Drawing
from actors.worker.enlarging import Enlarging
from actors.worker.reporting import Reporter
from actors.worker.stages import StageClock
from imggen.rules.missing import missing_image
from server.domain.finishing import FinishingStep, PostProcessing
from server.domain.images import Image, NewAsset
from server.domain.jobs import Claim, Outcome
from server.domain.models import Size
from server.domain.states import AssetKind, ImageType, Stage
from server.domain.timings import TimedStep
from server.domain.upscales import Upscale
from server.storage import Storage
from server.store.images import Images

Store: TypeAlias = Callable[
    [Claim, Made, tuple[RenderedAsset, ...], StepClock], Awaitable[tuple[NewAsset, ...]]
]
"""Signs and stores what an attempt made, and measures it."""

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
        enlarging: Enlarging,
        images: Images,
        storage: Storage,
        store: Store,
        finishing: Finishing = finish,
    ) -> None:
        """Takes where images and their originals are read, and what stores the new asset."""
        self._enlarging = enlarging
        self._images = images
        self._storage = storage
        self._store = store
        self._finishing = finishing

    async def upscale(self, claim: Claim, upscale: Upscale, reporter: Reporter) -> Outcome:
        """Makes the print asset of an image; nothing is committed here.

        Raises NotFound for an image that was deleted, FailedPrecondition without an upscaler, and
        the errors of the upscaler and of the storage.
        """
        clock = StageClock()
        with clock.measure(Stage.RESOLVING):
            await reporter.enter(Stage.RESOLVING)
            image = await self._images.get(claim.user_id, upscale.image_id)
            if image is None:
                raise missing_image(upscale.image_id)
            original = await self._storage.get(image.keys[AssetKind.ORIGINAL])
        with clock.measure(Stage.FINISHING):
            reporter.say(Stage.FINISHING, 0, 0)
            enlarged = await self._enlarge(image, original, upscale.print_size, clock, reporter)
            png = enlarged.png if enlarged else None
            finished = await self._finish(
                image, original, png, claim.spec.post_processing, upscale.print_size
            )
            clock.steps.include(finished.times)
        with clock.measure(Stage.STORING):
            reporter.say(Stage.STORING, 0, 0)
            drawn_at = image.completed_at or image.created_at
            made = Made(image.id, image.model, drawn_at, image.parent_image_id)
            assets = await self._store(claim, made, (finished.asset(AssetKind.PRINT),), clock.steps)
        return Outcome(
            *("", "", assets, clock.stage_ms, 0),
            upscaling=enlarged.upscaling if enlarged else None,
            step_times=clock.steps.times,
            # What the other steps say is said of the forms that stay.
            post_processing=finished.done(FinishingStep.PRINT_CHECK),
        )

    async def _enlarge(
        self,
        image: Image,
        original: bytes,
        size: Size,
        clock: StageClock,
        reporter: Reporter,
    ) -> Enlarged | None:
        """Returns the picture as a model enlarges it; None where it is large enough."""
        drawn = await asyncio.to_thread(_size_of, original)
        began = perf_counter()
        enlarged = await self._enlarging.of_print(
            *(image.model, original, drawn, size),
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


def _size_of(original: bytes) -> Size:
    """Returns the size of a picture, upright as it is finished."""
    return Size(*open_picture(original).size)
