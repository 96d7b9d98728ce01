"""Routed drawing: an attempt draws with one offer, and a failure decides what follows."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from actors.extractors import PaidExtractor, SceneExtractor
from actors.providers.base import Provider, ProviderFailed
from actors.worker.billing import BilledExtractor, BilledProvider
from actors.worker.choosing import Choice, Chooser
from actors.worker.patience import Patience
from actors.worker.payments import CallRefused, Payments
from actors.worker.reporting import Reporter
from actors.worker.stages import Stages
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.health import HealthState
from server.domain.jobs import Claim, Outcome
from server.domain.lanes import JobLane
from server.errors import FailedPrecondition
from server.routing.explained import explained
from server.routing.failover import RULES, Effect, FailureKind
from server.routing.router import Routing
from server.routing.wishes import Offer
from server.store import Store

_WAIT = timedelta(seconds=20)
"""How long a provider that is busy is left alone where it did not say."""
_log = logging.getLogger(__name__)


class NothingHere(Exception):
    """Raised for a job that the lane of its claim has no offer for; `lanes` may have some."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice.routing.reason)
        self.choice = choice


class FailOver(Exception):
    """Raised where another offer may draw what this one did not; its cause is why it did not."""

    def __init__(self, model: str, cause: Exception, lanes: Sequence[JobLane]) -> None:
        super().__init__(model)
        self.model = model
        self.cause = cause
        self.lanes = lanes


class ContentRefused(FailedPrecondition):
    """Raised for a prompt or a picture that a provider refused."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_CONTENT_POLICY)


class RoutedDrawing:
    """Draws jobs with the offer that is the best when they are claimed."""

    def __init__(
        self,
        stages: Stages,
        chooser: Chooser,
        providers: Mapping[str, Provider],
        store: Store,
        patience: Patience,
        extractor: PaidExtractor | None = None,
        *,
        moderated_goes_on: bool = False,
    ) -> None:
        """Takes the providers by the names of their models.

        `extractor` reads pages where it can be paid for, the stages' own one all others.
        `moderated_goes_on` is whether another offer is asked after a provider has refused a prompt
        or a picture.
        """
        self._stages = stages
        self._chooser = chooser
        self._providers = providers
        self._store = store
        self._patience = patience
        self._extractor = extractor
        self._moderated_goes_on = moderated_goes_on

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Draws a job's image and returns the outcome.

        Raises NothingHere before anything was done, FailOver after the offer has failed and
        others are left, ContentRefused, and the errors of the stages.
        """
        choice = await self._chooser.choose(claim)
        if choice.offer is None:
            raise NothingHere(choice)
        offer = choice.offer
        if not self._chooser.trivial:
            await self._store.leases.chosen(claim, explained(_led_by(choice.routing, offer)))
        spec = replace(claim.spec, model=offer.model.name)
        drawn = replace(claim, spec=spec, provider=offer.model.provider)
        try:
            outcome = await self._stages.draw_with(
                drawn, reporter, await self._provider(drawn, offer), self._reading(drawn, offer)
            )
        except ProviderFailed as error:
            await self._note(offer, error)
            raise await self._after(claim, offer, error) from error
        except CallRefused as error:
            raise await self._after(claim, offer, error) from error
        if offer.model.provider != "local":
            await self._store.health.succeeded(offer.model.provider)
        return outcome

    async def _provider(self, claim: Claim, offer: Offer) -> Provider:
        provider = self._providers[offer.model.name]
        await self._take_probe(offer.model.provider)
        if not offer.price_micros:
            return provider
        return BilledProvider(provider, offer, claim.limits, self._payments(claim))

    def _reading(self, claim: Claim, offer: Offer) -> SceneExtractor | None:
        if self._extractor is None:
            return None
        most = claim.limits.max_cost_micros
        if most is not None:
            most -= offer.price_micros  # a reading must not cost the job its picture
        return BilledExtractor(self._extractor, most, self._payments(claim))

    def _payments(self, claim: Claim) -> Payments:
        return Payments(claim, self._store.money, self._patience.write)

    async def _take_probe(self, provider: str) -> None:
        """Raises CallRefused while another worker tries whether the provider is well again."""
        health = await self._chooser.health(provider)
        if health is not HealthState.HALF_OPEN:
            return
        self._chooser.forget()
        if not await self._store.health.take_probe(provider):
            raise CallRefused(
                f"{provider} is being probed after failures",
                ErrorReason.ERROR_REASON_NO_ELIGIBLE_OFFER,
                passes=True,
            )

    async def _after(self, claim: Claim, offer: Offer, error: Exception) -> Exception:
        """Returns what a failure ends in: the next offer, a refusal, or the failure itself.

        After a refusal nothing but another offer helps: where none is left, that is the end.
        """
        if isinstance(error, ProviderFailed) and not RULES[error.kind].goes_on:
            error = ContentRefused(_told(error))
            if not self._moderated_goes_on:
                return error
        self._chooser.forget()
        choice = await self._chooser.choose(claim, without=[offer.model.name])
        if choice.routing.offers:
            return FailOver(offer.model.name, error, choice.lanes)
        first = await self._patience.write(lambda: self._store.leases.refusal(claim))
        return ContentRefused(first) if first else error

    async def _note(self, offer: Offer, error: ProviderFailed) -> None:
        """Tells the fleet what a failure means for everybody's calls."""
        provider, rule = offer.model.provider, RULES[error.kind]
        fields = {"provider": provider, "model": offer.model.name, "kind": error.kind}
        health = self._store.health
        match rule.effect:
            case Effect.COUNTS:
                if await health.failed(provider, error.kind):
                    _log.error("breaker open", extra=fields)
            case Effect.WAITS:
                await health.waits(provider, error.delay or _WAIT, error.kind)
            case Effect.OFF:
                if await health.turn_off(provider, "", error.kind):
                    _log.error("provider off", extra={**fields, "error": error.message})
            case Effect.MODEL_OFF:
                if await health.turn_off(provider, offer.model.name, error.kind):
                    _log.error("model off", extra={**fields, "error": error.message})
            case Effect.NONE:
                pass


def _led_by(routing: Routing, offer: Offer) -> Routing:
    """Returns a routing with the offer of this lane first."""
    others = tuple(other for other in routing.offers if other is not offer)
    canary = routing.canary and offer is routing.offers[0]
    return replace(routing, offers=(offer, *others), canary=canary)


def _told(error: ProviderFailed) -> str:
    what = "the picture" if error.kind is FailureKind.MODERATED_OUTPUT else "the prompt"
    stage = f" at the {error.stage} stage" if error.stage else ""
    why = f" for {', '.join(error.categories)}" if error.categories else ""
    return f"the provider refused {what}{stage}{why}; change what the picture shows"
