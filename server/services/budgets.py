"""BudgetService: budgets, their limits, and what was spent of them."""

import logging
from uuid import UUID

from imggen.rules.budgets import (
    TARGET_IMAGE_COST_MICROS,
    Providers,
    call_above_hold,
    call_settled,
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
from imggen.rules.paging import key_of, read_page, token_after_key
from imggen.v1 import budget_pb2, budget_pb2_grpc
from server.domain.ids import JobId
from server.domain.money import CallName, CallState
from server.identity.caller import Context, Role, caller
from server.replies.budgets import booked_call, budget, spend
from server.routing.observer import Observer
from server.store import Store
from server.store.calls import key_of_call

_log = logging.getLogger(__name__)


class BudgetService(budget_pb2_grpc.BudgetServiceServicer):
    """Shows and sets what paid providers may cost, and shows what they did cost."""

    def __init__(
        self,
        store: Store,
        observer: Observer,
        daily_budget_micros: int,
        providers: Providers,
    ) -> None:
        """Takes the providers, of which only those that may be paid have budgets."""
        self._store = store
        self._observer = observer
        self._daily_budget = daily_budget_micros
        self._providers = providers

    async def GetBudget(
        self, request: budget_pb2.GetBudgetRequest, context: Context
    ) -> budget_pb2.GetBudgetResponse:
        """Returns the budget of the caller, or of any scope for an admin."""
        checks, who, own = Checks(), caller(), f"user:{caller().user_id}"
        scope = read_scope(checks, request.scope or own)
        check_provider(checks, request.scope, self._providers)
        today = await self._store.budgets.today()
        asked, day = checks.complete(scope, read_day(checks, "day", request.day, today))
        if asked != own and not who.is_admin:
            raise role_required(Role.ADMIN)
        return budget_pb2.GetBudgetResponse(
            budget=budget(await self._store.budgets.get(asked, day))
        )

    async def SetBudget(
        self, request: budget_pb2.SetBudgetRequest, context: Context
    ) -> budget_pb2.SetBudgetResponse:
        """Sets or removes the limit of a scope."""
        checks, who, budgets = Checks(), caller(), self._store.budgets
        if not who.is_admin:
            raise role_required(Role.ADMIN)
        scope = read_scope(checks, request.scope)
        check_limit(checks, request, self._providers)
        asked = checks.complete(scope)
        if request.HasField("limit_micros"):
            await budgets.set_limit(asked, request.limit_micros, who.user_id)
        else:
            await budgets.remove_limit(asked, self._daily_budget)
        self._observer.forget()
        return budget_pb2.SetBudgetResponse(budget=budget(await budgets.get(asked)))

    async def ListSpend(
        self, request: budget_pb2.ListSpendRequest, context: Context
    ) -> budget_pb2.ListSpendResponse:
        """Returns a page of what was spent, of the caller or, for an admin, of all users."""
        checks, who, budgets = Checks(), caller(), self._store.budgets
        asked = read_page(checks, request)
        group = read_group(checks, request)
        days, page = checks.complete(read_days(checks, request, await budgets.today()), asked)
        found = await budgets.spend(
            days,
            group,
            None if who.is_admin else who.user_id,
            after=key_of(checks, page),
            most=page.size + 1,
        )
        shown = found[: page.size]
        return budget_pb2.ListSpendResponse(
            spend=[spend(one) for one in shown],
            next_page_token=token_after_key(request, shown[-1].key)
            if len(found) > len(shown)
            else "",
            target_image_cost_micros=TARGET_IMAGE_COST_MICROS,
        )

    async def ListUnsettledCalls(
        self, request: budget_pb2.ListUnsettledCallsRequest, context: Context
    ) -> budget_pb2.ListUnsettledCallsResponse:
        """Returns a page of the calls whose cost is not known."""
        checks = Checks()
        if not caller().is_admin:
            raise role_required(Role.ADMIN)
        page = checks.complete(read_page(checks, request))
        found = await self._store.calls.unsettled(key_of(checks, page), page.size + 1)
        shown = found[: page.size]
        return budget_pb2.ListUnsettledCallsResponse(
            calls=[booked_call(one) for one in shown],
            next_page_token=token_after_key(request, key_of_call(shown[-1]))
            if len(found) > len(shown)
            else "",
        )

    async def SettleCall(
        self, request: budget_pb2.SettleCallRequest, context: Context
    ) -> budget_pb2.SettleCallResponse:
        """Books what a call did cost."""
        checks, who, cost = Checks(), caller(), request.cost_micros
        if not who.is_admin:
            raise role_required(Role.ADMIN)
        key = checks.complete(read_call(checks, request))
        job, name = JobId(UUID(key.job_id)), CallName(key.call)
        call = await self._store.calls.settle(
            job, key.attempt, name, cost, above_hold=request.allow_above_hold
        )
        if call is None:
            raise missing_call(key)
        if call.estimated:
            raise call_above_hold(key, call.held_micros, cost)
        if call.state is CallState.OPEN or call.cost_micros != cost:
            raise call_settled(key, call.state, call.cost_micros)
        _log.info("call settled", extra={**key.metadata, "cost_micros": cost, "by": who.user_id})
        return budget_pb2.SettleCallResponse(call=booked_call(call))
