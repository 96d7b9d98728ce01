"""Billing: a paid call is begun before it is made, and booked as soon as it has ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    ProviderFailed,
    ReferenceReading,
    RenderedPicture,
    RenderProgress,
)
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim
from server.domain.models import Format
from server.domain.money import Answer, Begun, Bill, CallName, NewCall
from server.errors import Unavailable
from server.routing.failover import RULES, Billed
from server.routing.wishes import Offer
from server.store.money import Money

T = TypeVar("T")
Write = Callable[[Callable[[], Awaitable[T]]], Awaitable[T]]

_REFUSALS = {
    Answer.LOST: "the lease is lost",
    Answer.CANCELLED: "its caller cancelled the job",
    Answer.REPEATED: "this attempt has made the call before",
    Answer.PAID_TWICE: "the picture was paid for twice already",
    Answer.ABOVE_MOST: "the job would cost more than its limit",
    Answer.OVER_BUDGET: "the rest of today's budget does not cover it",
}
_log = logging.getLogger(__name__)


class OfferRefused(Unavailable):
    """Raised for an offer that must not be paid; nothing was called."""

    def __init__(self, why: str) -> None:
        super().__init__(why, ErrorReason.ERROR_REASON_BUDGET_EXHAUSTED)


class BilledProvider:
    """A provider whose calls are paid for by one attempt.

    A call that is cut off stays open; the end of its attempt books it at its hold.
    """

    def __init__(
        self,
        provider: Provider,
        claim: Claim,
        offer: Offer,
        money: Money,
        write: Callable[[Callable[[], Awaitable[bool]]], Awaitable[bool]],
    ) -> None:
        """Takes how the end of a call is written: also while the database is away for a moment."""
        self._provider = provider
        self._claim = claim
        self._offer = offer
        self._money = money
        self._write = write
        self._held = 0

    @property
    def name(self) -> str:
        """The provider."""
        return self._provider.name

    @property
    def model(self) -> str:
        """The model."""
        return self._provider.model

    @property
    def references(self) -> ReferenceReading:
        """How it reads references."""
        return self._provider.references

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture and books its cost; raises OfferRefused where it must not be paid.

        Previews that cost something are sent where somebody watches as the call begins, and its
        hold may cover them, too; nobody goes without a picture because it may not.
        """
        shown = await self._begin(progress)
        try:
            picture = await self._provider.render(content, format, references, shown)
        except ProviderFailed as error:
            await self._book_failure(error)
            raise
        bill = Bill(picture.cost_micros, picture.cost_estimated, picture.usage, picture.request_id)
        await self._write(lambda: self._money.settle(self._claim, CallName.RENDER, bill))
        return picture

    async def probe(self) -> None:
        """Raises ProviderFailed while the provider would not draw."""
        await self._provider.probe()

    async def _begin(self, progress: RenderProgress) -> RenderProgress:
        """Returns the progress for the provider, which sees no watcher if previews are not held."""
        price, previews = self._offer.price_micros, self._offer.previews_micros
        if previews and progress.watched.is_set():
            begun = await self._hold(price + previews)
            if begun.ok:
                return progress
        begun = await self._hold(price)
        if not begun.ok:
            where = f" ({begun.scope})" if begun.scope else ""
            raise OfferRefused(f"{self.model}: {_REFUSALS[begun.answer]}{where}")
        return UnwatchedProgress(progress) if previews else progress

    async def _hold(self, micros: int) -> Begun:
        most = self._claim.limits.max_cost_micros
        call = NewCall(CallName.RENDER, self.name, self.model, micros, most)
        try:
            begun = await self._money.begin(self._claim, call)
        except Unavailable:
            # It may have been begun all the same, and the call will not be made.
            await self._write(lambda: self._money.release(self._claim, CallName.RENDER))
            raise
        self._held = micros if begun.ok else 0
        return begun

    async def _book_failure(self, error: ProviderFailed) -> None:
        billed = RULES[error.kind].billed
        if billed is Billed.BY_ROW:
            billed = self._offer.model.refusal_charged
        if billed is Billed.NO:
            await self._write(lambda: self._money.release(self._claim, CallName.RENDER))
        elif error.cost_micros is not None or billed is Billed.YES:
            known = error.cost_micros is not None
            cost = error.cost_micros if known else self._held
            bill = Bill(cost or 0, not known, request_id=error.request_id)
            await self._write(lambda: self._money.settle(self._claim, CallName.RENDER, bill))
        else:
            await self._write(lambda: self._money.unknown(self._claim, CallName.RENDER))


class UnwatchedProgress:
    """The progress of a call whose previews are not held: nobody watches it, then or later."""

    def __init__(self, progress: RenderProgress) -> None:
        self.watched = asyncio.Event()
        self._progress = progress

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        """Reports a step."""
        self._progress.step(step, steps, preview)
