"""A worker process with a scripted renderer, for tests that kill it.

Run it as `python -m tests.integration.story_worker DATABASE_URL FOLDER`.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from actors.testing.scripted import ScriptedRenderer
from tests.integration.job_queue import open_job_queue

SLOTS = 2
LEASE_S = 2.0


async def work(database: str, folder: Path) -> None:
    """Draws until it is killed; its leases expire soon after."""
    settings: dict[str, Any] = {
        "lease_s": LEASE_S,
        "heartbeat_s": 0.5,
        "poll_s": 0.2,
        "slots": {"local": SLOTS},
    }
    async with (
        open_job_queue(database, folder) as job_queue,
        job_queue.worker(ScriptedRenderer(step_s=0.01), name=f"worker {id(job_queue)}", **settings),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
