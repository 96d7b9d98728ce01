"""The client's methods for operators; all of them need the role admin."""

from imggen.calls import Calls
from imggen.fields import job_id_of
from imggen.v1 import admin_pb2
from imggen.v1.admin_pb2 import GetJobHistoryResponse, GetOverviewResponse
from imggen.v1.job_pb2 import Job


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
