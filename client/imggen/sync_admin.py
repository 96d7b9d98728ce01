"""The synchronous client's methods for operators."""

from collections.abc import Iterator, Sequence

from imggen.admin import AdminCalls
from imggen.boundary import bounded
from imggen.fields import LaneName
from imggen.looping import LoopThread
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
class SyncAdminCalls:
    """The methods of `SyncClient` for operators."""

    _client: AdminCalls
    _loop: LoopThread

    def get_overview(self) -> GetOverviewResponse:
        """Gets what the whole installation does at the moment; needs the role admin."""
        return self._loop.run(self._client.get_overview())

    def get_job_history(self, job: Job | str) -> GetJobHistoryResponse:
        """Gets the history of a job of any user: choices, attempts, stages, calls and money.

        Needs the role admin.
        """
        return self._loop.run(self._client.get_job_history(job))

    def cancel_jobs(
        self, user_id: str, *, dry_run: bool = False, request_id: str | None = None
    ) -> CancelJobsResponse:
        """Cancels all jobs of a user that wait or run, or counts them for a dry run.

        Needs the role admin.
        """
        return self._loop.run(
            self._client.cancel_jobs(user_id, dry_run=dry_run, request_id=request_id)
        )

    def requeue_jobs(
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
        return self._loop.run(
            self._client.requeue_jobs(
                jobs,
                user_id=user_id,
                allow_unknown_calls=allow_unknown_calls,
                dry_run=dry_run,
                request_id=request_id,
            )
        )

    def pause_lane(self, lane: Lane.ValueType | LaneName) -> AdminAction | None:
        """Pauses a lane: nothing more is claimed there; returns None if it was paused.

        Jobs that another lane may draw are drawn there, the others wait. While `read` is paused,
        plans wait for their pages until their deadlines. Needs the role admin.
        """
        return self._loop.run(self._client.pause_lane(lane))

    def resume_lane(self, lane: Lane.ValueType | LaneName) -> AdminAction | None:
        """Resumes a paused lane; returns None if it was not paused. Needs the role admin."""
        return self._loop.run(self._client.resume_lane(lane))

    def drain_worker(self, name: str) -> AdminAction | None:
        """Tells a worker to claim no more; returns None if it was told. Needs the role admin."""
        return self._loop.run(self._client.drain_worker(name))

    def list_admin_actions(self, *, page_size: int = 0) -> Iterator[AdminAction]:
        """Yields what admins did, the newest first; needs the role admin."""
        return self._loop.iterate(self._client.list_admin_actions(page_size=page_size))
