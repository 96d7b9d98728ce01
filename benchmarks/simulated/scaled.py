"""A day of stories, drawn by GPUs whose number a policy changes; no time passes."""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from actors.serve.scaling import replicas_for
from benchmarks.simulated.day import DAY, second_of_day
from server.domain.lanes import Demand

RENDER_S = 8.0
COLD_START_S = 120.0
STORY = (6, 24)
"""The fewest and the most pictures of a story, which come together."""

Wants = Callable[[Demand], int]
"""Returns how many replicas a policy wants."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """A policy, its least and most replicas, and how long it waits before it takes some away."""

    name: str
    wants: Wants
    least: int
    most: int
    down_after_s: float = 600.0


@dataclass(frozen=True, slots=True)
class ScaledDay:
    """What came of a day: the hours that GPUs were held, and how long each picture waited."""

    policy: str
    gpu_hours: float
    waits: tuple[float, ...]

    def waited(self, share: float) -> float:
        """Returns the seconds that this share of the pictures waited at most."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]

    def within(self, seconds: float) -> float:
        """Returns the share of the pictures that waited no longer than that."""
        return sum(wait <= seconds for wait in self.waits) / len(self.waits)


def policies(most: int, within_s: float) -> tuple[Scaling, ...]:
    """Returns three policies: as many as the peak needs, by Serve's requests, and ours.

    Serve counts what workers have claimed, which are two pictures a replica at most, and wants a
    replica for every two. Ours wants what waits to be drawn within a time.
    """
    within, render = timedelta(seconds=within_s), timedelta(seconds=RENDER_S)

    def by_requests(demand: Demand) -> int:
        return -(-min(demand.waiting + demand.running, 2 * most) // 2)

    def by_backlog(demand: Demand) -> int:
        return replicas_for([demand], within, render)

    return (
        Scaling("always the peak's", lambda _: most, most, most),
        Scaling("by requests (Serve)", by_requests, 1, most),
        Scaling("by what waits (imggen)", by_backlog, 1, most),
    )


def stories(pictures: int, seed: int) -> list[float]:
    """Returns the seconds of the day at which pictures are asked for, those of a story at once."""
    chance = Random(seed)
    asked: list[float] = []
    while len(asked) < pictures:
        asked += [second_of_day(chance)] * chance.randint(*STORY)
    return sorted(asked[:pictures])


@dataclass
class _Pool:
    """Replicas: those that start, by when they are warm, those that draw, and those that idle."""

    idle: int = 0
    starting: list[float] = field(default_factory=list)
    drawing: list[float] = field(default_factory=list)
    leaving: int = 0

    @property
    def kept(self) -> int:
        """The replicas that stay."""
        return self.idle + len(self.starting) + len(self.drawing) - self.leaving

    @property
    def held(self) -> int:
        """The replicas that are paid for; one that leaves draws its last picture."""
        return self.idle + len(self.starting) + len(self.drawing)

    def pass_to(self, now: float) -> None:
        """Warms what has started, and frees what has drawn."""
        while self.starting and self.starting[0] <= now:
            heapq.heappop(self.starting)
            self.idle += 1
        while self.drawing and self.drawing[0] <= now:
            heapq.heappop(self.drawing)
            if self.leaving:
                self.leaving -= 1
            else:
                self.idle += 1

    def scale_to(self, wanted: int, now: float) -> None:
        """Starts or stops replicas: idle ones first, then those that draw, after their picture."""
        while self.kept < wanted:
            heapq.heappush(self.starting, now + COLD_START_S)
        while self.kept > wanted:
            if self.idle:
                self.idle -= 1
            elif self.starting:
                self.starting.pop()
                heapq.heapify(self.starting)
            else:
                self.leaving += 1


def run(policy: Scaling, asked: Sequence[float], seed: int) -> ScaledDay:
    """Returns what came of a day by a policy, which is asked once a second."""
    chance = Random(seed)
    pool, queue = _Pool(idle=policy.least), deque[float]()
    arrivals, waits = deque(asked), list[float]()
    held_s, fewer_since = 0.0, None
    now = 0.0
    while now < DAY or queue or pool.drawing:
        while arrivals and arrivals[0] <= now:
            queue.append(arrivals.popleft())
        pool.pass_to(now)
        while queue and pool.idle:
            waits.append(now - queue.popleft())
            pool.idle -= 1
            heapq.heappush(pool.drawing, now + RENDER_S * chance.lognormvariate(0, 0.15))
        oldest = timedelta(seconds=now - queue[0] if queue else 0)
        wanted = policy.wants(Demand(len(queue), len(pool.drawing), oldest, None))
        wanted = min(policy.most, max(policy.least, wanted))
        # As Serve does: up at once, down once fewer were wanted for that long without a break.
        fewer_since = (fewer_since or now) if wanted < pool.kept else None
        if fewer_since is None or now - fewer_since >= policy.down_after_s:
            pool.scale_to(wanted, now)
            fewer_since = None
        held_s += pool.held
        now += 1.0
    return ScaledDay(policy.name, held_s / 3_600, tuple(sorted(waits)))
