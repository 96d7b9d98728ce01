"""The cheapest offers of jobs that are retried, for a budget that does not cover their own."""

from collections.abc import Collection
from dataclasses import replace

from server.domain.ids import JobId, UserId
from server.domain.lanes import Reoffer, WaitingJob
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.lanes import first_lanes
from server.routing.observer import Observer
from server.routing.router import route_again
from server.routing.wishes import wish_of
from server.store.store import Statements


class CheapestOffers:
    """Routes ended jobs again, each to the cheapest models that its limits allow."""

    def __init__(self, catalogue: Catalogue, observer: Observer) -> None:
        self._catalogue = catalogue
        self._observer = observer

    async def conditions(self, user: UserId) -> Conditions:
        """Returns what the offers are chosen by, read anew; ask before a transaction is open."""
        self._observer.forget()
        return await self._observer.conditions(user)

    async def take(
        self, tx: Statements, user: UserId, jobs: Collection[JobId], conditions: Conditions
    ) -> None:
        """Gives ended jobs of a user their cheapest offers; one without any keeps its own."""
        ended = await tx.offers.of_ended(user, jobs)
        found = [offer for job in ended if (offer := self._cheapest(job, conditions))]
        if found:
            await tx.offers.set_each(found)

    def _cheapest(self, job: WaitingJob, conditions: Conditions) -> Reoffer | None:
        wish = wish_of(job.spec, job.limits, job.passed_over)
        offers = route_again(self._catalogue, wish, conditions).offers
        if not offers:
            return None
        least = min(offer.price_micros for offer in offers)
        # Dearer models take none of its lanes; workers route it again while it waits.
        routing = route_again(self._catalogue, replace(wish, max_cost_micros=least), conditions)
        first = routing.offers[0]
        return Reoffer(
            job.job_id,
            first.model.provider,
            first.model.name,
            first.price_micros,
            first.format.cropped_from,
            first_lanes(routing, conditions),
        )
