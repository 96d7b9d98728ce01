"""Slots: how many jobs of each lane a worker may run at once."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from actors.settings.worker import MEASURED, SlotCount
from server.domain.joined import Joined
from server.domain.states import Lane

_UNMEASURED = 2
"""The slots of a lane before it was measured: one job is drawn while the next is prepared."""
_DRAWN_FOR_ONE_BESIDE = 4
"""For so many pictures that are drawn at once, one more is prepared or finished."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a worker has of the diffusers that it shares with others: of all that they draw."""

    joined: Joined
    workers: int = 1

    @property
    def slots(self) -> int:
        """The jobs that keep its share busy: those that are drawn, and some beside them."""
        drawn = ceil(self.joined.pictures / self.workers)
        return drawn + ceil(drawn / _DRAWN_FOR_ONE_BESIDE)

    def gain(self, slots: int) -> float:
        """Returns how many times as fast as one after another so many jobs are drawn."""
        return self.joined.gain_of(slots * self.workers) / self.workers


class Slots:
    """The slots of a worker by lane; a running job takes one slot of its lane.

    Those that are to be measured follow what the diffusers say.
    """

    def __init__(self, slots: Mapping[str, SlotCount]) -> None:
        """Takes the number of slots by the lane's name; raises ValueError for an unknown lane."""
        self._set = {Lane(lane): number for lane, number in slots.items()}
        self._share: Share | None = None

    @property
    def _slots(self) -> dict[Lane, int]:
        measured = self._share.slots if self._share else _UNMEASURED
        return {
            lane: measured if number == MEASURED else number for lane, number in self._set.items()
        }

    def follow(self, share: Share | None) -> bool:
        """Takes what the diffusers say now, None for nothing; returns whether slots changed.

        What they said last stays until they say something else.
        """
        if share is None or share == self._share:
            return False
        before, self._share = self._slots, share
        return before != self._slots

    @property
    def gain(self) -> float | None:
        """How many times as fast as one after another its local slots draw, where that is known."""
        slots = self._slots.get(Lane.LOCAL, 0)
        return self._share.gain(slots) if self._share and slots else None

    @property
    def most(self) -> dict[Lane, int]:
        """The number of slots of each lane that the worker has some of."""
        return {lane: number for lane, number in self._slots.items() if number > 0}

    def told(self, *, upscales: bool) -> dict[Lane, int]:
        """Returns the slots as the fleet is told of them: none for upscales without an upscaler.

        Their lane is claimed from all the same, so that what waits there ends.
        """
        return {
            lane: number if upscales or lane is not Lane.UPSCALE else 0
            for lane, number in self.most.items()
        }

    def serves(self, lane: str) -> bool:
        """Returns whether the worker has slots of a lane, by the lane's name."""
        return any(one == lane and number > 0 for one, number in self._slots.items())

    def free(self, running: Iterable[Lane], first: Collection[str] = ()) -> dict[Lane, int]:
        """Returns the free slots by lane, without full lanes; `running` has a lane for each job.

        Lanes whose names are among the `first` come before all others.
        """
        taken = Counter(running)
        free = {lane: number - taken[lane] for lane, number in self._slots.items()}
        lanes = sorted(free, key=lambda lane: lane not in first)
        return {lane: free[lane] for lane in lanes if free[lane] > 0}
