"""The fake's servicer for operators: its one lane, its one worker, and its one user's jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import grpc.aio

from imggen.rules.budgets import role_required
from imggen.rules.checks import Checks
from imggen.testing.budgets import Budgets
from imggen.testing.feed import USER_ID
from imggen.testing.memory import Memory, now
from imggen.testing.worker import STAGES
from imggen.v1 import admin_pb2
from imggen.v1.admin_pb2 import LANE_HOSTED, LANE_LOCAL, LANE_READ
from imggen.v1.admin_pb2_grpc import AdminServiceServicer
from imggen.v1.job_pb2 import (
    JOB_STATUS_COMPLETED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    Job,
    JobStatus,
)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_SLOTS = 1_000
"""The fake's worker starts every job at once."""


class Admin(AdminServiceServicer):
    """Shows what the fake does; its one user is an admin if the fake says so."""

    def __init__(self, memory: Memory, budgets: Budgets, *, admin: bool) -> None:
        self._memory = memory
        self._budgets = budgets
        self._admin = admin

    async def GetOverview(
        self, request: admin_pb2.GetOverviewRequest, context: Context
    ) -> admin_pb2.GetOverviewResponse:
        """Returns what the fake does."""
        self._check()
        waiting, running = self._in(JOB_STATUS_QUEUED), self._in(JOB_STATUS_PROCESSING)
        local = admin_pb2.LaneOverview(
            lane=LANE_LOCAL,
            waiting_jobs=len(waiting),
            running_jobs=len(running),
            slots=_SLOTS,
            completed_last_hour=len(self._drawn_since(datetime.now(UTC) - timedelta(hours=1))),
        )
        slots = admin_pb2.LaneSlots(lane=LANE_LOCAL, slots=_SLOTS, running_jobs=len(running))
        answer = admin_pb2.GetOverviewResponse(
            observed_at=now(),
            lanes=[local, *(admin_pb2.LaneOverview(lane=one) for one in (LANE_HOSTED, LANE_READ))],
            workers=[admin_pb2.WorkerOverview(name="fake", lanes=[slots])],
            pictures_last_hour=local.completed_last_hour,
            budgets=self._budgets.of_everybody(),
        )
        if waiting:
            first = min(waiting, key=lambda job: job.created_at.ToDatetime())
            waited = datetime.now(UTC) - first.created_at.ToDatetime(UTC)
            answer.lanes[0].oldest_wait.FromTimedelta(waited)
            answer.oldest_job.MergeFrom(
                admin_pb2.OldestJob(
                    job_id=first.job_id,
                    user_id=USER_ID,
                    lane=LANE_LOCAL,
                    queued_at=first.created_at,
                )
            )
        answer.stages.extend(self._stages())
        return answer

    async def GetJobHistory(
        self, request: admin_pb2.GetJobHistoryRequest, context: Context
    ) -> admin_pb2.GetJobHistoryResponse:
        """Returns the history of a job; its calls cost nothing, so that no money moves."""
        self._check()
        checks = Checks()
        job = self._memory.jobs[checks.complete(checks.id("job_id", request.job_id, str))]
        return admin_pb2.GetJobHistoryResponse(
            job=job,
            user_id=USER_ID,
            admitted=self._memory.routes[job.job_id].admitted,
            attempts=self._memory.attempts[job.job_id],
        )

    def _check(self) -> None:
        if not self._admin:
            raise role_required("admin")

    def _in(self, status: JobStatus.ValueType) -> list[Job]:
        return [job for job in self._memory.jobs.all() if job.status == status]

    def _drawn_since(self, since: datetime) -> list[Job]:
        return [
            job
            for job in self._in(JOB_STATUS_COMPLETED)
            if job.attempt and job.completed_at.ToDatetime(UTC) > since
        ]

    def _stages(self) -> list[admin_pb2.StageOverview]:
        """Returns the mean times of the stages of all jobs, the slowest first."""
        found = []
        for stage in STAGES:
            took = [
                timing.duration.ToTimedelta()
                for job in self._in(JOB_STATUS_COMPLETED)
                for timing in job.stage_timings
                if timing.stage == stage
            ]
            if took:
                mean = sum(took, timedelta()) / len(took)
                found.append((mean, admin_pb2.StageOverview(stage=stage)))
                found[-1][1].mean_duration.FromTimedelta(mean)
        return [message for _, message in sorted(found, key=lambda one: one[0], reverse=True)]
