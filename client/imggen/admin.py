"""The client's methods for operators; all of them need the role admin."""

from collections.abc import AsyncGenerator, Sequence

from imggen.boundary import bounded
from imggen.calls import Calls, or_new
from imggen.fields import LaneName, job_id_of, number_of
from imggen.paging import pages
from imggen.v1 import admin_pb2
from imggen.v1.admin_pb2 import (
    AdminAction,
    CancelJobsResponse,
    GetJobHistoryResponse,
    GetOverviewResponse,
    Lane,
    RequeueJobsResponse,
)
from imggen.v1.job_pb2 import Job


@bounded
class AdminCalls(Calls):
    """The methods of `Client` for operators."""

    async def get_overview(self) -> GetOverviewResponse:
        """Gets what the whole installation does at the moment; needs the role admin."""
        request = admin_pb2.GetOverviewRequest()
        return await self._call(self._connection.admin.GetOverview, request)

    async def get_job_history(self, job: Job | str) -> GetJobHistoryResponse:
        """Gets the history of a job of any user: choices, attempts, stages, calls and money.

        Needs the role admin.
        """
        request = admin_pb2.GetJobHistoryRequest(job_id=job_id_of(job))
        return await self._call(self._connection.admin.GetJobHistory, request)

    async def cancel_jobs(
        self, user_id: str, *, dry_run: bool = False, request_id: str | None = None
    ) -> CancelJobsResponse:
        """Cancels all jobs of a user that wait or run, or counts them for a dry run.

        Needs the role admin.
        """
        request = admin_pb2.CancelJobsRequest(
            user_id=user_id, dry_run=dry_run, request_id=or_new(request_id)
        )
        return await self._call(self._connection.admin.CancelJobs, request)

    async def requeue_jobs(
        self,
        jobs: Sequence[Job | str] = (),
        *,
        user_id: str = "",
        allow_unknown_calls: bool = False,
        dry_run: bool = False,
        request_id: str | None = None,
    ) -> RequeueJobsResponse:
        """Queues failed jobs again, or counts them for a dry run: some, or all of a user.

        A job with a paid call whose outcome is unknown is left alone unless `allow_unknown_calls`.
        Needs the role admin.
        """
        request = admin_pb2.RequeueJobsRequest(
            user_id=user_id,
            job_ids=map(job_id_of, jobs),
            allow_unknown_calls=allow_unknown_calls,
            dry_run=dry_run,
            request_id=or_new(request_id),
        )
        return await self._call(self._connection.admin.RequeueJobs, request)

    async def pause_lane(self, lane: Lane.ValueType | LaneName) -> AdminAction | None:
        """Pauses a lane: nothing more is claimed there; returns None if it was paused.

        Jobs that another lane may draw are drawn there, the others wait. While `read` is paused,
        plans wait for their pages until their deadlines. Needs the role admin.
        """
        request = admin_pb2.PauseLaneRequest(lane=number_of(Lane, lane))
        answer = await self._call(self._connection.admin.PauseLane, request)
        return answer.action if answer.HasField("action") else None

    async def resume_lane(self, lane: Lane.ValueType | LaneName) -> AdminAction | None:
        """Resumes a paused lane; returns None if it was not paused. Needs the role admin."""
        request = admin_pb2.ResumeLaneRequest(lane=number_of(Lane, lane))
        answer = await self._call(self._connection.admin.ResumeLane, request)
        return answer.action if answer.HasField("action") else None

    async def drain_worker(self, name: str) -> AdminAction | None:
        """Tells a worker to claim no more; returns None if it was told. Needs the role admin."""
        request = admin_pb2.DrainWorkerRequest(name=name)
        answer = await self._call(self._connection.admin.DrainWorker, request)
        return answer.action if answer.HasField("action") else None

    def list_admin_actions(self, *, page_size: int = 0) -> AsyncGenerator[AdminAction, None]:
        """Yields what admins did, the newest first; needs the role admin."""
        request = admin_pb2.ListAdminActionsRequest(page_size=page_size)
        return pages(
            lambda: self._call(self._connection.admin.ListAdminActions, request),
            request,
            lambda page: page.actions,
        )
