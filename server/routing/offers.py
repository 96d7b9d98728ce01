"""The choice of a request's model where nothing is known of queues, health or budgets."""

from datetime import datetime

from imggen.rules import offers
from imggen.v1 import errors_pb2 as reasons
from server.errors import Violation
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.router import route
from server.routing.rows import Row
from server.routing.wishes import Offer, Wish


def choose(catalogue: Catalogue, wish: Wish, now: datetime) -> Offer | list[Violation]:
    """Returns the best offer, or why no model can draw the wish."""
    routing = route(catalogue, wish, Conditions(now))
    if routing.offers:
        return routing.offers[0]
    return list(routing.violations) or [
        Violation("options.model", routing.reason, reasons.ERROR_REASON_MODEL_UNKNOWN)
    ]


def choose_again(catalogue: Catalogue, wish: Wish, now: datetime) -> Offer | list[Violation]:
    """Returns the offer of a named model for a picture that has its size, or why there is none.

    A scene or a cover keeps its shape, whichever the model draws.
    """
    named = catalogue.resolve(wish.model, now)
    asked = named.name if named else wish.model
    found = offers.choose_again(catalogue.models, asked, wish.characters, wish.size)
    return choose(catalogue, wish, now) if isinstance(found, Row) else found
