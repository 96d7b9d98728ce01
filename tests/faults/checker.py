"""The checker: finds the rules that a history breaks."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.faults.history import ENDED, History, Seen
from tests.faults.rules import Rule


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: its name, the job, and how it was broken."""

    rule: Rule
    job: str
    how: str


def check(history: History) -> list[Violation]:
    """Returns every violation."""
    return [violation for rule in RULES for violation in rule(history)]


def ends_once(history: History) -> Iterator[Violation]:
    """Yields the acknowledged jobs that have not ended, or ended more often than they started."""
    status = {row.job: row.status for row in history.rows}
    ends = Counter(move.job for move in history.moves if move.after in ENDED)
    starts = Counter(history.retries)
    for job in sorted(history.acknowledged()):
        if job not in status:
            yield Violation(Rule.LOST, job, "was acknowledged, but does not exist")
        elif status[job] not in ENDED:
            yield Violation(Rule.LOST, job, f"has not ended: {status[job]}")
        elif ends[job] != 1 + starts[job]:
            yield Violation(
                Rule.ENDS, job, f"was started {1 + starts[job]} times and ended {ends[job]} times"
            )


def one_result(history: History) -> Iterator[Violation]:
    """Yields the jobs with more than one committed result."""
    results = Counter(move.job for move in history.moves if move.after == "completed")
    for job, count in results.items():
        if count > 1:
            yield Violation(Rule.RESULTS, job, f"has {count} committed results")


def only_the_holder_ends(history: History) -> Iterator[Violation]:
    """Yields the ends that were accepted from an attempt that no longer held its job."""
    completed = {(move.job, move.attempt) for move in history.moves if move.after == "completed"}
    left = {(move.job, move.attempt) for move in history.moves if move.before == "processing"}
    for action in history.done("accepted"):
        ended = completed if action.detail == "completed" else left
        if (action.job, action.attempt) not in ended:
            yield Violation(
                Rule.FENCE, action.job, f"attempt {action.attempt} wrote {action.detail}"
            )
    for asset in history.assets:
        if asset.key.count("/") == 3 and asset.key.split("/")[2] != str(asset.attempt):
            yield Violation(Rule.FENCE, asset.job, f"attempt {asset.attempt} has {asset.key}")


def one_asset_of_a_kind(history: History) -> Iterator[Violation]:
    """Yields the attempts and jobs that stored a kind of asset more than once."""
    kinds = Counter((asset.job, asset.attempt, asset.kind) for asset in history.assets)
    for (job, attempt, kind), count in kinds.items():
        if count > 1:
            yield Violation(Rule.ASSETS, job, f"attempt {attempt} stored {kind} {count} times")
    images = Counter((asset.job, asset.kind) for asset in history.assets)
    for (job, kind), count in images.items():
        if count > 1:
            yield Violation(Rule.ASSETS, job, f"has {count} of {kind}")


def one_paid_call(history: History) -> Iterator[Violation]:
    """Yields the attempts that generated, or were paid for, more than once.

    A render counts as a paid call, since it would be one of a hosted provider.
    """
    for what, effects in (
        ("generated", [(action.job, action.attempt) for action in history.done("rendering")]),
        ("was paid", [(paid.job, paid.attempt) for paid in history.payments]),
        ("was sent", [(sent.job, sent.attempt) for sent in history.sent]),
    ):
        for (job, attempt), count in Counter(effects).items():
            if count > 1:
                yield Violation(Rule.PAID, job, f"attempt {attempt} {what} {count} times")


def one_job_of_a_request(history: History) -> Iterator[Violation]:
    """Yields the request_ids that made more than one job."""
    jobs: dict[str, set[str]] = {}
    for submit in history.submits:
        if submit.job:
            jobs.setdefault(submit.request_id, set()).add(submit.job)
    for row in history.rows:
        if row.request_id:
            jobs.setdefault(row.request_id, set()).add(row.job)
    for request, made in jobs.items():
        if len(made) > 1:
            yield Violation(Rule.REQUEST, min(made), f"request {request} made {len(made)} jobs")


def watches_go_forward(history: History) -> Iterator[Violation]:
    """Yields the watches that saw a job go back to an older attempt, or within one.

    A queued job may show less progress than its lost attempt did: a database crash may lose the
    last reports.
    """
    watches: dict[int, list[Seen]] = {}
    for seen in history.seen:
        watches.setdefault(seen.watch, []).append(seen)
    for snapshots in watches.values():
        for earlier, later in pairwise(snapshots):
            if later.attempt < earlier.attempt:
                yield Violation(Rule.WATCH, later.job, f"{_rank(later)} after {_rank(earlier)}")
        for earlier, later in pairwise(seen for seen in snapshots if not seen.queued):
            if _rank(later) < _rank(earlier):
                yield Violation(Rule.WATCH, later.job, f"{_rank(later)} after {_rank(earlier)}")


def in_lanes_while_waiting(history: History) -> Iterator[Violation]:
    """Yields the jobs that stand in lanes where they should not, or miss in some."""
    for job in history.out_of_step:
        yield Violation(Rule.LANES, job, "has other rows of job_lanes than its state asks for")


def within_budgets(history: History) -> Iterator[Violation]:
    """Yields the growth of budgets beyond their limits; a cost above its hold is booked in full.

    A limit that was lowered may be below what is held and spent, which then does not grow.
    """
    for use in history.uses:
        over = use.limit is not None and use.before < use.after and use.after > use.limit
        if over and use.day not in history.days_above_hold:
            yield Violation(
                Rule.BUDGET, use.scope, f"{use.day}: {use.after} held and spent of {use.limit}"
            )


def ledger_within_budgets(history: History) -> Iterator[Violation]:
    """Yields the movements of the ledger after which a budget is above its limit."""
    used: Counter[tuple[str, str]] = Counter()
    for move in history.ledger:
        used[move.scope, move.day] += move.micros
        total, limit = used[move.scope, move.day], history.limits.get(move.scope)
        over = limit is not None and move.micros > 0 and total > limit
        if over and move.day not in history.days_above_hold:
            yield Violation(
                Rule.BUDGET, move.scope, f"{move.day}: the ledger has {total} of {limit}"
            )


def every_call_is_booked(history: History) -> Iterator[Violation]:
    """Yields the calls that are booked at less than they cost, and what ended jobs still hold.

    A cost that was computed is exact; an estimate is never less than the cost.
    """
    booked = {(one.job, one.attempt): one for one in history.bookings}
    charged = {one.request: one.charged_micros for one in history.sent}
    for sent in history.sent:
        found = booked.get((sent.job, sent.attempt))
        if found is None:
            yield Violation(Rule.BOOKED, sent.job, f"attempt {sent.attempt} has no call")
        elif found.cost_micros < sent.charged_micros and found.state != "open":
            costs = f"costs {sent.charged_micros}, not {found.cost_micros} as {found.state}"
            yield Violation(Rule.BOOKED, sent.job, f"attempt {sent.attempt} {costs}")
    for one in history.bookings:
        exact = one.state == "settled" and not one.estimated
        if exact and charged.get(one.request) != one.cost_micros:
            costs = f"is booked at {one.cost_micros} for {one.request or 'no request'}"
            yield Violation(Rule.BOOKED, one.job, f"attempt {one.attempt} {costs}")
    ended = {row.job for row in history.rows if row.status in ENDED}
    left = {one.job for one in history.bookings if one.state == "open"} | set(history.holding)
    for job in sorted(ended & left):
        yield Violation(Rule.BOOKED, job, "has ended, but holds money")


def sums_agree(history: History) -> Iterator[Violation]:
    """Yields where budgets, calls and ledger do not agree."""
    for difference in history.differences:
        yield Violation(Rule.SUMS, "", difference)


def _rank(seen: Seen) -> tuple[int, bool, float]:
    return (seen.attempt, seen.ended, seen.fraction)


RULES: tuple[Callable[[History], Iterator[Violation]], ...] = (
    ends_once,
    one_result,
    only_the_holder_ends,
    one_asset_of_a_kind,
    one_paid_call,
    one_job_of_a_request,
    watches_go_forward,
    in_lanes_while_waiting,
    within_budgets,
    ledger_within_budgets,
    sums_agree,
    every_call_is_booked,
)
"""Every rule that the checker applies to all histories."""


def rendered_again(history: History) -> int:
    """Returns the number of renders beyond the first of each job."""
    renders = Counter(action.job for action in history.done("rendering"))
    return sum(renders.values()) - len(renders)
