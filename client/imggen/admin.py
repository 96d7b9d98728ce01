"""The client's methods for operators; all of them need the role admin."""

from imggen.calls import Calls
from imggen.v1 import admin_pb2
from imggen.v1.admin_pb2 import GetOverviewResponse


class AdminCalls(Calls):
    """The methods of `Client` for operators."""

    async def get_overview(self) -> GetOverviewResponse:
        """Gets what the whole installation does at the moment; needs the role admin."""
        request = admin_pb2.GetOverviewRequest()
        return await self._call(self._connection.admin.GetOverview, request)
