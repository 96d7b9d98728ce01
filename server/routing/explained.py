"""Routings as they are kept with jobs and shown to callers."""

import math

from imggen.rules.graphemes import first
from server.domain.routes import Route, RouteLoser, RouteOffer
from server.routing.router import Routing
from server.routing.wishes import Offer


def explained(routing: Routing, most_micros: int | None = None) -> Route:
    """Returns a routing as a value that can be stored; at admission with its ceiling."""
    return Route(
        offers=tuple(_offer(offer) for offer in routing.offers),
        losers=tuple(
            RouteLoser(loser.model.name, loser.model.provider, loser.exclusion, loser.reason)
            for loser in routing.losers
        ),
        reason=_reason(routing),
        canary=routing.canary,
        late=routing.late,
        lane_paused=routing.paused,
        most_micros=most_micros,
    )


def _offer(offer: Offer) -> RouteOffer:
    seconds = None if math.isinf(offer.seconds) else round(offer.seconds, 1)
    model = offer.model
    return RouteOffer(model.name, model.provider, offer.price_micros, seconds, offer.score)


def _reason(routing: Routing) -> str:
    if not routing.successor:
        return routing.reason
    asked = first(routing.wish.model, 60)
    return f"{asked} is not served any more, {routing.successor} draws for it; {routing.reason}"
