"""The cheapest offers of jobs that are retried, for a budget that does not cover their own."""

from collections.abc import Collection
from dataclasses import replace

from server.domain.ids import JobId, UserId
from server.domain.lanes import Reoffer, WaitingJob
from server.routing.catalogue import Catalogue
from server.routing.choices import choices, first_covered
from server.routing.conditions import Conditions
from server.routing.lanes import first_lanes
from server.routing.observer import Observer
from server.routing.router import route_again
from server.routing.wishes import Offer, wish_of
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
        """Gives ended jobs of a user offers that the budgets cover together, or the cheapest.

        A job without any offer keeps its own.
        """
        ended = await tx.offers.of_ended(user, jobs)
        routed = [(job, offers) for job in ended if (offers := self._offers(job, conditions))]
        found = choices([offers for _, offers in routed], conditions.rest)
        drawn = first_covered(found, conditions.rest)
        offered = [
            self._offered(job, offer, conditions)
            for (job, _), offer in zip(routed, drawn, strict=True)
        ]
        if offered:
            await tx.offers.set_each(offered)

    def _offers(self, job: WaitingJob, conditions: Conditions) -> tuple[Offer, ...]:
        wish = wish_of(job.spec, job.limits, job.passed_over)
        return route_again(self._catalogue, wish, conditions).offers

    def _offered(self, job: WaitingJob, offer: Offer, conditions: Conditions) -> Reoffer:
        # Dearer models take none of its lanes; workers route it again while it waits.
        limits = replace(job.limits, max_cost_micros=offer.price_micros)
        wish = wish_of(job.spec, limits, job.passed_over)
        routing = route_again(self._catalogue, wish, conditions)
        return Reoffer(
            job.job_id,
            offer.model.provider,
            offer.model.name,
            offer.price_micros,
            offer.format.cropped_from,
            first_lanes(routing, conditions),
        )
