"""Plans: which model would draw a page, what it would not show, and which other would show more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.domain.ids import PageId
from server.domain.plans import Reading
from server.domain.scenes import NotDrawn
from server.routing.wishes import Offer

Losses = Mapping[str, Sequence[NotDrawn]]
"""What each model would not show of a page as told, by its name; one that cannot draw it is not
there."""


@dataclass(frozen=True, slots=True)
class PagePlan:
    """A page that was read, and what may draw it; the cover has the number 0 and no id.

    `drawn` pictures are made of it: those that stored ones answer do not count. `paused` is whether
    all its offers are in paused lanes.
    """

    number: int
    page_id: PageId | None
    offer: Offer
    offers: tuple[Offer, ...]
    drawn: int
    reading: Reading
    paused: bool = False

    @property
    def better(self) -> Offer | None:
        """The offer that would show more; None where none would."""
        return better(self.offer, self.offers, self.reading.losses)

    def price_micros(self, offer: Offer) -> int:
        """Returns the most that its pictures can cost with an offer."""
        return self.drawn * offer.price_micros

    def not_drawn(self, offer: Offer) -> Sequence[NotDrawn]:
        """Returns what an offer would not show as told."""
        return self.reading.losses.get(offer.model.name, ())


def better(chosen: Offer, offers: Sequence[Offer], losses: Losses) -> Offer | None:
    """Returns the cheapest of the offers that show the most; None if the chosen one is of them."""
    mine = losses.get(chosen.model.name)
    if mine is None:
        return None
    others = [offer for offer in offers if len(losses.get(offer.model.name, mine)) < len(mine)]
    return min(
        others,
        key=lambda offer: (len(losses[offer.model.name]), offer.price_micros),
        default=None,
    )
