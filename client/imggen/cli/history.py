"""The history of a job as lines for people."""

from collections.abc import Iterable, Iterator

from google.protobuf.timestamp_pb2 import Timestamp

from imggen.cli.routes import route_lines
from imggen.cli.timings import stage_told, step_lines
from imggen.errors import reason_name
from imggen.fields import short_name
from imggen.rules.money import exactly
from imggen.v1.admin_pb2 import (
    AdminAction,
    AdminActionKind,
    GetJobHistoryResponse,
    JobAttempt,
    MoneyMovement,
)
from imggen.v1.budget_pb2 import BookedCall, CallKind
from imggen.v1.job_pb2 import Job, JobError, JobKind, JobStatus


def history_lines(found: GetJobHistoryResponse) -> Iterator[str]:
    """Yields a history: the job, the choice at its admission, its attempts, and its money."""
    yield from _job(found.job, found.user_id)
    yield "admitted:"
    yield from _indented(route_lines(found.admitted))
    for attempt in found.attempts:
        yield from _attempt(attempt)
    if found.movements:
        yield "money:"
        yield from _indented(map(_movement, found.movements))
    if found.actions:
        yield "admins:"
        yield from _indented(map(_action, found.actions))


def _job(job: Job, user_id: str) -> Iterator[str]:
    yield f"job {job.job_id} of user {user_id}: {short_name(JobKind, job.kind)}, {_ended(job)}"
    times = [f"admitted {_time(job.created_at)}"]
    if job.HasField("started_at"):
        times.append(f"first started {_time(job.started_at)}")
    if job.HasField("completed_at"):
        times.append(f"ended {_time(job.completed_at)}")
    yield f"  {', '.join(times)}"
    yield (
        f"  priority {job.priority}, {job.retry_count} of {job.max_retries} retries,"
        f" cost {exactly(job.actual_cost_micros, 'nothing')}"
    )
    for name, value in (("batch", job.batch_id), ("story", job.story_id), ("image", job.image_id)):
        if value:
            yield f"  {name} {value}"


def _ended(job: Job) -> str:
    status = short_name(JobStatus, job.status)
    if job.cancel_requested and not job.HasField("completed_at"):
        status += ", its cancel was requested"
    return f"{status}: {_error(job.error)}" if job.HasField("error") else status


def _attempt(one: JobAttempt) -> Iterator[str]:
    ended = f"{one.outcome}: {_error(one.error)}" if one.HasField("error") else one.outcome
    yield f"attempt {one.attempt}, {ended}"
    times = f"from {_time(one.started_at)}"
    if one.HasField("finished_at"):
        took = one.finished_at.ToDatetime() - one.started_at.ToDatetime()
        times += f" for {took.total_seconds():.1f} s"
    yield f"  {one.model} ({one.provider}) by worker {one.worker}, {times}"
    if one.stage_timings:
        yield f"  stages: {', '.join(map(stage_told, one.stage_timings))}"
        yield from _indented(step_lines(one.stage_timings))
    yield from _indented(route_lines(one.route))
    yield from _indented(map(_call, one.calls))


def _call(call: BookedCall) -> str:
    """Returns a paid call: what it was made for, what it held, and what it counts as."""
    unknown = ", its outcome is unknown" if call.outcome_unknown else ""
    given = f", {call.provider_request_id}" if call.provider_request_id else ""
    return (
        f"call {short_name(CallKind, call.kind)} of {call.model} ({call.provider}) at"
        f" {_time(call.started_at)}: held {exactly(call.held_micros, 'nothing')}, cost"
        f" {exactly(call.cost_micros, 'nothing')}{unknown}{given}"
    )


def _movement(one: MoneyMovement) -> str:
    what = f"call {short_name(CallKind, one.call)}" if one.call else "job"
    return (
        f"{_time(one.at)} {one.kind} for the {what}, attempt {one.attempt} ({one.reason}),"
        f" {one.model} ({one.provider}) on {one.day}: held {_change(one.held_micros)},"
        f" spent {_change(one.spent_micros)}"
    )


def _action(one: AdminAction) -> str:
    kind = short_name(AdminActionKind, one.kind).replace("_", " ")
    return f"{_time(one.at)} {kind} ({one.target}) by {one.by_user_id}"


def _change(micros: int) -> str:
    sign = "-" if micros < 0 else "+"
    return f"{sign}{exactly(abs(micros))}" if micros else "as before"


def _error(error: JobError) -> str:
    return ": ".join(
        filter(None, (reason_name(error.reason) if error.reason else "", error.message))
    )


def _time(stamp: Timestamp) -> str:
    return f"{stamp.ToDatetime():%Y-%m-%d %H:%M:%S}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
