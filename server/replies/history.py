"""The history of a job as messages."""

from imggen.v1 import admin_pb2, budget_pb2, job_pb2
from server.domain.history import JobAttempt, JobHistory, Movement
from server.domain.ids import UserId
from server.domain.jobs import Failure
from server.replies.actions import action
from server.replies.budgets import CALL_KINDS, booked_call
from server.replies.messages import job_error, stage_timings
from server.replies.routes import route_message


def history(found: JobHistory, job: job_pb2.Job, reader: UserId) -> admin_pb2.GetJobHistoryResponse:
    """Returns a history as a message, with the message of its job.

    A reader whose job it is not gets no words of its page, and no metadata of its caller.
    """
    if found.job.user_id != reader:
        job.ClearField("not_drawn")
        job.ClearField("unsure")
        job.ClearField("metadata")
    return admin_pb2.GetJobHistoryResponse(
        job=job,
        user_id=str(found.job.user_id),
        admitted=route_message(found.admitted, found.job.reused_from),
        attempts=[_attempt(one) for one in found.attempts],
        movements=[_movement(one) for one in found.movements],
        actions=[action(one) for one in found.actions],
    )


def _attempt(one: JobAttempt) -> admin_pb2.JobAttempt:
    message = admin_pb2.JobAttempt(
        attempt=one.attempt,
        worker=one.worker,
        provider=one.provider,
        model=one.model,
        outcome=one.outcome,
        error=_error(one),
        stage_timings=stage_timings(one.stage_ms, one.step_times),
        route=route_message(one.route),
        calls=[booked_call(call) for call in one.calls],
    )
    message.started_at.FromDatetime(one.started_at)
    if one.finished_at is not None:
        message.finished_at.FromDatetime(one.finished_at)
    return message


def _error(one: JobAttempt) -> job_pb2.JobError | None:
    if one.reason:
        return job_error(Failure(one.reason, one.error))
    return job_pb2.JobError(message=one.error) if one.error else None


def _movement(one: Movement) -> admin_pb2.MoneyMovement:
    message = admin_pb2.MoneyMovement(
        kind=one.kind,
        reason=one.reason,
        attempt=one.attempt,
        call=CALL_KINDS[one.call] if one.call else budget_pb2.CALL_KIND_UNSPECIFIED,
        provider=one.provider,
        model=one.model,
        day=one.day.isoformat(),
        held_micros=one.held_micros,
        spent_micros=one.spent_micros,
    )
    message.at.FromDatetime(one.at)
    return message
