"""The router: the cheapest model that is good enough, soon enough and within the limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b

from imggen.rules import offers as rules
from imggen.rules.money import at_most, exactly
from server.domain.health import HealthState
from server.domain.states import Lane
from server.errors import Violation
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions
from server.routing.prices import PricedCall
from server.routing.reasons import (
    Exclusion,
    Loser,
    another_model,
    another_provider,
    below,
    compared,
    not_held,
    not_well,
    too_late,
)
from server.routing.rows import Row
from server.routing.wishes import Offer, Wish


class Refusal(StrEnum):
    """Why a wish has no offer."""

    INVALID = "invalid"  # its violations say what would be right
    OVER_BUDGET = "over_budget"  # what could draw it costs more than is left today
    NOT_NOW = "not_now"  # what could draw it is not well, which may pass
    NO_ELIGIBLE_OFFER = "no_eligible_offer"  # no model may draw it, as long as it stays so


@dataclass(frozen=True, slots=True)
class Routing:
    """The models of the catalogue as a wish finds them: offers, the best first, and losers.

    `violations` are what is wrong with the wish itself. `successor` is the model that stands for
    the one asked for, which is gone; empty where none does. `canary` is whether the first offer
    is there as a canary, `late` whether every offer misses the deadline, and the soonest is first.
    `led` is why the first one is not the best; empty where it is. `paused` is whether there are
    offers, and an admin has paused the lanes of all of them.
    """

    wish: Wish
    offers: tuple[Offer, ...]
    losers: tuple[Loser, ...]
    violations: tuple[Violation, ...] = ()
    successor: str = ""
    canary: bool = False
    late: bool = False
    led: str = ""
    paused: bool = False

    def led_by(self, offer: Offer, why: str) -> "Routing":
        """Returns the routing with one of its offers first, and why, unless it is so already."""
        if not self.offers or offer is self.offers[0]:
            return self
        others = (other for other in self.offers if other is not offer)
        return replace(self, offers=(offer, *others), canary=False, led=why)

    @property
    def later(self) -> tuple[Loser, ...]:
        """The losers that may draw it once what excludes them has passed, the best first.

        Those that a budget excludes come last: the others pass today.
        """
        passing = [(loser.offer, loser) for loser in self.losers if loser.offer is not None]
        ranked = _ranked([offer for offer, _ in passing], None)
        found = (loser for best in ranked for offer, loser in passing if offer is best)
        return tuple(sorted(found, key=lambda loser: loser.exclusion is Exclusion.OVER_BUDGET))

    @property
    def passing_offers(self) -> tuple[Offer, ...]:
        """The offers of `later`."""
        return tuple(loser.offer for loser in self.later if loser.offer is not None)

    @property
    def first(self) -> Offer | None:
        """The best offer, or what would be it once what excludes it has passed."""
        return next(iter((*self.offers, *self.passing_offers)), None)

    @property
    def refusal(self) -> Refusal | None:
        """Why there is no offer; None where there is one."""
        if self.offers:
            return None
        if self.violations:
            return Refusal.INVALID
        waiting = {loser.exclusion for loser in self.later}
        if Exclusion.NOT_WELL in waiting:
            return Refusal.NOT_NOW
        return Refusal.OVER_BUDGET if waiting else Refusal.NO_ELIGIBLE_OFFER

    @property
    def reason(self) -> str:
        """Why the first offer is the first, or what excluded each model."""
        if not self.offers:
            return "; ".join(map(str, self.losers)) or "no model is offered"
        best, others = self.offers[0], self.offers[1:]
        price = at_most(best.choice_micros)
        told = f"{best.model.name}{' at ' if best.choice_micros else ', '}{price}"
        if self.canary:
            share = f"{best.model.canary * 100:g} %"
            return f"{told}: a canary, which draws {share} of the jobs that it could draw"
        if self.late:
            return f"{told}: too late for its deadline, but the soonest there is"
        if not others:
            return f"{told}: the only model that may draw it"
        return f"{told}: {self.led or f'the first of {len(self.offers)}'}; " + "; ".join(
            f"{other.model.name} {compared(best, other)}" for other in others
        )


def route(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Routing:
    """Returns the models that may draw a wish, the cheapest first, and why others may not.

    Equals in price are ranked by time, quality and name; those that cost nothing by the order of
    the catalogue, which is the operator's word. The same arguments give the same answer.
    """
    named = catalogue.resolve(wish.model, conditions.now) if wish.model else None
    asked = replace(wish, model=named.name) if named else wish
    found = rules.choose(catalogue.models, asked.model, asked.characters, asked.size)
    weighed = [_weigh(row, asked, conditions, wish.model) for row in catalogue.models]
    eligible = [one for one in weighed if isinstance(one, Offer)]
    if len({offer.format.display for offer in eligible}) > 1:
        # Whoever draws it in the end, the picture has one size: that of a canary only if it must.
        display = _ranked(eligible, None)[0].format.display
        again = route(catalogue, replace(wish, display=display), conditions)
        return replace(again, wish=wish)
    canary = None if asked.model else _canary(catalogue, eligible, wish.key)
    offers = _ranked(eligible, canary)
    return Routing(
        wish=wish,
        offers=tuple(offers),
        losers=tuple(one for one in weighed if isinstance(one, Loser)),
        violations=() if isinstance(found, Row) else tuple(found),
        successor=asked.model if asked.model != wish.model else "",
        canary=canary is not None,
        paused=bool(offers) and all(one.model.lane in conditions.paused for one in offers),
    )


def route_again(catalogue: Catalogue, wish: Wish, conditions: Conditions) -> Routing:
    """Returns the routing of a wish that was admitted.

    When its deadline cannot be met any more, a late picture is better than none: the soonest
    comes first.
    """
    found = route(catalogue, wish, conditions)
    late = any(loser.exclusion is Exclusion.TOO_LATE for loser in found.losers)
    if found.offers or not late:
        return found
    found = route(catalogue, replace(wish, complete_by=None), conditions)
    soonest = sorted(found.offers, key=lambda offer: (offer.seconds, offer.draws))
    return replace(found, wish=wish, offers=tuple(soonest), canary=False, late=True)


def _weigh(row: Row, wish: Wish, conditions: Conditions, asked: str) -> Offer | Loser:
    """Returns a model's offer, or the first thing that excludes it; what passes comes last.

    `asked` is the model that the request names, of which that of the wish may be the successor.
    """
    found = _unfit(row, wish, conditions, asked) or _offered(row, wish, conditions)
    if isinstance(found, Loser):
        return found
    return _beyond_limits(found, wish, conditions) or _not_now(found, conditions) or found


def _unfit(row: Row, wish: Wish, conditions: Conditions, asked: str) -> Loser | None:
    if wish.model and row.name != wish.model:
        return Loser(row, Exclusion.NOT_ASKED, another_model(asked, wish.model))
    if wish.provider and row.provider != wish.provider:
        return Loser(row, Exclusion.NOT_ASKED, another_provider(row, wish.provider))
    if row.name in wish.excluded:
        return Loser(row, Exclusion.FAILED_BEFORE, "failed in an attempt of this job")
    if row.retired(conditions.now):
        return Loser(row, Exclusion.RETIRED, f"{row.provider} retired it on {row.retires_on}")
    if wish.quality not in row.grades:
        return Loser(row, Exclusion.QUALITY_NOT_OFFERED, f"has no quality {wish.quality}")
    if wish.characters > row.max_characters:
        most = f"draws {row.max_characters} characters at most, not {wish.characters}"
        return Loser(row, Exclusion.TOO_MANY_CHARACTERS, most)
    if lacking := wish.needs - row.capabilities:
        return Loser(row, Exclusion.LACKS_CAPABILITY, f"takes no {', '.join(sorted(lacking))}")
    return None


def _offered(row: Row, wish: Wish, conditions: Conditions) -> Offer | Loser:
    shape = wish.format_of(row)
    if shape is None:
        return Loser(row, Exclusion.SIZE_NOT_OFFERED, f"does not draw {wish.size}")
    grade = row.grades[wish.quality]
    call = PricedCall(shape.native, grade.label, min(wish.references, row.references))
    if (prices := _prices(row, call)) is None:
        what = f"{grade.label} pictures of {shape.native}"
        return Loser(row, Exclusion.PRICE_UNKNOWN, f"no price of {what} is known")
    price, previews = prices
    draws = conditions.draws(row, wish.quality)
    own = conditions.gpu.micros(draws) if row.lane is Lane.LOCAL else 0
    return Offer(
        model=row,
        format=shape,
        label=grade.label,
        price_micros=price,
        choice_micros=price + own,
        draws=draws,
        waits=conditions.waits(row, wish.quality),
        score=round(
            grade.score * wish.shown.get(row.name, 1.0) * conditions.whole(row, wish.quality),
            2,
        ),
        previews_micros=previews,
        measured=conditions.measured(row, wish.quality),
    )


def _prices(row: Row, call: PricedCall) -> tuple[int, int] | None:
    """Returns the most that a call costs, and what its previews add; None where it is not known."""
    if row.price is None:
        return None
    try:
        price = row.price.most_micros(call)
    except LookupError:
        return None
    return price, row.price.most_micros(replace(call, partials=row.partials)) - price


def _beyond_limits(offer: Offer, wish: Wish, conditions: Conditions) -> Loser | None:
    if offer.score < wish.min_score:
        whole = conditions.whole(offer.model, wish.quality)
        why = below(offer.score, wish.min_score, wish.shown.get(offer.model.name), whole)
        return Loser(offer.model, Exclusion.BELOW_QUALITY, why)
    most = wish.max_cost_micros
    if most is not None and offer.price_micros > most:
        over = f"may cost {at_most(offer.price_micros)}, over the limit of {exactly(most, '$0')}"
        return Loser(offer.model, Exclusion.OVER_COST, over)
    if wish.complete_by is not None:
        left = (wish.complete_by - conditions.now).total_seconds()
        if offer.seconds > left:
            return Loser(offer.model, Exclusion.TOO_LATE, too_late(offer, left))
    if conditions.unheld(offer.model):
        return Loser(offer.model, Exclusion.NOT_HELD, not_held(offer.model))
    return None


def _not_now(offer: Offer, conditions: Conditions) -> Loser | None:
    row = offer.model
    if (health := conditions.closed(row)) is not None:
        if health.model and health.state is HealthState.OFF:
            # It is gone: nothing probes a model, so that no wait brings it back.
            return Loser(row, Exclusion.NOT_WELL, not_well(health))
        return Loser(row, Exclusion.NOT_WELL, not_well(health), offer, health.until)
    rest = conditions.rest.of(row.provider)
    if offer.price_micros and rest is not None and offer.price_micros > rest:
        left = exactly(max(rest, 0), "nothing")
        over = f"may cost {at_most(offer.price_micros)}, and {left} is left today"
        return Loser(row, Exclusion.OVER_BUDGET, over, offer, conditions.rest.renews_at)
    return None


def _ranked(offers: Sequence[Offer], canary: Offer | None) -> list[Offer]:
    """Returns offers, the best first; canaries last, except the one that the job is for."""

    def rank(place: int) -> tuple[int, int, int, float, float, float, str]:
        offer = offers[place]
        group = 0 if offer is canary else 2 if offer.model.canary else 1
        order = place if offer.choice_micros == 0 else 0
        price = offer.choice_micros
        # Where nobody draws yet all wait without end, but not all draw as fast.
        times = offer.seconds, offer.draws
        return group, price, order, *times, -offer.score, offer.model.name

    return [offers[place] for place in sorted(range(len(offers)), key=rank)]


def _canary(catalogue: Catalogue, offers: Sequence[Offer], key: str) -> Offer | None:
    """Returns the canary that draws a job, by a hash of its key: each has a part of [0, 1).

    The parts are those of the catalogue, whoever has an offer: a job that one canary cannot draw,
    or has failed to draw, is no other canary's for that.
    """
    if not key or len(offers) < 2:
        return None
    digest = blake2b(key.encode(), digest_size=8).digest()
    point, begin = int.from_bytes(digest, "big") / 2**64, 0.0
    for row in catalogue.models:
        # Together they may have more than there is: then the parts go round.
        if (point - begin) % 1 < row.canary:
            drawn = next((offer for offer in offers if offer.model is row), None)
            if drawn is not None:
                return drawn
        begin += row.canary
    return None
