"""The choice of an attempt's offer: the router again, with the conditions at this moment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from actors.worker.losses import LossReader
from server.domain.health import HealthState
from server.domain.jobs import Claim
from server.domain.lanes import JobLane
from server.domain.states import ImageType, Lane
from server.routing.catalogue import Catalogue
from server.routing.conditions import BudgetRest
from server.routing.lanes import lanes
from server.routing.observer import Observer
from server.routing.reasons import Exclusion
from server.routing.router import Refusal, Routing, route_again
from server.routing.rows import Row
from server.routing.wishes import Offer, wish_of


@dataclass(frozen=True, slots=True)
class Choice:
    """What may draw a job now: `offer` in the lane that it was claimed in, if any.

    `lanes` are those in which it waits for its other offers; an admin has paused some of them.
    """

    offer: Offer | None
    routing: Routing
    lanes: Sequence[JobLane]
    paused: frozenset[Lane] = frozenset()

    def unheld(self, lane: Lane) -> list[Row]:
        """Returns the models that may draw it in a lane, where this worker holds none of them."""
        if self.offer is not None:
            return []
        return [one.model for one in self.routing.offers if one.model.lane is lane]

    @property
    def held_by_nobody(self) -> list[Row]:
        """The models that could draw it if a worker held them."""
        losers = self.routing.losers
        return [one.model for one in losers if one.exclusion is Exclusion.NOT_HELD]

    @property
    def hopeless(self) -> bool:
        """Whether no time will bring an offer, as long as catalogue and workers stay."""
        if self.held_by_nobody:  # a worker that holds one may be starting again
            return False
        return self.routing.refusal in (Refusal.INVALID, Refusal.NO_ELIGIBLE_OFFER)


class Chooser:
    """Routes claimed jobs again; a worker draws with the models of its providers only.

    Where a caller set how good the picture must be, a model that would lose a part of its page
    scores less for it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        observer: Observer,
        models: Collection[str],
        losses: LossReader | None = None,
    ) -> None:
        """Takes what reads what models lose; without it the catalogue's scores count."""
        self._catalogue = catalogue
        self._observer = observer
        self._models = frozenset(models)
        self._losses = losses

    @property
    def trivial(self) -> bool:
        """Whether there is nothing to choose, so that no choice need be kept."""
        return len(self._catalogue.models) == 1

    async def choose(self, claim: Claim, without: Collection[str] = ()) -> Choice:
        """Returns what may draw a job, without the models that failed, and those named here."""
        # Its own hold is part of what is used of the budgets; they are asked where a call begins.
        conditions = replace(await self._observer.conditions(), rest=BudgetRest())
        wish = wish_of(claim.spec, claim.limits, claim.passed_over | frozenset(without))
        routing = route_again(self._catalogue, wish, conditions)
        if self._losses is not None and weighs_page(claim):
            dearest = max((one.price_micros for one in routing.offers), default=0)
            shown = await self._losses.shown(claim, dearest)
            routing = route_again(self._catalogue, replace(wish, shown=shown), conditions)
        here = (
            offer
            for offer in routing.offers
            if offer.model.lane is claim.lane and offer.model.name in self._models
        )
        return Choice(next(here, None), routing, lanes(routing, conditions), conditions.paused)

    async def health(self, provider: str) -> HealthState:
        """Returns the health of a provider."""
        known = (await self._observer.conditions()).health.get((provider, ""))
        return known.state if known else HealthState.WELL

    def forget(self) -> None:
        """Looks at the conditions again for the next choice, since they have just changed."""
        self._observer.forget()


def weighs_page(claim: Claim) -> bool:
    """Returns whether what a model loses of a job's page counts for its choice."""
    return claim.limits.min_score > 0 and claim.spec.image_type is not ImageType.PORTRAIT
