"""The command that shows operators what the whole installation does, once or live."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, timedelta
from threading import Event
from typing import NamedTuple

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from imggen.cli.consoles import console, echo, on_terminal
from imggen.cli.durations import spoken
from imggen.cli.options import Finite
from imggen.cli.session import Session, connected
from imggen.cli.tables import tables
from imggen.errors import DeadlineExceeded, Unavailable
from imggen.fields import short_name
from imggen.rules.money import dollars
from imggen.v1.admin_pb2 import (
    BreakerOverview,
    GetOverviewResponse,
    Lane,
    LaneOverview,
    WorkerOverview,
)
from imggen.v1.budget_pb2 import Budget
from imggen.v1.job_pb2 import Stage

_FULL_PERCENT = 100


class Part(NamedTuple):
    """A table of the overview."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@click.command()
@click.option("--once", is_flag=True, help="Print it once, as where the output is no terminal.")
@click.option(
    "--every",
    type=Finite(min=0.5, max=3_600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often it is read again.",
)
@connected
def top(session: Session, once: bool, every: float) -> None:
    """Show what the whole installation does, live; needs the role admin.

    The jobs that wait by lane, the workers and their slots, pictures an hour, what is spent of
    today's budgets, and the providers that are not well. LATER are jobs that wait for a time, after
    a failure or for a provider. Ctrl-C ends it.

    \b
    Examples:
      imggen top
      imggen top --once
      imggen top --json | jq '.overview.lanes[] | {lane, waitingJobs, slots}'
    """
    found = session.client.get_overview()
    screen = console()
    # FORCE_COLOR and the like make rich call a pipe a terminal, in which this would never end.
    if once or session.json or not (on_terminal() and screen.is_terminal):
        session.document(*headlines(found), overview=found)
        for part in () if session.json else parts(found):
            echo()
            session.table(part.columns, part.rows)
        return
    follow(screen, found, session.client.get_overview, lambda: Event().wait(every))


def follow(
    console: Console,
    found: GetOverviewResponse,
    read: Callable[[], GetOverviewResponse],
    pause: Callable[[], object],
) -> None:
    """Shows an overview on a whole terminal, and reads it again after each pause, until Ctrl-C.

    While the server is away or too slow, what was read last stays, and a line says so.
    """
    away = ""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(_screen(console, found, away), refresh=True)
                pause()
                try:
                    found, away = read(), ""
                except (Unavailable, DeadlineExceeded) as error:
                    away = f"no answer since then: {error.message}"
        except KeyboardInterrupt:
            return


def headlines(found: GetOverviewResponse) -> Iterator[str]:
    """Yields what is said in words: pictures an hour, the slowest stage, the oldest job."""
    yield f"{found.observed_at.ToDatetime():%Y-%m-%d %H:%M:%S} UTC"
    yield f"pictures in the last hour: {found.pictures_last_hour}{_slowest(found)}"
    if found.HasField("oldest_job"):
        job = found.oldest_job
        waited = found.observed_at.ToDatetime(UTC) - job.queued_at.ToDatetime(UTC)
        yield (
            f"oldest job: {job.job_id} of user {job.user_id} waits {_spoken(waited)}"
            f" in {short_name(Lane, job.lane)}"
        )
    if found.needing_jobs:
        yield f"{found.needing_jobs} more wait for other jobs of their batches"


def parts(found: GetOverviewResponse) -> list[Part]:
    """Returns the tables: lanes, workers, budgets, and the providers that are not well."""
    lanes = ("LANE", "WAITING", "LATER", "RUNNING", "SLOTS", "OLDEST", "LAST HOUR")
    shown = [
        Part(lanes, [_lane(one) for one in found.lanes]),
        Part(("WORKER", "RUNNING", "NOTES"), [_worker(one) for one in found.workers]),
        Part(("BUDGET", "LIMIT", "HELD", "SPENT", "USED"), [_budget(one) for one in found.budgets]),
        Part(
            ("NOT WELL", "HEALTH", "FAILURES", "UNTIL", "REASON"),
            [_breaker(one) for one in found.breakers],
        ),
    ]
    return [part for part in shown if part.rows]


def _screen(console: Console, found: GetOverviewResponse, away: str) -> Group:
    lines = [*headlines(found), *([away] if away else [])]
    shown = [one for part in parts(found) for one in ("", *tables(*part, console.size.width))]
    return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines), *shown)


def _slowest(found: GetOverviewResponse) -> str:
    if not found.stages:
        return ""
    whole = sum((one.mean_duration.ToTimedelta() for one in found.stages), timedelta())
    first = found.stages[0]
    return (
        f"; the slowest stage is {short_name(Stage, first.stage)},"
        f" {first.mean_duration.ToTimedelta().total_seconds():.1f} s"
        f" of {whole.total_seconds():.1f} s a picture"
    )


def _lane(one: LaneOverview) -> tuple[str, ...]:
    oldest = _spoken(one.oldest_wait.ToTimedelta()) if one.HasField("oldest_wait") else "-"
    numbers = (one.waiting_jobs, one.delayed_jobs, one.running_jobs, one.slots)
    paused = " (paused)" if one.HasField("paused_at") else ""
    return (
        f"{short_name(Lane, one.lane)}{paused}",
        *map(str, numbers),
        oldest,
        str(one.completed_last_hour),
    )


def _worker(one: WorkerOverview) -> tuple[str, ...]:
    running = ", ".join(
        f"{short_name(Lane, lane.lane)} {lane.running_jobs} of {lane.slots}" for lane in one.lanes
    )
    cold = one.cold_start.ToTimedelta() if one.HasField("cold_start") else None
    notes = ["drains, claims no more"] if one.draining else []
    if cold is not None:
        notes.append(f"its model starts in {_spoken(cold)}")
    return one.name, running, "; ".join(notes)


def _budget(one: Budget) -> tuple[str, ...]:
    used = one.held_micros + one.spent_micros
    if not one.HasField("limit_micros"):
        limit, share = "none", "-"
    elif one.limit_micros:
        limit, share = dollars(one.limit_micros), f"{used * _FULL_PERCENT / one.limit_micros:.0f} %"
    else:
        limit, share = "$0", f"{_FULL_PERCENT} %"
    return one.scope, limit, dollars(one.held_micros, "$0"), dollars(one.spent_micros, "$0"), share


def _breaker(one: BreakerOverview) -> tuple[str, ...]:
    until = f"{one.until.ToDatetime():%H:%M:%S}" if one.HasField("until") else "-"
    name = f"{one.provider} {one.model}".rstrip()
    return name, one.health, str(one.failures), until, one.reason


def _spoken(length: timedelta) -> str:
    return spoken(max(length, timedelta(0)))
