"""AdminService: what operators see of the whole installation, and do to it."""

from imggen.rules.budgets import role_required
from imggen.rules.checks import Checks
from imggen.rules.missing import missing_job
from imggen.v1 import admin_pb2, admin_pb2_grpc
from server.domain.ids import JobId
from server.identity.caller import Caller, Context, Role, caller
from server.replies.admin import overview
from server.replies.history import history
from server.replies.messages import Replies
from server.store import Store


class AdminService(admin_pb2_grpc.AdminServiceServicer):
    """Shows operators the installation; callers without the role admin are refused."""

    def __init__(self, store: Store, replies: Replies) -> None:
        self._store = store
        self._replies = replies

    async def GetOverview(
        self, request: admin_pb2.GetOverviewRequest, context: Context
    ) -> admin_pb2.GetOverviewResponse:
        """Returns what the whole installation does."""
        _admin()
        return overview(await self._store.overviews.get())

    async def GetJobHistory(
        self, request: admin_pb2.GetJobHistoryRequest, context: Context
    ) -> admin_pb2.GetJobHistoryResponse:
        """Returns the history of a job of any user."""
        _admin()
        checks = Checks()
        job = checks.complete(checks.id("job_id", request.job_id, JobId))
        found = await self._store.histories.of_job(job)
        if found is None:
            raise missing_job(job)
        return history(found, await self._replies.job(found.job))


def _admin() -> Caller:
    """Returns the caller; raises PermissionDenied for one who is not an admin."""
    who = caller()
    if not who.is_admin:
        raise role_required(Role.ADMIN)
    return who
