"""Routed drawing: an attempt draws with one offer, and a failure decides what follows."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from actors.extractors import PaidExtractor, SceneExtractor
from actors.providers.base import Provider, ProviderFailed
from actors.worker.billing import BilledExtractor, BilledProvider
from actors.worker.calls import TracedProvider
from actors.worker.choosing import Choice, Chooser
from actors.worker.health import BeingProbed, ToldExtractor, ToldProvider, probe
from actors.worker.patience import Patience
from actors.worker.payments import CallRefused, Payments
from actors.worker.reporting import Reporter
from actors.worker.stages import Stages
from actors.worker.texts import ContentRefused
from server.domain.health import HealthState
from server.domain.jobs import Claim, Outcome
from server.domain.lanes import JobLane
from server.domain.states import Lane
from server.routing.explained import explained
from server.routing.failover import RULES, FailureKind
from server.routing.router import Routing
from server.routing.wishes import Offer
from server.store import Store


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


class OfferWaits(FailOver):
    """Raised where no other offer is left, and the one that failed costs nothing to ask again.

    So does one whose call no budget covers now. Offers may be left in lanes that are `paused`, to
    which a job is not given up: whichever is there first draws it, its own one or they.
    """

    def __init__(
        self,
        model: str,
        cause: Exception,
        lanes: Sequence[JobLane],
        paused: frozenset[Lane] = frozenset(),
    ) -> None:
        super().__init__(model, cause, lanes)
        self.paused = paused


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
        self._extractor = extractor and ToldExtractor(extractor, store.alerts, patience)
        self._moderated_goes_on = moderated_goes_on

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Draws a job's image and returns the outcome.

        Raises NothingHere where its lane has no offer, or a pinned one is found gone, FailOver
        after the offer has failed and others are left, OfferWaits where it is asked again later,
        ContentRefused, and the errors of the stages.
        """
        if (delivered := await self._stages.drawn(claim, reporter)) is not None:
            return delivered
        choice = await self._choose(claim)
        if choice.offer is None:
            # What was true a moment ago ends no job: workers may have come and gone since.
            self._chooser.forget()
            choice = await self._choose(claim)
        if choice.offer is None:
            raise NothingHere(choice)
        offer = choice.offer
        if not self._chooser.trivial:
            await self._store.leases.chosen(claim, explained(_in_lane(choice.routing, offer)))
        spec = replace(claim.spec, model=offer.model.name)
        drawn = replace(claim, spec=spec, provider=offer.model.provider)
        try:
            async with await self._probe(offer.model.provider):
                return await self._stages.draw_with(
                    drawn, reporter, self._provider(drawn, offer), self._reading(drawn, offer)
                )
        except (ProviderFailed, CallRefused, BeingProbed) as error:
            raise await self._after(claim, offer, error) from error

    async def _choose(self, claim: Claim) -> Choice:
        """Returns what may draw a job: what failed it before, too, where all else is paused."""
        choice = await self._chooser.choose(claim)
        if not (choice.routing.paused and claim.passed_over):
            return choice
        again = await self._chooser.choose(await self._forgiven(claim))
        return choice if again.routing.paused else again

    async def _forgiven(self, claim: Claim) -> Claim:
        """Returns a claim that passes over those models alone that are not asked again."""
        lasting = await self._patience.write(lambda: self._store.leases.not_again(claim.job_id))
        return replace(claim, passed_over=lasting)

    def _provider(self, claim: Claim, offer: Offer) -> Provider:
        provider: Provider = TracedProvider(self._providers[offer.model.name])
        if offer.price_micros:
            provider = BilledProvider(provider, offer, claim.limits, self._payments(claim))
        if offer.model.provider == "local":
            return provider
        return ToldProvider(provider, self._store, self._patience)

    def _reading(self, claim: Claim, offer: Offer) -> SceneExtractor | None:
        if self._extractor is None:
            return None
        most = claim.limits.max_cost_micros
        if most is not None:
            most -= offer.price_micros  # a reading must not cost the job its picture
        return BilledExtractor(self._extractor, most, self._payments(claim))

    def _payments(self, claim: Claim) -> Payments:
        return Payments(claim, self._store.money, self._patience.write)

    async def _probe(self, provider: str) -> AbstractAsyncContextManager[None]:
        """Returns the block in which an attempt holds the provider's probe, if it needs it."""
        if await self._chooser.health(provider) is not HealthState.HALF_OPEN:
            return nullcontext()
        self._chooser.forget()
        return probe(self._store.health, provider)

    async def _after(self, claim: Claim, offer: Offer, error: Exception) -> Exception:
        """Returns what a failure ends in: the next offer, a wait, a refusal, or the failure itself.

        After a refusal nothing but another offer helps: where none is left, that is the end.
        """
        if isinstance(error, ProviderFailed) and not RULES[error.kind].goes_on:
            error = ContentRefused(_told(error))
            if not self._moderated_goes_on:
                return error
        self._chooser.forget()
        choice = await self._chooser.choose(claim, without=[offer.model.name])
        following = {one.model.lane for one in choice.routing.offers if _may_follow(one, error)}
        if following <= choice.paused and following and _waits(error):
            later = await self._chooser.choose(await self._forgiven(claim))
            return OfferWaits(offer.model.name, error, later.lanes, choice.paused)
        if following:
            return FailOver(offer.model.name, error, choice.lanes)
        leases = self._store.leases
        first = await self._patience.write(lambda: leases.refusal(claim))
        if not first and isinstance(error, CallRefused):
            # A second picture cannot be paid; the first one is why there must be a second.
            first = await self._patience.write(lambda: leases.refused_picture(claim))
        if first:
            return ContentRefused(first)
        if not _waits(error):
            return error
        later = await self._chooser.choose(replace(claim, passed_over=frozenset()))
        if later.hopeless and claim.limits.pinned:
            return NothingHere(later)  # the model is gone, and no other may stand for it
        return OfferWaits(offer.model.name, error, later.lanes)


def _in_lane(routing: Routing, offer: Offer) -> Routing:
    return routing.led_by(
        offer, f"the best of the lane {offer.model.lane}, in which it was claimed"
    )


def _may_follow(offer: Offer, error: Exception) -> bool:
    """Returns whether an offer may draw what another one did not."""
    return not isinstance(error, CallRefused) or error.allows(offer.price_micros)


def _waits(error: Exception) -> bool:
    match error:
        case ProviderFailed():
            return RULES[error.kind].waits
        case CallRefused():
            return error.over_budget
        case _:
            return isinstance(error, BeingProbed)


def _told(error: ProviderFailed) -> str:
    what = "the picture" if error.kind is FailureKind.MODERATED_OUTPUT else "the prompt"
    stage = f" at the {error.stage} stage" if error.stage else ""
    why = f" for {', '.join(error.categories)}" if error.categories else ""
    return f"the provider refused {what}{stage}{why}; change what the picture shows"
