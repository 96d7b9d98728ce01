"""Money: what jobs may cost is held in budgets, moved to their paid calls, then spent or released.

The movements are functions of the database (schema.sql); only they write budgets, holds, calls,
the ledger and alerts. Statements that end attempts call them on the rows that they end.
"""

import logging
from collections.abc import Collection
from dataclasses import replace

from server.domain.ids import JobId
from server.domain.jobs import Claim
from server.domain.money import Answer, Begun, Bill, CallName, CallState, NewCall, begun
from server.store.alerts import NOTE_REFUSAL
from server.store.budgets import Budgets
from server.store.database import Executor, Record

HOLDS = "array_agg((id, attempt, ai_provider, queued_at::date, estimated_micros)::hold)"
"""The holds of rows of jobs, as `hold_prices`, `release_money` and `settle_money` take them.

A CTE that calls one of them must be read by the statement, or it would not run, and must read
every CTE that may wait for a lock, since budgets are locked last.
"""

_HOLD = f"""
SELECT hold_prices({HOLDS}, $2) AS short FROM image_generation_jobs
WHERE id = ANY($1) AND estimated_micros > 0
"""

_DEFAULT_LIMIT = """
INSERT INTO budget_limits AS l (scope, limit_micros) VALUES ('global', $1)
ON CONFLICT (scope) DO UPDATE SET limit_micros = excluded.limit_micros, set_at = now()
WHERE l.set_by IS NULL AND l.limit_micros <> excluded.limit_micros
RETURNING (SELECT limit_micros FROM budget_limits WHERE scope = 'global') AS before
"""

_BEGIN = "SELECT begin_call($1, $2, $3, $4, $5, $6, $7, $8) AS answer"

_BEFORE = """
SELECT job_cost($1) AS cost, coalesce((
  SELECT a.error_message FROM attempts a JOIN image_generation_jobs j ON j.id = a.job_id
  WHERE j.id = $1 AND a.outcome IN ('failed', 'lost') AND a.started_at >= j.queued_at
    AND coalesce(a.error_reason, '') NOT IN ('NO_ELIGIBLE_OFFER', 'BUDGET_EXHAUSTED')
  ORDER BY a.attempt DESC LIMIT 1
), '') AS failure
"""

_END = "SELECT (ended).* FROM end_call($1, $2, $3, $4, $5, $6, $7, $8) AS ended"

_log = logging.getLogger(__name__)


class Money:
    """Moves money; call it last in a transaction, since it locks budgets."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def default_limit(self, limit_micros: int) -> int | None:
        """Sets the global limit from the gateway's setting, unless an admin has set one.

        For the start of a gateway: the newest start wins. Returns the limit that it replaces, None
        where it replaces none.
        """
        row = await self._database.fetchrow(_DEFAULT_LIMIT, limit_micros)
        return None if row is None else row["before"]

    async def hold(self, jobs: Collection[JobId], limit_micros: int) -> str | None:
        """Holds the price of jobs in today's budgets, all or nothing.

        Returns the scope whose limit does not cover it, None when it is held. `limit_micros` is
        the global limit where none is stored.
        """
        row = await self._database.fetchrow(_HOLD, list(jobs), limit_micros)
        return None if row is None else row["short"]

    async def begin(self, claim: Claim, call: NewCall) -> Begun:
        """Begins a paid call of an attempt, with the money held that it can cost at most.

        A render takes over the hold of its job, whatever its day and provider. All or nothing;
        operators are told of a budget that does not cover what it needs.
        """
        row = await self._database.fetchrow(
            _BEGIN,
            claim.job_id,
            claim.attempt,
            call.name,
            call.provider,
            call.model,
            call.hold_micros,
            call.most_micros,
            call.reason,
        )
        if row is None:
            raise ValueError("begin_call returned nothing")
        answer = begun(row["answer"])
        if answer.answer is Answer.OVER_BUDGET:
            needs = call.hold_micros if call.needs_micros is None else call.needs_micros
            moved = claim.job_id if call.name is CallName.RENDER else None
            await self._database.execute(NOTE_REFUSAL, answer.scope, needs, moved)
            return replace(answer, budget=await Budgets(self._database).get(answer.scope))
        if answer.final and (before := await self._database.fetchrow(_BEFORE, claim.job_id)):
            return replace(answer, cost_micros=before["cost"], failure=before["failure"])
        return answer

    async def settle(self, claim: Claim, name: CallName, bill: Bill) -> bool:
        """Books what a call cost, whoever holds the job now; its end settles an open render.

        It corrects a cost that was unknown or estimated; any other stays as it is, and the answer
        is False. A cost above the hold is booked in full.
        """
        return await self._end(claim, name, CallState.SETTLED, bill)

    async def release(self, claim: Claim, name: CallName, request_id: str = "") -> bool:
        """Books that a call was not billed; returns False if its cost is known."""
        return await self._end(claim, name, CallState.RELEASED, Bill(0, request_id=request_id))

    async def unknown(self, claim: Claim, name: CallName, request_id: str = "") -> bool:
        """Books a call whose answer was lost at its hold; returns False if it is not open."""
        bill = Bill(0, estimated=True, request_id=request_id)
        return await self._end(claim, name, CallState.UNKNOWN, bill)

    async def _end(self, claim: Claim, name: CallName, state: CallState, bill: Bill) -> bool:
        row = await self._database.fetchrow(
            _END,
            claim.job_id,
            claim.attempt,
            name,
            state,
            bill.cost_micros,
            bill.estimated,
            dict(bill.usage),
            bill.request_id,
        )
        if row is None or row["job_id"] is None:
            return False
        if row["cost_micros"] > row["held_micros"]:
            log_above_hold(row)
        return True


def log_above_hold(call: Record) -> None:
    """Logs a call that cost more than its hold: the price of its model is wrong."""
    _log.error(
        "call above its hold",
        extra={
            "job_id": str(call["job_id"]),
            "attempt": call["attempt"],
            "provider": call["provider"],
            "model": call["model"],
            "held_micros": call["held_micros"],
            "cost_micros": call["cost_micros"],
        },
    )
