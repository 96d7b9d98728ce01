"""The synchronous client's methods for budgets and spend."""

from collections.abc import Iterator
from datetime import date

from imggen.boundary import bounded
from imggen.budgets import BudgetCalls
from imggen.fields import CallKindName, SpendGroupName
from imggen.looping import LoopThread
from imggen.v1.budget_pb2 import BookedCall, Budget, CallKind, Spend, SpendGroup
from imggen.v1.job_pb2 import Job


@bounded
class SyncBudgetCalls:
    """The methods of `SyncClient` for budgets and spend; days are in UTC."""

    _client: BudgetCalls
    _loop: LoopThread

    def get_budget(self, scope: str = "", *, day: date | str = "") -> Budget:
        """Gets the budget of a scope on a day: today's of your own user where none is given.

        A scope is `global`, `provider:NAME` or `user:UUID`; others than your own need the role
        admin.
        """
        return self._loop.run(self._client.get_budget(scope, day=day))

    def set_budget(self, scope: str, limit_micros: int | None) -> Budget:
        """Sets the limit of a scope for every day from now on, and removes it for None.

        In millionths of a US dollar. Needs the role admin.
        """
        return self._loop.run(self._client.set_budget(scope, limit_micros))

    def list_spend(
        self,
        *,
        first_day: date | str = "",
        last_day: date | str = "",
        group_by: SpendGroup.ValueType | SpendGroupName = "day",
        page_size: int = 0,
    ) -> Iterator[Spend]:
        """Yields what paid providers cost from one day to another, today where none is given.

        Of your own jobs, or of those of all users with the role admin.
        """
        return self._loop.iterate(
            self._client.list_spend(
                first_day=first_day, last_day=last_day, group_by=group_by, page_size=page_size
            )
        )

    def list_unsettled_calls(self, *, page_size: int = 0) -> Iterator[BookedCall]:
        """Yields the paid calls whose cost is not known, the oldest first; needs the role admin.

        Their answers were lost, or had no usage; they count at the most that they can cost.
        """
        return self._loop.iterate(self._client.list_unsettled_calls(page_size=page_size))

    def settle_call(
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
        return self._loop.run(
            self._client.settle_call(
                job, attempt, cost_micros, kind=kind, allow_above_hold=allow_above_hold
            )
        )
