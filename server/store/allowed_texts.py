"""Allowed texts: what operators let pass though the gate refuses it."""

from server.store.database import Executor

_ALLOWS = """
SELECT FROM allowed_texts WHERE digest = $1 AND rule = $2 AND withdrawn_at IS NULL
"""

_ALLOW = """
INSERT INTO allowed_texts (digest, rule, allowed_by) VALUES ($1, $2, $3)
ON CONFLICT (digest, rule) WHERE withdrawn_at IS NULL DO NOTHING RETURNING digest
"""

_WITHDRAW = """
UPDATE allowed_texts SET withdrawn_by = $3, withdrawn_at = now()
WHERE digest = $1 AND rule = $2 AND withdrawn_at IS NULL RETURNING digest
"""


class AllowedTexts:
    """Statements on allowed texts; each counts for every caller."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def allows(self, digest: str, rule: str) -> bool:
        """Returns whether a text with this digest may break a rule."""
        return await self._database.fetchrow(_ALLOWS, digest, rule) is not None

    async def allow(self, digest: str, rule: str, who: str) -> bool:
        """Allows a text to break a rule, and notes who did; False if it was allowed before."""
        return await self._database.fetchrow(_ALLOW, digest, rule, who) is not None

    async def withdraw(self, digest: str, rule: str, who: str) -> bool:
        """Withdraws what was allowed, and notes who did; False if it was not allowed."""
        return await self._database.fetchrow(_WITHDRAW, digest, rule, who) is not None
