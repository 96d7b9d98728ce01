"""Styles; of each the newest version counts."""

from server.domain.styles import Style
from server.store.database import Executor


class Styles:
    """Runs the statements on styles."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def list(self) -> list[Style]:
        """Returns the newest version of every style, by id."""
        rows = await self._database.fetch(
            "SELECT DISTINCT ON (id) id, version, display_name, description, prompt_template,"
            " negative_prompt FROM styles ORDER BY id, version DESC"
        )
        return [Style(**dict(row)) for row in rows]
