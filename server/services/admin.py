"""AdminService: what operators see of the whole installation, and do to it."""

from imggen.rules.budgets import role_required
from imggen.v1 import admin_pb2, admin_pb2_grpc
from server.identity.caller import Caller, Context, Role, caller
from server.replies.admin import overview
from server.store import Store


class AdminService(admin_pb2_grpc.AdminServiceServicer):
    """Shows operators the installation; callers without the role admin are refused."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def GetOverview(
        self, request: admin_pb2.GetOverviewRequest, context: Context
    ) -> admin_pb2.GetOverviewResponse:
        """Returns what the whole installation does."""
        _admin()
        return overview(await self._store.overviews.get())


def _admin() -> Caller:
    """Returns the caller; raises PermissionDenied for one who is not an admin."""
    who = caller()
    if not who.is_admin:
        raise role_required(Role.ADMIN)
    return who
