"""Billing: what an attempt draws and reads with is paid for, call by call."""

import asyncio
from contextlib import suppress

from actors.extractors import ExtractionFailed, ModelFailed, PaidExtractor
from actors.extractors.pages import Page
from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    ProviderFailed,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.wrapped import WrappedProvider
from actors.worker.payments import CallRefused, PaidCall, Payments
from server.domain.limits import Limits
from server.domain.models import Format
from server.domain.money import Bill, CallName, NewCall
from server.domain.scenes import Scene
from server.errors import Unavailable
from server.routing.failover import RULES, Billed
from server.routing.wishes import Offer


class BilledProvider(WrappedProvider):
    """A provider whose calls are paid for by one attempt."""

    def __init__(
        self, provider: Provider, offer: Offer, limits: Limits, payments: Payments
    ) -> None:
        super().__init__(provider)
        self._offer = offer
        self._limits = limits
        self._payments = payments

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture and books its cost; raises CallRefused where it must not be paid.

        Previews that cost something are sent where somebody watches as the call begins, and its
        hold may cover them, too; nobody goes without a picture because it may not.
        """
        paid, shown = await self._begin(progress)
        try:
            picture = await self._provider.render(content, format, references, shown)
        except ProviderFailed as error:
            await paid.fail(self._billed(error), error.cost_micros, error.request_id)
            raise
        await paid.settle(
            Bill(picture.cost_micros, picture.cost_estimated, picture.usage, picture.request_id)
        )
        return picture

    async def _begin(self, progress: RenderProgress) -> tuple[PaidCall, RenderProgress]:
        """Begins the call.

        The provider's progress has no watcher where the previews are not held.
        """
        previews = self._offer.previews_micros
        if previews and progress.watched.is_set():
            with suppress(CallRefused):
                return await self._hold(previews), progress
        paid = await self._hold()
        return paid, UnwatchedProgress(progress) if previews else progress

    async def _hold(self, previews_micros: int = 0) -> PaidCall:
        needs, most = self._offer.price_micros, self._limits.max_cost_micros
        hold = needs + previews_micros
        return await self._payments.begin(
            NewCall(CallName.RENDER, self.name, self.model, hold, most, needs_micros=needs)
        )

    def _billed(self, error: ProviderFailed) -> Billed:
        billed = RULES[error.kind].billed
        return self._offer.model.refusal_charged if billed is Billed.BY_ROW else billed


class UnwatchedProgress:
    """The progress of a call whose previews are not held: nobody watches it, then or later."""

    def __init__(self, progress: RenderProgress) -> None:
        self.watched = asyncio.Event()
        self.records = progress.records
        self._progress = progress

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        """Reports a step."""
        self._progress.step(step, steps, preview)


class BilledExtractor:
    """A paid extractor whose call is paid for by one attempt; a free call needs no payment."""

    def __init__(
        self, extractor: PaidExtractor, most_micros: int | None, payments: Payments
    ) -> None:
        """Takes what the job may cost with the reading, but without its picture."""
        self._extractor = extractor
        self._most_micros = most_micros
        self._payments = payments

    async def read(self, page: Page) -> Scene:
        """Returns the model's scene and books its cost; empty for an empty text.

        Raises ExtractionFailed, also where it must not or cannot be paid.
        """
        if not page.text.strip():
            return Scene()
        hold = self._extractor.most_micros(page)
        if not hold:
            return (await self._extractor.ask(page)).scene
        provider, model = self._extractor.provider, self._extractor.model
        try:
            paid = await self._payments.begin(
                NewCall(CallName.READ, provider, model, hold, self._most_micros)
            )
        except (CallRefused, Unavailable) as error:
            raise ExtractionFailed(error.message) from error
        try:
            asked = await self._extractor.ask(page)
        except ModelFailed as error:
            await paid.fail(RULES[error.kind].billed, error.cost_micros, error.request_id)
            raise
        await paid.settle(asked.bill)
        return asked.scene
