"""Conditions: what the router is told of queues, speeds, health and budgets at the moment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from server.domain.health import HealthState, ProviderHealth
from server.domain.ids import UserId
from server.domain.joined import Joined, at_once
from server.domain.states import Lane, Quality
from server.routing.rows import Row

MEASURED = 50
"""How many pictures are drawn before their measured time replaces the catalogue's."""
WHOLE = 4.0
"""The mean measured quality from which on a model's pictures count as whole, 0 to 5."""

CLOSED = frozenset({HealthState.WAITING, HealthState.OPEN, HealthState.PROBING, HealthState.OFF})
"""The states in which a provider takes no calls; a half-open one takes its probe."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The mean time of a model's pictures in one quality, in seconds, and of how many it is."""

    images: int
    seconds: float

    def after(self, seconds: float, window: int | None = None) -> "Speed":
        """Returns the mean after another picture; with a `window`, a moving average of so many."""
        images = self.images + 1
        weight = 1 / (images if window is None else min(images, window))
        return Speed(images, self.seconds + (seconds - self.seconds) * weight)


@dataclass(frozen=True, slots=True)
class Soundness:
    """The mean measured quality of a model's pictures, 0 to 5, and of how many it is."""

    images: int
    mean: float


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """The jobs that wait in a lane, and how many its workers draw at once; None if not known.

    `gain` and `overlap` are those of `server.domain.joined`; the slots of a lane without a gain
    share no device. `seconds` is the mean time of a picture there; without it, pictures count as
    the wish's own. `cold_start_s` is how long its models take to start, 0 while one is warm. In a
    `paused` lane nothing is claimed until an admin resumes it.
    """

    waiting: int = 0
    slots: int | None = None
    seconds: float | None = None
    cold_start_s: float = 0.0
    paused: bool = False
    gain: float | None = None
    overlap: float = 1.0

    def at_once(self, most: int | None = None, *, measured: bool) -> float:
        """Returns how many pictures take the mean time of one, where `most` of them are begun.

        A time that was not `measured` is that of a lone picture.
        """
        slots = self.slots or 1
        begun = slots if most is None else min(slots, most)
        gain = None if self.gain is None else Joined(slots, self.gain).gain_of(begun)
        return at_once(begun, gain, self.overlap if measured else 1.0)


@dataclass(frozen=True, slots=True)
class GpuCost:
    """What the cluster's own machines cost, for the choice alone: no invoice names it.

    Machines that are paid for whether or not they draw cost nothing more for a picture: leave
    `dollars_per_hour` at 0. For those rented by use, `utilisation` is the share of that time in
    which they draw.
    """

    dollars_per_hour: float = 0.0
    utilisation: float = 1.0

    def micros(self, seconds: float) -> int:
        """Returns the cost of so many seconds of drawing; one of use counts as 5 % at least."""
        used = self.dollars_per_hour * 1_000_000 * seconds / 3_600
        return math.ceil(used / max(self.utilisation, 0.05))


@dataclass(frozen=True, slots=True)
class BudgetRest:
    """What is left today in the budgets that a call counts in, in micros; None: no such budget.

    `user` is that of the caller, whose id is `user_id`.
    """

    total: int | None = None
    user: int | None = None
    providers: Mapping[str, int] = field(default_factory=dict)
    renews_at: datetime | None = None
    user_id: UserId | None = None

    def short(self, prices: Mapping[str, int]) -> str:
        """Returns the scope of the first budget that does not cover prices; empty if all do.

        They are by provider. What is free needs no budget.
        """
        total = sum(prices.values())
        needs = [
            ("global", self.total, total),
            *(
                (f"provider:{one}", self.providers.get(one), micros)
                for one, micros in prices.items()
            ),
            (f"user:{self.user_id}", self.user, total),
        ]
        return next(
            (scope for scope, left, most in needs if most and left is not None and left < most), ""
        )

    def of(self, provider: str) -> int | None:
        """Returns the least of the budgets that a provider's calls count in."""
        known = (self.total, self.user, self.providers.get(provider))
        return min((left for left in known if left is not None), default=None)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the router is told at one moment.

    `held` are the models that the workers of each lane hold, None where one of them does not tell;
    lanes that nobody serves are not there, so that it is empty while no worker is known. `speeds`
    and `scores` are by model and quality, `health` by provider and model, the latter empty for the
    whole provider; what has never failed has none.
    """

    now: datetime
    lanes: Mapping[Lane, LaneLoad] = field(default_factory=dict)
    speeds: Mapping[tuple[str, Quality], Speed] = field(default_factory=dict)
    scores: Mapping[tuple[str, Quality], Soundness] = field(default_factory=dict)
    health: Mapping[tuple[str, str], ProviderHealth] = field(default_factory=dict)
    gpu: GpuCost = GpuCost()
    rest: BudgetRest = BudgetRest()
    held: Mapping[Lane, frozenset[str] | None] = field(default_factory=dict)

    def draws(self, row: Row, quality: Quality) -> float:
        """Returns how long a model draws a picture, in seconds."""
        if self.measured(row, quality):
            return self.speeds[row.name, quality].seconds
        return row.grades[quality].seconds

    def measured(self, row: Row, quality: Quality) -> bool:
        """Returns whether a model's time is that of its latest pictures, not the catalogue's."""
        speed = self.speeds.get((row.name, quality))
        return speed is not None and speed.images >= MEASURED

    def whole(self, row: Row, quality: Quality) -> float:
        """Returns what of a model's score its pictures are worth, by their measured quality: to 1.

        A measure of damage alone, so that it lowers the catalogue's score and never raises it.
        """
        measured = self.scores.get((row.name, quality))
        if measured is None or measured.images < MEASURED:
            return 1.0
        return min(1.0, measured.mean / WHOLE)

    def waits(self, row: Row, quality: Quality) -> float:
        """Returns how long a job waits in a model's lane, in seconds."""
        load = self.lanes.get(row.lane, LaneLoad())
        if load.paused or load.slots == 0:
            return math.inf
        if load.slots is None:
            return 0.0
        each = self.draws(row, quality) if load.seconds is None else load.seconds
        measured = load.seconds is not None or self.measured(row, quality)
        return load.cold_start_s + load.waiting * each / load.at_once(measured=measured)

    @property
    def paused(self) -> frozenset[Lane]:
        """The lanes in which nothing is claimed until an admin resumes them."""
        return frozenset(lane for lane, load in self.lanes.items() if load.paused)

    def unheld(self, row: Row) -> bool:
        """Returns whether workers are known, and none of them holds a model.

        A local model waits while nobody serves its lane: its machines may be starting. A hosted
        one needs no machine, so that any fleet without it has no key for it.
        """
        if not self.held:
            return False
        nobody = frozenset[str]() if row.lane is Lane.HOSTED else None
        models = self.held.get(row.lane, nobody)
        return models is not None and row.name not in models

    def closed(self, row: Row) -> ProviderHealth | None:
        """Returns what keeps calls from a model: the health of its provider, or its own."""
        for model in ("", row.name):
            found = self.health.get((row.provider, model))
            if found is not None and found.state in CLOSED:
                return found
        return None
