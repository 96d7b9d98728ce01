"""The routes of a request's pictures: what may draw each, by its limits and the conditions now."""

from dataclasses import dataclass, replace
from uuid import uuid4

from imggen.rules import offers as rules
from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.reuse import Reuse
from server.domain.states import ImageType, Quality
from server.money.budgets import OverBudget
from server.routing.catalogue import Catalogue
from server.routing.ceilings import ceiling
from server.routing.conditions import Conditions
from server.routing.lanes import first_lanes
from server.routing.router import Refusal, Routing, route
from server.routing.rows import Row
from server.routing.wishes import Offer, Wish, needs_of


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes the pictures of one request, all under the same conditions."""

    catalogue: Catalogue
    conditions: Conditions
    limits: Limits

    def wish(
        self,
        kind: ImageType,
        shape: str,
        characters: int,
        quality: Quality,
        *,
        references: bool,
        others: int = 0,
    ) -> Wish:
        """Returns what the request asks for a picture with so many characters.

        `others` may be in it, too, if its text names them: their references are part of the price.
        """
        limits = self.limits
        return Wish(
            kind,
            limits.model,
            shape,
            characters,
            quality,
            provider=limits.provider,
            min_score=limits.min_score,
            complete_by=limits.complete_by,
            max_cost_micros=limits.max_cost_micros,
            needs=needs_of(limits),
            references=characters + others if references else 0,
            key=uuid4().hex,
        )

    def limits_of(self, routing: Routing) -> Limits:
        """Returns the limits that the job of a routing is drawn within."""
        return replace(self.limits, model=routing.wish.model, key=routing.wish.key)

    def with_new_lots(self, routing: Routing) -> Routing:
        """Returns the routing of another picture like the one of a routing.

        Lots are drawn anew for it, so that canaries get their share of the pictures.
        """
        if not any(row.canary for row in self.catalogue.models):
            return routing
        return route(self.catalogue, replace(routing.wish, key=uuid4().hex), self.conditions)

    def require(self, routing: Routing, reuse: Reuse | None = None) -> Offer:
        """Returns the offer that a job of a routing waits for: the best, now or later.

        Raises FailedPrecondition where no model may draw it as things are set, ResourceExhausted
        where the budgets alone are in the way of a picture that is not answered by `reuse`.
        """
        if routing.first is None:
            losers = {loser.model.name: loser.reason for loser in routing.losers}
            raise rules.no_eligible_offer(losers)
        if reuse is None and (short := self.short(routing)):
            raise OverBudget(_cheapest(routing).price_micros, short)
        return routing.first

    def short(self, routing: Routing) -> str:
        """Returns the scope of the budget that alone is in the way of a routing; empty for none."""
        if routing.refusal is not Refusal.OVER_BUDGET:
            return ""
        cheapest = _cheapest(routing)
        return self.conditions.rest.short({cheapest.model.provider: cheapest.price_micros})

    def most_micros(self, routing: Routing) -> int:
        """Returns the most that all calls that draw the picture of a routing can cost together."""
        return ceiling(self.catalogue, routing, self.conditions)

    def lanes(self, routing: Routing) -> tuple[JobLane, ...]:
        """Returns the lanes in which a new job waits for the offers of a routing."""
        return first_lanes(routing, self.conditions)

    def route(self, checks: Checks, wish: Wish) -> Routing | None:
        """Routes a picture; None, and violations, if the wish itself is wrong.

        A routing may have no offer; `require` refuses it once the whole request is read.
        """
        found = route(self.catalogue, wish, self.conditions)
        if found.refusal is not Refusal.INVALID:
            return found
        checks.violations.extend(found.violations)
        return None

    def route_again(self, checks: Checks, before: str, wish: Wish) -> Routing | None:
        """Routes a picture that has its size, to the model before unless the wish names another."""
        named = replace(wish, model=wish.model or before)
        row = self.catalogue.resolve(named.model, self.conditions.now)
        asked = row.name if row else named.model
        models = self.catalogue.models
        found = rules.choose_again(models, asked, wish.characters, wish.size)
        if isinstance(found, Row):
            return self.route(checks, named)
        if wish.model:
            checks.violations.extend(found)
            return None
        checks.add(
            "image_id",
            f"was drawn by {before} in {wish.display}, which is not offered any more;"
            " generate a new image",
            reasons.ERROR_REASON_MODEL_UNKNOWN,
        )
        return None


def _cheapest(routing: Routing) -> Offer:
    return min(routing.passing_offers, key=lambda offer: offer.price_micros)
