"""The replay of a day through one policy: lanes, claims, failures and breakers, without a clock."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from benchmarks.simulated.day import START, Day
from benchmarks.simulated.ends import End, Result
from benchmarks.simulated.policies import Policy
from server.domain.health import HealthState, ProviderHealth
from server.domain.states import Lane
from server.routing.catalogue import Catalogue
from server.routing.conditions import Conditions, LaneLoad
from server.routing.prices import PricedCall
from server.routing.rows import Row

_FAILS_AFTER = 5.0
_BREAKER = 3  # failures in a row
_PAUSE = 60.0
_AGAIN = 30.0
_TRIES = 8
_GIVES_UP = 1_800.0


@dataclass(slots=True)
class _Job:
    number: int
    models: dict[Lane, tuple[str, ...]] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    plan: int = 0  # plans before are void
    tries: int = 0
    running: bool = False
    end: End | None = None


@dataclass(slots=True)
class _Breaker:
    failures: int = 0
    open_until: float = 0.0


class Replay:
    """A day as a policy routes it: two lanes, of which the local one has as many slots as GPUs."""

    def __init__(self, day: Day, policy: Policy) -> None:
        self._day, self._policy = day, policy
        self._jobs = [_Job(number) for number in range(len(day.pictures))]
        self._queue: deque[tuple[_Job, int]] = deque()
        self._breakers: dict[str, _Breaker] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._now = 0.0
        self._busy = 0

    def run(self) -> Result:
        """Replays the whole day, and returns what came of it."""
        for job in self._jobs:
            self._at(self._day.pictures[job.number].at, partial(self._plan, job))
        for begin, _ in self._day.gpus:
            self._at(begin, self._claim)
        while self._events:
            self._now, _, happens = heapq.heappop(self._events)
            happens()
        ends = [job.end for job in self._jobs if job.end is not None]
        assert len(ends) == len(self._jobs), "a picture has no end"
        return Result.of(self._policy.name, ends)

    def _at(self, when: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(when, self._now), next(self._order), happens))

    def _plan(self, job: _Job) -> None:
        """Opens the lanes of a job anew; one that nothing may draw is looked at again."""
        asked = self._day.pictures[job.number]
        job.plan += 1
        wish = replace(asked.wish, excluded=job.excluded)
        openings = self._policy.plan(self._catalogue(), wish, self._conditions())
        job.models = {opening.lane: opening.models for opening in openings}
        plan = job.plan
        for opening in openings:
            at = opening.opens_at
            opens = self._now if at is None else (at - START).total_seconds()
            self._at(opens, partial(self._open, job, plan, opening.lane))
        if not openings:
            if self._now > asked.at + _GIVES_UP or job.tries >= _TRIES:
                self._fail(job)
                return
            job.excluded = frozenset()
            self._at(self._now + _AGAIN, lambda: self._plan(job) if job.plan == plan else None)

    def _open(self, job: _Job, plan: int, lane: Lane) -> None:
        if job.plan != plan or job.running or job.end is not None:
            return
        if lane is Lane.LOCAL:
            self._queue.append((job, plan))
            self._claim()
        else:
            self._start(job, lane)

    def _claim(self) -> None:
        """Gives free GPUs the jobs that wait longest."""
        while self._queue and self._busy < self._gpus():
            job, plan = self._queue.popleft()
            if job.plan == plan and not job.running and job.end is None:
                self._busy += 1
                self._start(job, Lane.LOCAL)

    def _start(self, job: _Job, lane: Lane) -> None:
        """Begins an attempt with the first model of the lane whose breaker is closed."""
        rows = [self._catalogue().get(name) for name in job.models[lane]]
        row = next((one for one in rows if one and not self._is_open(one.provider)), None)
        if row is None:
            self._plan(job)
            return
        job.running, job.tries = True, job.tries + 1
        if self._day.is_down(row.provider, self._now):
            self._at(self._now + _FAILS_AFTER, lambda: self._failed(job, row))
            return
        takes = self._day.seconds(job.number, row)
        price = self._price(job, row)
        self._at(self._now + takes, lambda: self._drawn(job, row, price))

    def _failed(self, job: _Job, row: Row) -> None:
        breaker = self._breakers.setdefault(row.provider, _Breaker())
        breaker.failures += 1
        if breaker.failures >= _BREAKER:
            breaker.open_until = self._now + _PAUSE
        job.running = False
        job.excluded |= {row.name}
        if job.tries >= _TRIES:
            self._fail(job)
        else:
            self._plan(job)

    def _drawn(self, job: _Job, row: Row, price: int) -> None:
        self._breakers.pop(row.provider, None)
        asked = self._day.pictures[job.number]
        end, due = self._time(), asked.wish.complete_by
        score = row.grades[asked.wish.quality].score
        in_time = None if due is None else end <= due
        job.end = End(self._now - asked.at, price, score, asked.wish.min_score, in_time)
        if row.lane is Lane.LOCAL:
            self._busy -= 1
            self._claim()

    def _fail(self, job: _Job) -> None:
        wish = self._day.pictures[job.number].wish
        in_time = None if wish.complete_by is None else False
        job.end = End(0.0, 0, None, wish.min_score, in_time)

    def _conditions(self) -> Conditions:
        waiting = sum(
            job.plan == plan and not job.running and job.end is None for job, plan in self._queue
        )
        lanes = {Lane.LOCAL: LaneLoad(waiting + self._busy, self._gpus())}
        open_ = {
            (name, ""): ProviderHealth(name, "", HealthState.OPEN, breaker.failures)
            for name, breaker in self._breakers.items()
            if self._is_open(name)
        }
        return Conditions(self._time(), lanes, health=open_)

    def _is_open(self, provider: str) -> bool:
        breaker = self._breakers.get(provider)
        return breaker is not None and breaker.open_until > self._now

    def _price(self, job: _Job, row: Row) -> int:
        wish = self._day.pictures[job.number].wish
        shape = wish.format_of(row)
        assert shape is not None
        assert row.price is not None
        return row.price.most_micros(PricedCall(shape.native, row.grades[wish.quality].label))

    def _catalogue(self) -> Catalogue:
        return next(one for begin, one in reversed(self._day.catalogues) if begin <= self._now)

    def _gpus(self) -> int:
        return next(number for begin, number in reversed(self._day.gpus) if begin <= self._now)

    def _time(self) -> datetime:
        return START + timedelta(seconds=self._now)
