"""The synchronous client's methods for operators."""

from imggen.admin import AdminCalls
from imggen.looping import LoopThread
from imggen.v1.admin_pb2 import GetJobHistoryResponse, GetOverviewResponse
from imggen.v1.job_pb2 import Job


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
