"""What operators see of the whole installation, as messages."""

from imggen.v1 import admin_pb2
from server.domain.health import HealthState, ProviderHealth
from server.domain.overview import LaneOverview, OldestJob, Overview, WorkerOverview
from server.domain.states import Lane
from server.replies.budgets import budget
from server.replies.messages import STAGE

LANE = {lane: admin_pb2.Lane.Value(f"LANE_{lane.name}") for lane in Lane}
"""The lanes as the contract names them."""


def overview(found: Overview) -> admin_pb2.GetOverviewResponse:
    """Returns an overview as a message."""
    message = admin_pb2.GetOverviewResponse(
        lanes=[_lane(one) for one in found.lanes],
        needing_jobs=found.needing,
        workers=[_worker(one) for one in found.workers],
        pictures_last_hour=found.pictures_last_hour,
        budgets=[budget(one) for one in found.budgets],
        breakers=[_breaker(one) for one in found.health if one.state is not HealthState.WELL],
        oldest_job=None if found.oldest is None else _oldest(found.oldest),
    )
    message.observed_at.FromDatetime(found.now)
    for stage, mean in sorted(found.stages.items(), key=lambda one: one[1], reverse=True):
        message.stages.add(stage=STAGE[stage]).mean_duration.FromTimedelta(mean)
    return message


def _lane(found: LaneOverview) -> admin_pb2.LaneOverview:
    message = admin_pb2.LaneOverview(
        lane=LANE[found.lane],
        waiting_jobs=found.waiting,
        delayed_jobs=found.delayed,
        running_jobs=found.running,
        slots=found.slots,
        completed_last_hour=found.completed_last_hour,
        paused_by_user_id=str(found.paused_by or ""),
    )
    if found.paused_at is not None:
        message.paused_at.FromDatetime(found.paused_at)
    if found.oldest_wait is not None:
        message.oldest_wait.FromTimedelta(found.oldest_wait)
    return message


def _worker(found: WorkerOverview) -> admin_pb2.WorkerOverview:
    lanes = [
        admin_pb2.LaneSlots(
            lane=LANE[lane], slots=found.slots.get(lane, 0), running_jobs=found.running.get(lane, 0)
        )
        for lane in Lane
        if lane in found.slots or lane in found.running
    ]
    message = admin_pb2.WorkerOverview(name=found.name, lanes=lanes, draining=found.draining)
    if found.cold_start is not None:
        message.cold_start.FromTimedelta(found.cold_start)
    return message


def _oldest(found: OldestJob) -> admin_pb2.OldestJob:
    message = admin_pb2.OldestJob(
        job_id=str(found.job_id), user_id=str(found.user_id), lane=LANE[found.lane]
    )
    message.queued_at.FromDatetime(found.queued_at)
    return message


def _breaker(found: ProviderHealth) -> admin_pb2.BreakerOverview:
    message = admin_pb2.BreakerOverview(
        provider=found.provider,
        model=found.model,
        health=found.state,
        failures=found.failures,
        reason=found.reason,
    )
    if found.until is not None:
        message.until.FromDatetime(found.until)
    return message
