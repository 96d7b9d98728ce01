"""The fake's servicer of budgets: it keeps limits, and nothing is ever held, called or spent."""

from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import grpc.aio

from imggen.rules.budgets import (
    TARGET_IMAGE_COST_MICROS,
    Providers,
    check_limit,
    check_provider,
    missing_call,
    read_call,
    read_day,
    read_days,
    read_group,
    read_scope,
    role_required,
)
from imggen.rules.checks import Checks
from imggen.rules.paging import key_of, read_page
from imggen.testing.feed import USER_ID
from imggen.testing.memory import Memory, now
from imggen.v1 import budget_pb2
from imggen.v1.budget_pb2 import Budget
from imggen.v1.budget_pb2_grpc import BudgetServiceServicer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_OWN = f"user:{USER_ID}"
_PROVIDERS = Providers(paid=("fake", "openai"), free=("local",))
_GLOBAL_MICROS = 500_000_000


class Budgets(BudgetServiceServicer):
    """Keeps limits, in memory; its one user is an admin if the fake says so."""

    def __init__(self, memory: Memory, *, admin: bool) -> None:
        self._limits = memory.limits
        self._admin = admin

    async def GetBudget(
        self, request: budget_pb2.GetBudgetRequest, context: Context
    ) -> budget_pb2.GetBudgetResponse:
        """Returns a budget of which nothing is used."""
        checks = Checks()
        scope = read_scope(checks, request.scope or _OWN)
        check_provider(checks, request.scope, _PROVIDERS)
        asked, day = checks.complete(scope, read_day(checks, "day", request.day, _today()))
        if asked != _OWN and not self._admin:
            raise role_required("admin")
        return budget_pb2.GetBudgetResponse(budget=self._budget(asked, day))

    async def SetBudget(
        self, request: budget_pb2.SetBudgetRequest, context: Context
    ) -> budget_pb2.SetBudgetResponse:
        """Sets or removes a limit."""
        checks = Checks()
        if not self._admin:
            raise role_required("admin")
        scope = read_scope(checks, request.scope)
        check_limit(checks, request, _PROVIDERS)
        asked = checks.complete(scope)
        self._limits.pop(asked, None)
        if request.HasField("limit_micros"):
            self._limits[asked] = (request.limit_micros, now())
        return budget_pb2.SetBudgetResponse(budget=self._budget(asked, _today()))

    async def ListSpend(
        self, request: budget_pb2.ListSpendRequest, context: Context
    ) -> budget_pb2.ListSpendResponse:
        """Returns an empty page: everything is free."""
        checks = Checks()
        asked = read_page(checks, request)
        read_group(checks, request)
        _, page = checks.complete(read_days(checks, request, _today()), asked)
        key_of(checks, page)
        return budget_pb2.ListSpendResponse(target_image_cost_micros=TARGET_IMAGE_COST_MICROS)

    async def ListUnsettledCalls(
        self, request: budget_pb2.ListUnsettledCallsRequest, context: Context
    ) -> budget_pb2.ListUnsettledCallsResponse:
        """Returns an empty page: nobody is paid."""
        checks = Checks()
        if not self._admin:
            raise role_required("admin")
        key_of(checks, checks.complete(read_page(checks, request)))
        return budget_pb2.ListUnsettledCallsResponse()

    async def SettleCall(
        self, request: budget_pb2.SettleCallRequest, context: Context
    ) -> budget_pb2.SettleCallResponse:
        """Refuses: there is no such call."""
        checks = Checks()
        if not self._admin:
            raise role_required("admin")
        raise missing_call(checks.complete(read_call(checks, request)))

    def of_everybody(self) -> list[Budget]:
        """Returns the budget of all calls today, and those of providers that have a limit."""
        limited = sorted(scope for scope in self._limits if scope.startswith("provider:"))
        return [self._budget(scope, _today()) for scope in ("global", *limited)]

    def _budget(self, scope: str, day: date) -> Budget:
        limit, at = self._limits.get(scope, (None, None))
        if scope == "global" and limit is None:
            limit, at = _GLOBAL_MICROS, now()
        return Budget(scope=scope, day=day.isoformat(), limit_micros=limit, set_at=at)


def _today() -> date:
    return datetime.now(UTC).date()
