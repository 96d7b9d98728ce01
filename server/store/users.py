"""Users: the callers that tokens name."""

from uuid import UUID

from server.store.database import Executor


class Users:
    """Runs the statements on users."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def ensure(self, user: UUID, issuer: str, subject: str) -> None:
        """Stores the user's row, which all its other rows refer to, unless it exists."""
        await self._database.execute(
            "INSERT INTO users (id, issuer, subject) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            user,
            issuer,
            subject,
        )
