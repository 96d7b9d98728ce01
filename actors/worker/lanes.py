"""Slots: how many jobs of each lane a worker may run at once."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from server.domain.states import Lane


class Slots:
    """The slots of a worker by lane; a running job takes one slot of its lane."""

    def __init__(self, slots: Mapping[str, int]) -> None:
        """Takes the number of slots by the lane's name; raises ValueError for an unknown lane."""
        self._slots = {Lane(lane): number for lane, number in slots.items()}

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
