"""The checker: reads a history and says which promises it breaks."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.faults.history import ENDED, History, Seen
from tests.faults.rules import Rule


@dataclass(frozen=True, slots=True)
class Violation:
    """Is a broken promise: its name, whose job it broke, and how."""

    rule: Rule
    job: str
    how: str


def check(history: History) -> list[Violation]:
    """Returns every violation; none means that all promises were kept."""
    return [violation for rule in RULES for violation in rule(history)]


def ends_once(history: History) -> Iterator[Violation]:
    """Says which acknowledged submits have not ended, or ended more often than they were begun."""
    status = {row.job: row.status for row in history.rows}
    ends = Counter(move.job for move in history.moves if move.after in ENDED)
    begun = Counter(history.retries)
    for job in sorted(history.acknowledged()):
        if job not in status:
            yield Violation(Rule.LOST, job, "was acknowledged, and there is no such job")
        elif status[job] not in ENDED:
            yield Violation(Rule.LOST, job, f"has not ended: {status[job]}")
        elif ends[job] != 1 + begun[job]:
            yield Violation(
                Rule.ENDS, job, f"was begun {1 + begun[job]} times and ended {ends[job]} times"
            )


def one_result(history: History) -> Iterator[Violation]:
    """Says which jobs have more than one committed result."""
    results = Counter(move.job for move in history.moves if move.after == "completed")
    for job, count in results.items():
        if count > 1:
            yield Violation(Rule.RESULTS, job, f"has {count} committed results")


def only_the_holder_ends(history: History) -> Iterator[Violation]:
    """Says which ends were accepted from an attempt that did not hold the job any more."""
    completed = {(move.job, move.attempt) for move in history.moves if move.after == "completed"}
    left = {(move.job, move.attempt) for move in history.moves if move.before == "processing"}
    for deed in history.done("accepted"):
        ended = completed if deed.detail == "completed" else left
        if (deed.job, deed.attempt) not in ended:
            yield Violation(Rule.FENCE, deed.job, f"attempt {deed.attempt} wrote {deed.detail}")
    for asset in history.assets:
        if asset.key.count("/") == 3 and asset.key.split("/")[2] != str(asset.attempt):
            yield Violation(Rule.FENCE, asset.job, f"attempt {asset.attempt} has {asset.key}")


def one_asset_of_a_kind(history: History) -> Iterator[Violation]:
    """Says which attempts stored a kind more than once."""
    kinds = Counter((asset.job, asset.attempt, asset.kind) for asset in history.assets)
    for (job, attempt, kind), count in kinds.items():
        if count > 1:
            yield Violation(Rule.ASSETS, job, f"attempt {attempt} stored {kind} {count} times")
    images = Counter((asset.job, asset.kind) for asset in history.assets)
    for (job, kind), count in images.items():
        if count > 1:
            yield Violation(Rule.ASSETS, job, f"has {count} of {kind}")


def one_paid_call(history: History) -> Iterator[Violation]:
    """Says which attempts generated, or were paid for, more than once.

    There is no hosted provider yet: a render stands for the call that it would be.
    """
    for what, effects in (
        ("generated", [(deed.job, deed.attempt) for deed in history.done("rendering")]),
        ("was paid", [(paid.job, paid.attempt) for paid in history.payments]),
    ):
        for (job, attempt), count in Counter(effects).items():
            if count > 1:
                yield Violation(Rule.PAID, job, f"attempt {attempt} {what} {count} times")


def one_job_of_a_request(history: History) -> Iterator[Violation]:
    """Says which request_ids made more than one job."""
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
    """Says which watches saw a job go back to an older attempt, or within one.

    A job that waits after an attempt was lost may say less than the attempt did: what it had
    reported last may be lost with a database that crashed.
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
)
"""Is every promise that a history can break."""


def rendered_again(history: History) -> int:
    """Returns how many renders began beyond the first of each job."""
    renders = Counter(deed.job for deed in history.done("rendering"))
    return sum(renders.values()) - len(renders)
