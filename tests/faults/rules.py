"""The rules that a run may break: those of every history, and those of single scenarios."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """A promise by its name; the checker holds every history against the first eight."""

    LOST = "lost"  # an acknowledged submit ends
    ENDS = "ends"  # it ends once
    RESULTS = "results"  # it has one result
    FENCE = "fence"  # only the attempt that holds a job writes its end
    ASSETS = "assets"  # an attempt stores a kind once
    PAID = "paid"  # an attempt renders and is paid for once
    REQUEST = "request"  # a request_id makes one job
    WATCH = "watch"  # a watch never goes back

    CALLS = "calls"  # a call is answered, or fails only as callers are told that it may
    OUTCOME = "outcome"  # a job ends as it should, completed or with its reason
    AGAIN = "again"  # no more is rendered again than was in flight
    DAMAGE = "damage"  # stored bytes are those that were made
    SOON = "soon"  # what a fault delays comes within its bound
    REFUSALS = "refusals"  # what cannot be done in time is refused, with when to try again
    GOODPUT = "goodput"  # overload does not slow down what is accepted
    SHARE = "share"  # nobody waits for long because of another caller
    AWAITED = "awaited"  # the run comes to each thing that it waits for
    INJECTED = "injected"  # the fault itself took place


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule of a scenario itself, and how it was broken."""

    rule: Rule
    text: str
