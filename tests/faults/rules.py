"""The rules that a run may break: rules of every history, and rules of single scenarios."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """A rule by its name; the checker applies the first twelve to every history."""

    LOST = "lost"  # an acknowledged submit ends
    ENDS = "ends"  # it ends once
    RESULTS = "results"  # it has one result
    FENCE = "fence"  # only the attempt that holds a job writes its end
    ASSETS = "assets"  # an attempt stores a kind once
    PAID = "paid"  # an attempt renders and is paid for once
    REQUEST = "request"  # a request_id makes one job
    WATCH = "watch"  # a watch never goes back
    LANES = "lanes"  # a job stands in its lanes exactly while it can be claimed
    BUDGET = "budget"  # what is held and spent never grows beyond a limit
    SUMS = "sums"  # budgets, calls and ledger agree
    BOOKED = "booked"  # what a provider charges is booked, and nothing stays held

    CALLS = "calls"  # a call is answered, or fails only as the contract allows
    OUTCOME = "outcome"  # a job ends as it should, completed or with its reason
    AGAIN = "again"  # only pictures in flight are rendered again
    DAMAGE = "damage"  # stored bytes are those that were written
    LEFT = "left"  # what belongs to no picture is not left in the storage
    SOON = "soon"  # a delay stays within its bound
    REFUSALS = "refusals"  # overload is refused, with a retry delay
    GOODPUT = "goodput"  # overload does not slow down accepted jobs
    SHARE = "share"  # one caller does not make another wait long
    VERSION = "version"  # a worker leaves alone jobs of a later version
    AWAITED = "awaited"  # everything that the run waits for happens
    INJECTED = "injected"  # the fault itself took place


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule of a scenario itself, and how it was broken."""

    rule: Rule
    text: str
