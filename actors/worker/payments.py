"""Payments: a paid call is begun before it is made, and booked as soon as it has ended."""

from collections.abc import Awaitable, Callable

from imggen.rules.money import dollars
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim
from server.domain.money import Answer, Begun, Bill, NewCall
from server.errors import FailedPrecondition, Unavailable
from server.money.budgets import not_covered
from server.routing.failover import Billed
from server.store.money import Money

Write = Callable[[Callable[[], Awaitable[bool]]], Awaitable[bool]]

_REFUSALS = {
    Answer.LOST: "the lease is lost",
    Answer.CANCELLED: "its caller cancelled the job",
    Answer.REPEATED: "this attempt has made the call before",
    Answer.PAID_TWICE: "the picture was paid for twice already, {cost} in all, which is the most"
    " for a job; retry the job to pay again",
    Answer.ABOVE_MOST: "the job has cost {cost}, and this call may cost {hold}, together over its"
    " limit of {most}; ask again with a higher max_cost_micros",
    Answer.OVER_BUDGET: "no budget covers it today",
}
_REASONS = {
    Answer.PAID_TWICE: ErrorReason.ERROR_REASON_NO_ELIGIBLE_OFFER,
    Answer.ABOVE_MOST: ErrorReason.ERROR_REASON_NO_ELIGIBLE_OFFER,
    Answer.OVER_BUDGET: ErrorReason.ERROR_REASON_BUDGET_EXHAUSTED,
}


class CallRefused(FailedPrecondition):
    """Raised for a call that must not be made; nothing was called.

    `passes` is whether another attempt may make it. Where it is refused for what the job has cost,
    only calls below `most_micros` may be made instead.
    """

    def __init__(
        self,
        why: str,
        reason: ErrorReason.ValueType,
        *,
        passes: bool,
        most_micros: int | None = None,
    ) -> None:
        super().__init__(why, reason)
        self.passes = passes
        self.most_micros = most_micros

    def allows(self, price_micros: int) -> bool:
        """Returns whether another call at a price may be made instead."""
        return not price_micros or self.most_micros is None or price_micros < self.most_micros

    @property
    def over_budget(self) -> bool:
        """Whether only the budgets are in its way: the job waits, and nothing was tried."""
        return self.reason == ErrorReason.ERROR_REASON_BUDGET_EXHAUSTED


class Payments:
    """Pays for the calls of one attempt."""

    def __init__(self, claim: Claim, money: Money, write: Write) -> None:
        """Takes how the end of a call is written: also while the database is away for a moment."""
        self._claim = claim
        self._money = money
        self._write = write

    async def begin(self, call: NewCall) -> "PaidCall":
        """Begins a call, with the money held that it can cost at most.

        Raises CallRefused where it must not be paid, Unavailable while the database is away.
        """
        paid = PaidCall(self._claim, call, self._money, self._write)
        try:
            begun = await self._money.begin(self._claim, call)
        except Unavailable:
            # It may have been begun all the same, and will not be made.
            await paid.release()
            raise
        if not begun.ok:
            raise CallRefused(
                f"{call.model}: {_refusal(begun, call)}",
                _REASONS.get(begun.answer, ErrorReason.ERROR_REASON_RENDER_FAILED),
                passes=not begun.final,
                most_micros=_below(begun, call),
            )
        return paid


def _below(begun: Begun, call: NewCall) -> int | None:
    """Returns what a call must cost less than to be made instead; None where it does not matter."""
    if begun.answer is Answer.PAID_TWICE:
        return 0
    return call.hold_micros if begun.answer is Answer.ABOVE_MOST else None


def _refusal(begun: Begun, call: NewCall) -> str:
    """Returns why a call must not be made, with the amounts, and the failure that led to it."""
    if begun.budget is not None and begun.budget.limit_micros is not None:
        return not_covered(begun.budget, call.hold_micros)
    said = _REFUSALS[begun.answer].format(
        cost=dollars(begun.cost_micros, "nothing"),
        hold=dollars(call.hold_micros),
        most=dollars(call.most_micros or 0, "$0"),
    )
    before = f"; before that: {begun.failure}" if begun.failure else ""
    return f"{said}{before}"


class PaidCall:
    """A call that has begun, and may be made once.

    One that is cut off by a cancel stays open; the end of its attempt books it at its hold.
    """

    def __init__(self, claim: Claim, call: NewCall, money: Money, write: Write) -> None:
        self._claim = claim
        self._call = call
        self._money = money
        self._write = write

    async def settle(self, bill: Bill) -> None:
        """Books what it cost."""
        await self._write(lambda: self._money.settle(self._claim, self._call.name, bill))

    async def release(self, request_id: str = "") -> None:
        """Books that it was not billed."""
        await self._write(lambda: self._money.release(self._claim, self._call.name, request_id))

    async def fail(self, billed: Billed, cost_micros: int | None, request_id: str) -> None:
        """Books a failed one: as unknown where neither rule nor provider says what it cost.

        One that is billed without a known cost is booked at its hold; `BY_ROW` counts as unknown.
        """
        if billed is Billed.NO:
            await self.release(request_id)
        elif cost_micros is not None:
            await self.settle(Bill(cost_micros, request_id=request_id))
        elif billed is Billed.YES:
            await self.settle(Bill(self._call.hold_micros, estimated=True, request_id=request_id))
        else:
            await self._write(lambda: self._money.unknown(self._claim, self._call.name, request_id))
