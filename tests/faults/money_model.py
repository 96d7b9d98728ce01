"""The model of money: the rules of budgets and paid calls in memory, played at random.

`python -m tests.faults.money_model` plays a million random interleavings of admissions, workers,
crashes, late answers, limits and midnights, and ends with status 1 and the seed of the first one
that overruns a budget. `tests/faults/test_money_model.py` plays them against the store as well.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

PROVIDERS = ("openai", "other")
LOCAL = "local"
CALLS = ("render", "read")
OPEN = ("queued", "processing")
_MAX_RETRIES = 3
_STEPS = 30


@dataclass(slots=True)
class Call:
    """A paid call as the model keeps it."""

    provider: str
    day: int
    held: int
    queueing: int
    state: str = "open"
    cost: int = 0
    estimated: bool = False


@dataclass(slots=True)
class Job:
    """A job as the model keeps it; `queueing` counts how often its caller queued it."""

    price: int
    status: str = "queued"
    attempt: int = 0
    retries: int = 0
    cancel: bool = False
    queueing: int = 0
    hold: tuple[int, int] | None = None  # its day and its amount
    calls: dict[tuple[int, str], Call] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: what, to which job, and with what."""

    what: str
    job: int = -1
    attempt: int = 0
    name: str = ""
    provider: str = ""
    micros: int = 0
    most: int | None = None
    flag: bool = False


class Overrun(AssertionError):
    """Raised where a budget is overrun, or sums do not agree."""


class Book:
    """The rules of money, without SQL. With `holds` off it checks only what is spent."""

    def __init__(self, limit: int, *, holds: bool = True) -> None:
        self.limits = {"global": limit}
        self.used: dict[tuple[int, str], list[int]] = {}
        self.jobs: list[Job] = []
        self.day = 0
        self.excused: set[tuple[int, str]] = set()
        self._holds = holds

    def apply(self, step: Step) -> str:
        """Makes a step and returns its answer."""
        answer: str = getattr(self, f"_{step.what}")(step)
        return answer

    def _submit(self, step: Step) -> str:
        job = Job(step.micros)
        refused = self._hold(job)
        if refused is None:
            self.jobs.append(job)
        return refused or "held"

    def _hold(self, job: Job) -> str | None:
        if not job.price:
            return None
        refused = self._move([(self.day, LOCAL, job.price, 0)], covered=True)
        if refused is None:
            job.hold = (self.day, job.price)
        return refused

    def _claim(self, step: Step) -> str:
        job = self.jobs[step.job]
        job.status, job.attempt = "processing", job.attempt + 1
        return "claimed"

    def _begin(self, step: Step) -> str:
        job = self.jobs[step.job]
        key = (step.attempt, step.name)
        if job.status != "processing" or job.attempt != step.attempt:
            return "lost"
        if job.cancel:
            return "cancelled"
        if key in job.calls:
            return "repeated"
        paid = [
            call
            for (_, name), call in job.calls.items()
            if name == "render"
            and call.queueing == job.queueing
            and (call.state == "open" or call.cost)
        ]
        if step.name == "render" and len(paid) >= 2:
            return "paid_twice"
        cost = sum(call.held if call.state == "open" else call.cost for call in job.calls.values())
        if step.most is not None and cost + step.micros > step.most:
            return "above_most"
        moves = [(self.day, step.provider, step.micros, 0)]
        if step.name == "render" and job.hold:
            moves.append((job.hold[0], LOCAL, -job.hold[1], 0))
        refused = self._move(moves, covered=True)
        if refused is not None:
            return refused
        if step.name == "render":
            job.hold = None
        job.calls[key] = Call(step.provider, self.day, step.micros, job.queueing)
        return "begun"

    def _settle(self, step: Step) -> str:
        call = self.jobs[step.job].calls[step.attempt, step.name]
        if call.state == "settled" and not call.estimated:
            return "no"
        return self._end(call, "settled", step.micros, estimated=step.flag)

    def _unbill(self, step: Step) -> str:
        call = self.jobs[step.job].calls[step.attempt, step.name]
        if call.state not in ("open", "unknown"):
            return "no"
        return self._end(call, "released", 0)

    def _lose_answer(self, step: Step) -> str:
        call = self.jobs[step.job].calls[step.attempt, step.name]
        return "no" if call.state != "open" else self._end(call, "unknown", call.held)

    def _end(self, call: Call, state: str, cost: int, *, estimated: bool = False) -> str:
        held = call.held if call.state == "open" else 0
        if cost > call.held or call.state != "open":
            self._excuse(call)
        self._move([(call.day, call.provider, -held, cost - call.cost)], covered=False)
        call.state, call.cost, call.estimated = state, cost, estimated or state == "unknown"
        return "yes"

    def _complete(self, step: Step) -> str:
        job = self.jobs[step.job]
        if job.status != "processing" or job.attempt != step.attempt:
            return "lost"
        key, provider, day = (step.attempt, "render"), LOCAL, self.day
        if key in job.calls and job.calls[key].state == "open":
            self._end(job.calls[key], "settled", step.micros)
        elif key not in job.calls and step.micros:
            day, held = job.hold or (day, 0)
            call = job.calls[key] = Call(provider, day, held, job.queueing, "settled", step.micros)
            self._excuse(call)
            self._move([(day, provider, 0, step.micros)], covered=False)
        self._leave(job, "completed")
        return "ended"

    def _fail(self, step: Step) -> str:
        job = self.jobs[step.job]
        if job.status != "processing" or job.attempt != step.attempt:
            return "lost"
        self._leave(job, "failed")
        return "ended"

    def _give_back(self, step: Step) -> str:
        job = self.jobs[step.job]
        if job.status != "processing" or job.attempt != step.attempt:
            return "lost"
        self._leave(job, "cancelled" if job.cancel else "queued")
        return "ended"

    def _crash(self, step: Step) -> str:
        job = self.jobs[step.job]
        spent = job.retries == _MAX_RETRIES
        self._leave(job, "cancelled" if job.cancel else "failed" if spent else "queued")
        job.retries += job.status == "queued"
        return "rescued"

    def _cancel(self, step: Step) -> str:
        job = self.jobs[step.job]
        if job.status not in OPEN:
            return "no"
        job.cancel = True
        if job.status == "queued":
            self._leave(job, "cancelled")
        return "yes"

    def _retry(self, step: Step) -> str:
        job = self.jobs[step.job]
        if job.status not in ("failed", "cancelled"):
            return "no"
        refused = self._hold(job)
        if refused is not None:
            return refused
        job.status, job.retries, job.cancel, job.queueing = "queued", 0, False, job.queueing + 1
        return "held"

    def _limit(self, step: Step) -> str:
        self.limits[step.name] = step.micros
        self.excused |= {key for key in self.used if key[1] == step.name}
        return "set"

    def _midnight(self, step: Step) -> str:
        self.day += 1
        return "passed"

    def _leave(self, job: Job, status: str) -> None:
        job.status = status
        for call in job.calls.values():
            if call.state == "open":
                self._end(call, "unknown", call.held)
        if job.hold and status != "queued":
            day, held = job.hold
            self._move([(day, LOCAL, -held, 0)], covered=False)
            job.hold = None

    def _excuse(self, call: Call) -> None:
        self.excused |= {(call.day, scope) for scope in scopes(call.provider)}

    def _move(self, moves: list[tuple[int, str, int, int]], *, covered: bool) -> str | None:
        changes: dict[tuple[int, str], list[int]] = {}
        for day, provider, held, spent in moves:
            for scope in scopes(provider):
                change = changes.setdefault((day, scope), [0, 0])
                change[0] += held
                change[1] += spent
        if covered:
            for key in sorted(changes):
                more, used = sum(changes[key]), self.used.get(key, [0, 0])
                counted = sum(used) + more if self._holds else used[1]
                if more > 0 and counted > self.limits.get(key[1], counted):
                    return key[1]
        for key, change in changes.items():
            used = self.used.setdefault(key, [0, 0])
            used[0] += change[0]
            used[1] += change[1]
        return None

    def check(self) -> None:
        """Raises Overrun where a limit is passed without an excuse, or sums do not agree."""
        sums: dict[tuple[int, str], list[int]] = {}
        for job in self.jobs:
            parts = [(*job.hold, LOCAL)] if job.hold else []
            for day, held, provider in parts:
                for scope in scopes(provider):
                    sums.setdefault((day, scope), [0, 0])[0] += held
            for call in job.calls.values():
                for scope in scopes(call.provider):
                    total = sums.setdefault((call.day, scope), [0, 0])
                    total[call.state != "open"] += call.cost if call.state != "open" else call.held
        for key, used in self.used.items():
            if used != sums.get(key, [0, 0]):
                raise Overrun(f"{key}: the budget has {used}, calls and holds {sums.get(key)}")
            if key not in self.excused and sum(used) > self.limits.get(key[1], sum(used)):
                raise Overrun(f"{key}: {used} is more than {self.limits[key[1]]}")


def scopes(provider: str) -> tuple[str, str, str]:
    """Returns the scopes of a provider's call; there is one user."""
    return ("global", f"provider:{provider}", "user")


Choose = Callable[[Book, Random], Step]


def _a_call(book: Book, chance: Random, what: str) -> Step | None:
    keys = [(n, *key) for n, job in enumerate(book.jobs) for key in job.calls]
    if not keys:
        return None
    number, attempt, name = chance.choice(keys)
    held = book.jobs[number].calls[attempt, name].held
    cost = chance.choice((0, held // 2, held, held, held + 7))
    return Step(what, number, attempt, name, micros=cost, flag=chance.random() < 0.4)


def _a_job(book: Book, chance: Random, what: str, status: tuple[str, ...]) -> Step | None:
    fitting = [number for number, job in enumerate(book.jobs) if job.status in status]
    if not fitting:
        return None
    number = chance.choice(fitting)
    attempt = book.jobs[number].attempt - (chance.random() < 0.1 and what != "crash")
    return Step(
        what,
        number,
        attempt,
        name=chance.choice(CALLS + CALLS[:1]),
        provider=chance.choice(PROVIDERS),
        micros=chance.choice((0, 20, 40, 60)) if what == "complete" else chance.choice((20, 40)),
        most=chance.choice((None, None, 70)),
    )


_WEIGHTS = {
    "submit": 6, "claim": 6, "begin": 8, "settle": 3, "unbill": 1, "lose_answer": 1,
    "complete": 4, "fail": 1, "give_back": 2, "crash": 2, "cancel": 1, "retry": 2, "limit": 1,
    "midnight": 1,
}  # fmt: skip
_OF_STATUS = {
    "claim": ("queued",),
    "begin": ("processing",),
    "complete": ("processing",),
    "fail": ("processing",),
    "give_back": ("processing",),
    "crash": ("processing",),
    "cancel": OPEN,
    "retry": ("failed", "cancelled"),
}


def steps(book: Book, chance: Random, count: int = _STEPS) -> Iterator[Step]:
    """Yields random steps that can happen to the book as it is at each of them."""
    names, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    for _ in range(count):
        [what] = chance.choices(names, weights)
        step: Step | None
        if what == "submit":
            step = Step(what, micros=chance.choice((0, 20, 40)))
        elif what == "limit":
            scope = chance.choice(("global", "user", *(f"provider:{p}" for p in PROVIDERS)))
            step = Step(what, name=scope, micros=chance.choice((0, 50, 100, 150)))
        elif what == "midnight":
            step = Step(what)
        elif what in _OF_STATUS:
            step = _a_job(book, chance, what, _OF_STATUS[what])
        else:
            step = _a_call(book, chance, what)
        if step is not None:
            yield step


def play(seed: int, *, holds: bool = True) -> None:
    """Plays one random interleaving in memory; raises Overrun."""
    chance = Random(seed)
    book = Book(chance.choice((60, 100, 140)), holds=holds)
    for step in steps(book, chance):
        book.apply(step)
        book.check()


def first_overrun(runs: int, *, holds: bool = True) -> tuple[int, Overrun] | None:
    """Returns the seed of the first interleaving that overruns a budget, if one does."""
    for seed in range(runs):
        try:
            play(seed, holds=holds)
        except Overrun as overrun:
            return seed, overrun
    return None


def main() -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.money_model", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    options = parser.parse_args()
    began = time.monotonic()
    found = first_overrun(options.runs)
    if found is not None:
        print(f"seed {found[0]}: {found[1]}", file=sys.stderr)
        return 1
    print(f"{options.runs:,} interleavings in {time.monotonic() - began:.0f} s, no overrun")
    return 0


if __name__ == "__main__":
    sys.exit(main())
