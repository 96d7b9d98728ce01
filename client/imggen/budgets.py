"""The client's methods for budgets and spend."""

from collections.abc import AsyncGenerator
from datetime import date

from imggen.boundary import bounded
from imggen.calls import Calls
from imggen.fields import CallKindName, SpendGroupName, job_id_of, number_of
from imggen.paging import pages
from imggen.v1 import budget_pb2
from imggen.v1.budget_pb2 import BookedCall, Budget, CallKind, Spend, SpendGroup
from imggen.v1.job_pb2 import Job


@bounded
class BudgetCalls(Calls):
    """The methods of `Client` for budgets and spend; days are in UTC."""

    async def get_budget(self, scope: str = "", *, day: date | str = "") -> Budget:
        """Gets the budget of a scope on a day: today's of your own user where none is given.

        A scope is `global`, `provider:NAME` or `user:UUID`; others than your own need the role
        admin.
        """
        request = budget_pb2.GetBudgetRequest(scope=scope, day=str(day))
        return (await self._call(self._connection.budgets.GetBudget, request)).budget

    async def set_budget(self, scope: str, limit_micros: int | None) -> Budget:
        """Sets the limit of a scope for every day from now on, and removes it for None.

        In millionths of a US dollar. Needs the role admin.
        """
        request = budget_pb2.SetBudgetRequest(scope=scope, limit_micros=limit_micros)
        return (await self._call(self._connection.budgets.SetBudget, request)).budget

    def list_spend(
        self,
        *,
        first_day: date | str = "",
        last_day: date | str = "",
        group_by: SpendGroup.ValueType | SpendGroupName = "day",
        page_size: int = 0,
    ) -> AsyncGenerator[Spend, None]:
        """Yields what paid providers cost from one day to another, today where none is given.

        Of your own jobs, or of those of all users with the role admin.
        """
        request = budget_pb2.ListSpendRequest(
            first_day=str(first_day),
            last_day=str(last_day),
            group_by=number_of(SpendGroup, group_by),
            page_size=page_size,
        )
        return pages(
            lambda: self._call(self._connection.budgets.ListSpend, request),
            request,
            lambda page: page.spend,
        )

    def list_unsettled_calls(self, *, page_size: int = 0) -> AsyncGenerator[BookedCall, None]:
        """Yields the paid calls whose cost is not known, the oldest first; needs the role admin.

        Their answers were lost, or had no usage; they count at the most that they can cost.
        """
        request = budget_pb2.ListUnsettledCallsRequest(page_size=page_size)
        return pages(
            lambda: self._call(self._connection.budgets.ListUnsettledCalls, request),
            request,
            lambda page: page.calls,
        )

    async def settle_call(
        self,
        job: Job | str,
        attempt: int,
        cost_micros: int,
        *,
        kind: CallKind.ValueType | CallKindName = "render",
        allow_above_hold: bool = False,
    ) -> BookedCall:
        """Books what such a call did cost by the invoice, 0 if it was not billed.

        In millionths of a US dollar. Needs the role admin, and may be repeated, but not changed. A
        cost above the call's hold is refused unless `allow_above_hold`.
        """
        request = budget_pb2.SettleCallRequest(
            job_id=job_id_of(job),
            attempt=attempt,
            kind=number_of(CallKind, kind),
            cost_micros=cost_micros,
            allow_above_hold=allow_above_hold,
        )
        return (await self._call(self._connection.budgets.SettleCall, request)).call
