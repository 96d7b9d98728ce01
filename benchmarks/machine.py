"""The machine and the database of a run; a database that may lose commits is refused."""

import asyncio
import os
import platform
from collections.abc import Mapping

import asyncpg

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
"""The settings of Postgres without which a commit may be lost in a crash."""


class NotDurable(Exception):
    """A Postgres whose settings make the figures worthless."""


def settings(database_url: str) -> dict[str, str]:
    """Returns the settings that figures depend on; raises NotDurable."""
    postgres = asyncio.run(_ask(database_url))
    refuse_not_durable(postgres)
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "load average before": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "Postgres": postgres.pop("server_version"),
        **postgres,
    }


def refuse_not_durable(postgres: Mapping[str, str]) -> None:
    """Raises NotDurable unless all of DURABLE are on."""
    wrong = [f"{name} is {postgres[name]}" for name in DURABLE if postgres[name] != "on"]
    if wrong:
        raise NotDurable(
            f"{', '.join(wrong)}: figures of commits that a crash may undo mean nothing; "
            "switch these settings on"
        )


async def _ask(database_url: str) -> dict[str, str]:
    connection = await asyncpg.connect(database_url)
    try:
        return {
            name: str(await connection.fetchval(f"SHOW {name}"))
            for name in ("server_version", *DURABLE)
        }
    finally:
        await connection.close()
