"""The commands of operators; all of them need the role admin."""

import click

from imggen.cli.consoles import confirm, echo
from imggen.cli.history import history_lines
from imggen.cli.options import options
from imggen.cli.pasting import pasted
from imggen.cli.session import Session, connected
from imggen.fields import LaneName, short_name, short_names
from imggen.v1.admin_pb2 import AdminAction, AdminActionKind, Lane, RequeueJobsResponse

_LONG_S = 600.0
"""How long an action on many jobs may take."""

_yes = click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
_dry_run = click.option("--dry-run", is_flag=True, help="Show the count, and change nothing.")
_asking = options(_yes, _dry_run)


@click.group()
def admin() -> None:
    """See and steer all users' jobs; needs the role admin.

    What changes the jobs of others shows how many and asks; --yes does not ask. All of it is
    audited: `imggen admin log`.
    """


@admin.command()
@click.argument("job_id")
@connected
def history(session: Session, job_id: str) -> None:
    """Show all that is known of a job: choices, attempts, stages, calls and money.

    \b
    Example:
      imggen admin history JOB_ID
    """
    found = session.client.get_job_history(job_id)
    session.document(
        *history_lines(found),
        job=found.job,
        userId=found.user_id,
        admitted=found.admitted,
        attempts=found.attempts,
        movements=found.movements,
        actions=found.actions,
    )


@admin.command()
@click.argument("user_id")
@_asking
@connected
def cancel(session: Session, user_id: str, yes: bool, dry_run: bool) -> None:
    """Cancel all jobs of a user that wait or run.

    Those that wait end at once, those that run before their next step.

    \b
    Example:
      imggen admin cancel USER_ID
    """
    client = session.client.with_timeout(_LONG_S)
    counted = client.cancel_jobs(user_id, dry_run=True)
    _told(f"open jobs of user {user_id}: {counted.jobs}")
    if not _goes_on(counted.jobs, "Cancel", yes=yes, dry_run=dry_run):
        session.document(result=counted)
        return
    done = client.cancel_jobs(user_id)
    session.document(f"{_jobs(done.jobs)} cancelled, or asked to stop", result=done)


@admin.command()
@click.argument("job_ids", nargs=-1)
@click.option("--user", "user_id", default="", metavar="USER_ID", help="All failed jobs of a user.")
@click.option(
    "--repeat-unknown-calls",
    is_flag=True,
    help="Also jobs with a paid call whose outcome is unknown: another one may be billed twice.",
)
@_asking
@connected
def requeue(
    session: Session,
    job_ids: tuple[str, ...],
    user_id: str,
    repeat_unknown_calls: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Queue failed jobs again: some, or all of a user.

    In a batch, those that they need are queued, too. Their prices are held in the budgets; it stops
    where one does not cover the next, and may be repeated.

    \b
    Examples:
      imggen admin requeue --user USER_ID
      imggen admin requeue JOB_ID JOB_ID --yes
    """
    if bool(job_ids) == bool(user_id):
        raise click.UsageError("give the ids of jobs, or --user")
    client, allowed = session.client.with_timeout(_LONG_S), repeat_unknown_calls
    counted = client.requeue_jobs(
        job_ids, user_id=user_id, allow_unknown_calls=allowed, dry_run=True
    )
    _told(f"failed jobs that can be queued again: {counted.jobs}")
    _told(*left_alone(counted))
    if job_ids and not counted.jobs and not counted.skipped_jobs:
        _told("none of the named jobs is there and has failed; `imggen admin history` shows each")
    if not _goes_on(counted.jobs, "Queue", yes=yes, dry_run=dry_run):
        session.document(result=counted)
        return
    done = client.requeue_jobs(job_ids, user_id=user_id, allow_unknown_calls=allowed)
    stopped = [f"it stopped before the others: {done.stopped}"] if done.stopped else []
    session.document(f"{_jobs(done.jobs)} queued again", *stopped, result=done)


_lane = click.argument("lane", type=click.Choice(list(short_names(Lane))[1:]))


@admin.command()
@_lane
@connected
def pause(session: Session, lane: LaneName) -> None:
    """Pause a lane: nothing more is claimed there until it is resumed.

    Jobs that run go on. Jobs are still admitted: those that another lane may draw are drawn there,
    within their limits, even if that costs more; the others wait, and say that they are paused.
    While read is paused, pictures are drawn as before, and a plan (imggen story FILE --plan) waits
    for its pages until its deadline.

    \b
    Example:
      imggen admin pause hosted
    """
    done = session.client.pause_lane(lane)
    said = "is paused" if done else "was paused already"
    session.document(f"lane {lane} {said}", actions=[done] if done else [])


@admin.command()
@_lane
@connected
def resume(session: Session, lane: LaneName) -> None:
    """Resume a paused lane.

    \b
    Example:
      imggen admin resume hosted
    """
    done = session.client.resume_lane(lane)
    said = "is resumed" if done else "was not paused"
    session.document(f"lane {lane} {said}", actions=[done] if done else [])


@admin.command()
@click.argument("worker")
@connected
def drain(session: Session, worker: str) -> None:
    """Tell a worker to claim no more: it finishes what it runs, and may then be stopped.

    `imggen top` shows the names of workers, and what each still runs. Only a restart ends it.

    \b
    Example:
      imggen admin drain WORKER
    """
    done = session.client.drain_worker(worker)
    said = "claims no more" if done else "drained already"
    session.document(f"worker {worker} {said}", actions=[done] if done else [])


@admin.command()
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@connected
def log(session: Session, most: int) -> None:
    """List what admins did, the newest first.

    \b
    Example:
      imggen admin log
    """
    pages = session.client.list_admin_actions(page_size=min(most, 100))
    found = [one for _, one in zip(range(most), pages, strict=False)]
    session.table(
        ("TIME", "ADMIN", "ACTION", "TARGET", "JOBS", "NOTES"), map(_row, found), actions=found
    )


def _row(one: AdminAction) -> tuple[str, ...]:
    return (
        f"{one.at.ToDatetime():%Y-%m-%d %H:%M:%S}",
        one.by_user_id,
        short_name(AdminActionKind, one.kind).replace("_", " "),
        one.target,
        str(one.jobs),
        "unknown calls repeated" if one.allow_unknown_calls else "",
    )


def left_alone(counted: RequeueJobsResponse) -> list[str]:
    """Returns which failed jobs are left alone, and why."""
    others = counted.skipped_jobs - counted.unknown_call_jobs
    lines = []
    if counted.unknown_call_jobs:
        lines.append(
            f"left alone, as the outcome of a paid call is unknown: {counted.unknown_call_jobs}"
            f" (see {pasted('budget', 'calls')}; --repeat-unknown-calls queues them, too)"
        )
    if others:
        lines.append(f"left alone, as what they need cannot be drawn again: {others}")
    return lines


def _goes_on(jobs: int, verb: str, *, yes: bool, dry_run: bool) -> bool:
    """Returns whether to change so many jobs: asks, unless there are none, or `yes` says so.

    Raises:
        ClickException: Nobody answered, or the answer was no.
    """
    if dry_run or not jobs:
        return False
    if yes:
        return True
    try:
        agreed = confirm(f"{verb} {'it' if jobs == 1 else 'them'}?")
    except click.Abort:
        raise click.ClickException("nobody answered; give --yes to do it without asking") from None
    if not agreed:
        raise click.ClickException("nothing was changed")
    return True


def _jobs(count: int) -> str:
    return f"{count} {'job' if count == 1 else 'jobs'}"


def _told(*lines: str) -> None:
    """Says something that is not the result of the command."""
    for line in lines:
        echo(line, err=True)
