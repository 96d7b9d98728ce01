"""Joined pictures: how many a device draws at once, and how much faster that is."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Joined:
    """So many `pictures` at once are drawn `gain` times as fast as one after another."""

    pictures: int
    gain: float

    def gain_of(self, pictures: float) -> float:
        """Returns how many times as fast so many at once are drawn as one after another.

        Each one more makes the time of all longer by as much; those that find no room wait.
        """
        count = min(pictures, self.pictures)
        if count <= 1:
            return 1.0
        longer = (self.pictures / self.gain - 1) / (self.pictures - 1)
        return count / (1 + longer * (count - 1))


ALONE = Joined(1, 1.0)
"""A device that draws one picture after another."""


def all_of(devices: Collection[Joined]) -> Joined:
    """Returns what several devices draw at once; raises ValueError for none."""
    if not devices:
        raise ValueError("devices: there is none")
    return Joined(sum(each.pictures for each in devices), sum(each.gain for each in devices))


def at_once(slots: int, gain: float | None, overlap: float = 1.0) -> float:
    """Returns how many jobs of a lane take the mean time of one.

    Without a `gain` they share nothing: as many as its slots. Joined pictures share a device, and
    each takes longer than alone, in which case their mean time was taken while `overlap` jobs ran
    at once. `gain` is right for times of lone pictures, `overlap` for those of a full device;
    between the two, either is too little, since more at once are never slower.
    """
    if gain is None:
        return float(slots)
    return max(1.0, min(slots, max(gain, overlap)))
