"""A submit reads no more of the queue the longer it is."""

from server.store import Store
from server.store.database import Executor
from server.store.submits import Submits
from tests.builders import new_job, new_user

WAITING, MORE = 400, 20

_FETCHED = """
SELECT sum(idx_tup_fetch)::integer AS rows FROM pg_stat_xact_user_tables
WHERE relname IN ('image_generation_jobs', 'job_lanes')
"""


async def test_what_was_planned_for_an_empty_queue_reads_no_queue(store: Store) -> None:
    user = await new_user(store)
    # One connection, whose triggers are planned at its first job and keep their plans.
    async with store.database.transaction() as connection:
        submits = Submits(connection)

        async def submit(number: int) -> None:
            assert all(await submits.submit_each([new_job(user) for _ in range(number)]))

        await submit(1)
        await submit(WAITING)
        before = await fetched(connection)
        await submit(MORE)
        assert await fetched(connection) - before < MORE * WAITING / 10


async def fetched(connection: Executor) -> int:
    """Returns how many rows of jobs the transaction has read by an index."""
    row = await connection.fetchrow(_FETCHED)
    assert row is not None
    return int(row["rows"] or 0)
