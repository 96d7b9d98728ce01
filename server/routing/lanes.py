"""Lanes: from when the workers of each lane may take a job, by its offers."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from server.domain.lanes import JobLane
from server.domain.states import Lane
from server.routing.conditions import Conditions
from server.routing.router import Routing
from server.routing.wishes import Offer

_MARGIN = timedelta(seconds=5)
_SHARE = 0.5
_UNKNOWN = timedelta(minutes=1)
_SOONEST = timedelta(seconds=2)
"""How long a job waits at least where nothing may draw it, so that no claim follows the other."""
_SEEN = timedelta(seconds=1.5)
"""How long after something has passed a claim is told so: conditions are kept for a second."""


def lanes(routing: Routing, conditions: Conditions) -> tuple[JobLane, ...]:
    """Returns the lanes that may take a job, the first one at once.

    That is the lane of the best offer; while it is paused, the next one opens as well. Otherwise
    another one opens only where the job has a deadline, when its models would otherwise be too
    late: its soonest offer's time before it, half of that again and 5 seconds. Without a deadline
    the job waits for its best lane; workers route it again when that one fails. While nothing may
    draw it, its lanes open when what excludes them may have passed: just after that time, or in a
    minute where it is not known.
    """
    now, deadline = conditions.now, routing.wish.complete_by
    found: list[JobLane] = []
    for lane, offers in _by_lane(routing.offers).items():
        if routing.late or all(one.lane in conditions.paused for one in found):
            found.append(JobLane(lane, _names(offers)))
        elif deadline is not None:
            spill = deadline - _needs(offers)
            found.append(JobLane(lane, _names(offers), spill if spill > now else None))
    return tuple(found) or _later(routing, now)


def first_lanes(routing: Routing, conditions: Conditions) -> tuple[JobLane, ...]:
    """Returns the lanes of a job that is queued now.

    Those of a job that nothing may draw open now, too, for one look, from which its wait counts.
    """
    found = lanes(routing, conditions)
    return found if routing.offers else sooner(found, conditions.now)


def sooner(those: Iterable[JobLane], latest: datetime) -> tuple[JobLane, ...]:
    """Returns lanes that open at this time at the latest."""
    return tuple(
        replace(one, opens_at=min(one.opens_at, latest)) if one.opens_at else one for one in those
    )


def _needs(offers: list[Offer]) -> timedelta:
    return timedelta(seconds=min(offer.seconds for offer in offers) * (1 + _SHARE)) + _MARGIN


def _later(routing: Routing, now: datetime) -> tuple[JobLane, ...]:
    found: dict[Lane, JobLane] = {}
    for loser in routing.later:
        until = loser.until + _SEEN if loser.until else now + _UNKNOWN
        lane, opens = loser.model.lane, max(until, now + _SOONEST)
        before = found.get(lane, JobLane(lane, (), opens))
        names = (*before.models, loser.model.name)
        found[lane] = JobLane(lane, names, min(before.opens_at or opens, opens))
    return tuple(found.values())


def _by_lane(offers: tuple[Offer, ...]) -> dict[Lane, list[Offer]]:
    found: dict[Lane, list[Offer]] = {}
    for offer in offers:
        found.setdefault(offer.model.lane, []).append(offer)
    return found


def _names(offers: list[Offer]) -> tuple[str, ...]:
    return tuple(offer.model.name for offer in offers)
