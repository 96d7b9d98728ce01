"""Stories that scenarios draw, and how far they are."""

from imggen import Page
from tests.faults.callers import RecordingCaller
from tests.faults.environment import FaultEnvironment, until
from tests.faults.history import Submit


async def begin_story(environment: FaultEnvironment, caller: RecordingCaller, pages: int) -> str:
    """Submits a story, and records its jobs as acknowledged; returns its batch."""
    told = [
        Page(text=f"Mia walks on, page {number}.", character_ids=[caller.character])
        for number in range(pages)
    ]
    story = await caller.client.create_story(title="The Walk", style="cartoon", pages=told)
    batch = await caller.client.generate_story(story)
    environment.history.submits += [
        Submit(row["id"], row["id"])
        for row in await environment.query("SELECT id::text FROM image_generation_jobs")
    ]
    return batch.batch_id


async def drawn(environment: FaultEnvironment, count: int) -> None:
    """Waits until `count` pictures are drawn and another one is being drawn."""

    async def are_drawn() -> bool:
        rows = await environment.query(
            "SELECT (count(*) FILTER (WHERE j.status = 'completed'))::int AS done,"
            " count(*) FILTER (WHERE j.status = 'processing' AND p.step > 1) AS running"
            " FROM image_generation_jobs j LEFT JOIN job_progress p"
            " ON p.job_id = j.id AND p.attempt = j.attempt"
        )
        return bool(rows[0]["done"] >= count and rows[0]["running"])

    await until(are_drawn, f"{count} pictures are drawn", environment.patience_s)
