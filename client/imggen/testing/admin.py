"""The fake's servicer for operators: its one lane, its one worker, and its one user's jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import grpc.aio

from imggen.fields import short_name
from imggen.rules.admin import (
    Target,
    read_lane,
    read_target,
    read_worker,
    target_of,
    target_of_lane,
    unknown_worker,
)
from imggen.rules.budgets import role_required
from imggen.rules.checks import Checks
from imggen.rules.paging import read_page
from imggen.testing.batches import Batches
from imggen.testing.budgets import Budgets
from imggen.testing.feed import USER_ID
from imggen.testing.lists import page_of
from imggen.testing.memory import Memory, new_id, now, read_key
from imggen.testing.worker import LANE, STAGES, UPSCALE_LANE, Worker, lane_of
from imggen.v1 import admin_pb2
from imggen.v1.admin_pb2 import (
    ADMIN_ACTION_KIND_CANCEL_JOBS,
    ADMIN_ACTION_KIND_DRAIN_WORKER,
    ADMIN_ACTION_KIND_PAUSE_LANE,
    ADMIN_ACTION_KIND_REQUEUE_JOBS,
    ADMIN_ACTION_KIND_RESUME_LANE,
    LANE_HOSTED,
    LANE_LOCAL,
    LANE_READ,
    LANE_UPSCALE,
    AdminActionKind,
    Lane,
)
from imggen.v1.admin_pb2_grpc import AdminServiceServicer
from imggen.v1.job_pb2 import (
    JOB_STATUS_COMPLETED,
    JOB_STATUS_FAILED,
    JOB_STATUS_PROCESSING,
    JOB_STATUS_QUEUED,
    Job,
    JobStatus,
)
from imggen.watching import has_ended

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_WORKER = "fake"
_SLOTS = 1_000
"""The fake's worker starts every job at once."""


class Admin(AdminServiceServicer):
    """Shows what the fake does; its one user is an admin if the fake says so."""

    def __init__(
        self, memory: Memory, worker: Worker, batches: Batches, budgets: Budgets, *, admin: bool
    ) -> None:
        self._memory = memory
        self._worker = worker
        self._batches = batches
        self._budgets = budgets
        self._admin = admin

    async def GetOverview(
        self, request: admin_pb2.GetOverviewRequest, context: Context
    ) -> admin_pb2.GetOverviewResponse:
        """Returns what the fake does."""
        self._check()
        waiting, running = (
            [job for job in self._in(status) if lane_of(job) == LANE]
            for status in (JOB_STATUS_QUEUED, JOB_STATUS_PROCESSING)
        )
        local = admin_pb2.LaneOverview(
            lane=LANE_LOCAL,
            waiting_jobs=len(waiting),
            running_jobs=len(running),
            slots=0 if self._memory.draining else _SLOTS,
            completed_last_hour=len(self._drawn_since(datetime.now(UTC) - timedelta(hours=1))),
        )
        slots = admin_pb2.LaneSlots(lane=LANE_LOCAL, slots=_SLOTS, running_jobs=len(running))
        answer = admin_pb2.GetOverviewResponse(
            observed_at=now(),
            lanes=[
                local,
                *(admin_pb2.LaneOverview(lane=one) for one in (LANE_HOSTED, LANE_READ)),
                self._upscales(),
            ],
            workers=[
                admin_pb2.WorkerOverview(
                    name=_WORKER, lanes=[slots], draining=self._memory.draining
                )
            ],
            pictures_last_hour=local.completed_last_hour,
            budgets=self._budgets.of_everybody(),
        )
        for lane in answer.lanes:
            paused_at = self._memory.paused.get(short_name(Lane, lane.lane))
            if paused_at is not None:
                lane.paused_at.CopyFrom(paused_at)
                lane.paused_by_user_id = USER_ID
        if waiting:
            first = min(waiting, key=lambda job: job.created_at.ToDatetime())
            waited = datetime.now(UTC) - first.created_at.ToDatetime(UTC)
            answer.lanes[0].oldest_wait.FromTimedelta(waited)
            if not answer.lanes[0].HasField("paused_at"):
                answer.oldest_job.job_id = first.job_id
                answer.oldest_job.user_id = USER_ID
                answer.oldest_job.lane = LANE_LOCAL
                answer.oldest_job.queued_at.CopyFrom(first.created_at)
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
            actions=[one for one, jobs in self._memory.actions.values() if job.job_id in jobs],
        )

    async def CancelJobs(
        self, request: admin_pb2.CancelJobsRequest, context: Context
    ) -> admin_pb2.CancelJobsResponse:
        """Cancels the open jobs of a user: of the only one, or none."""
        self._check()
        checks = Checks()
        asked = checks.id("user_id", request.user_id, str)
        key = read_key(checks, request.request_id)
        user = checks.complete(asked)
        if request.dry_run:
            return admin_pb2.CancelJobsResponse(jobs=len(self._open(user)))

        def cancel() -> str:
            jobs = self._open(user)
            for job in jobs:
                self._worker.cancel(job)
            return self._note(ADMIN_ACTION_KIND_CANCEL_JOBS, target_of(user), jobs)

        done, _ = self._memory.actions[self._memory.once("actions", key, request, cancel)]
        return admin_pb2.CancelJobsResponse(action=done, jobs=done.jobs)

    async def RequeueJobs(
        self, request: admin_pb2.RequeueJobsRequest, context: Context
    ) -> admin_pb2.RequeueJobsResponse:
        """Queues failed jobs again; no call is paid, so that no outcome is unknown."""
        self._check()
        checks = Checks()
        asked = read_target(checks, request)
        key = read_key(checks, request.request_id)
        target = checks.complete(asked)
        if request.dry_run:
            return admin_pb2.RequeueJobsResponse(jobs=len(self._again(target)))

        def requeue() -> str:
            jobs = [again for job in self._failed(target) for again in self._requeue(job)]
            allowed = request.allow_unknown_calls
            return self._note(
                ADMIN_ACTION_KIND_REQUEUE_JOBS, str(target), jobs, allow_unknown_calls=allowed
            )

        done, _ = self._memory.actions[self._memory.once("actions", key, request, requeue)]
        return admin_pb2.RequeueJobsResponse(action=done, jobs=done.jobs)

    async def PauseLane(
        self, request: admin_pb2.PauseLaneRequest, context: Context
    ) -> admin_pb2.PauseLaneResponse:
        """Pauses a lane; the fake draws in the local one."""
        self._check()
        checks = Checks()
        lane = checks.complete(read_lane(checks, request.lane))
        if lane in self._memory.paused:
            return admin_pb2.PauseLaneResponse()
        self._memory.paused[lane] = now()
        self._show_pause()
        done = self._note(ADMIN_ACTION_KIND_PAUSE_LANE, target_of_lane(lane), ())
        return admin_pb2.PauseLaneResponse(action=self._memory.actions[done][0])

    async def ResumeLane(
        self, request: admin_pb2.ResumeLaneRequest, context: Context
    ) -> admin_pb2.ResumeLaneResponse:
        """Resumes a lane."""
        self._check()
        checks = Checks()
        lane = checks.complete(read_lane(checks, request.lane))
        if self._memory.paused.pop(lane, None) is None:
            return admin_pb2.ResumeLaneResponse()
        self._show_pause()
        done = self._note(ADMIN_ACTION_KIND_RESUME_LANE, target_of_lane(lane), ())
        return admin_pb2.ResumeLaneResponse(action=self._memory.actions[done][0])

    async def DrainWorker(
        self, request: admin_pb2.DrainWorkerRequest, context: Context
    ) -> admin_pb2.DrainWorkerResponse:
        """Tells the only worker to start no more jobs."""
        self._check()
        checks = Checks()
        name = checks.complete(read_worker(checks, request.name))
        if name != _WORKER:
            unknown_worker(checks, name)
            raise checks.refused()
        if self._memory.draining:
            return admin_pb2.DrainWorkerResponse()
        self._memory.draining = True
        done = self._note(ADMIN_ACTION_KIND_DRAIN_WORKER, f"worker:{name}", ())
        return admin_pb2.DrainWorkerResponse(action=self._memory.actions[done][0])

    def _upscales(self) -> admin_pb2.LaneOverview:
        """Returns the lane of print assets that are made anew."""
        waiting, running = (
            sum(lane_of(job) == UPSCALE_LANE for job in self._in(status))
            for status in (JOB_STATUS_QUEUED, JOB_STATUS_PROCESSING)
        )
        return admin_pb2.LaneOverview(lane=LANE_UPSCALE, waiting_jobs=waiting, running_jobs=running)

    def _show_pause(self) -> None:
        for job in self._in(JOB_STATUS_QUEUED):
            job.lane_paused = lane_of(job) in self._memory.paused
        self._memory.touch()

    async def ListAdminActions(
        self, request: admin_pb2.ListAdminActionsRequest, context: Context
    ) -> admin_pb2.ListAdminActionsResponse:
        """Returns a page of what the admin did."""
        self._check()
        checks = Checks()
        found = [(number, one) for number, (one, _) in enumerate(self._memory.actions.values(), 1)]
        page, token = page_of(checks, request, read_page(checks, request), reversed(found))
        return admin_pb2.ListAdminActionsResponse(actions=page, next_page_token=token)

    def _open(self, user: str) -> list[Job]:
        return [
            job
            for job in self._memory.jobs.all()
            if user == USER_ID and not has_ended(job) and not job.cancel_requested
        ]

    def _failed(self, target: Target) -> list[Job]:
        return [
            job
            for job in self._in(JOB_STATUS_FAILED)
            if job.image_id in self._memory.images
            and (target.user_id == USER_ID or job.job_id in target.job_ids)
        ]

    def _again(self, target: Target) -> set[str]:
        """Returns the jobs that a requeue would queue again, those that they need included."""
        return {
            again.job_id
            for job in self._failed(target)
            for again in (
                self._batches.retryable(self._memory.batches[job.batch_id], job.job_id)
                if job.batch_id
                else [job]
            )
        }

    def _requeue(self, job: Job) -> list[Job]:
        """Queues a job again, if one before it has not done so; returns all that are queued."""
        if job.status != JOB_STATUS_FAILED:
            return []
        if job.batch_id:
            return self._batches.retry(self._memory.batches[job.batch_id], job.job_id)
        self._worker.submit(job)
        return [job]

    def _note(
        self,
        kind: AdminActionKind.ValueType,
        target: str,
        jobs: Sequence[Job],
        *,
        allow_unknown_calls: bool = False,
    ) -> str:
        ids = frozenset(job.job_id for job in jobs)
        done = admin_pb2.AdminAction(
            action_id=new_id(),
            at=now(),
            by_user_id=USER_ID,
            kind=kind,
            target=target,
            jobs=len(ids),
            allow_unknown_calls=allow_unknown_calls,
        )
        self._memory.actions[done.action_id] = (done, ids)
        return done.action_id

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
