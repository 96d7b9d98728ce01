"""Jobs that are read at the same time share a statement, and nothing else."""

import asyncio
from uuid import uuid4

from server.domain.ids import JobId
from server.store import Store
from tests.builders import new_job, new_user


async def test_each_caller_gets_its_own_jobs_and_no_others(store: Store) -> None:
    users = [await new_user(store) for _ in range(3)]
    new_jobs = [new_job(user) for user in users for _ in range(4)]
    jobs = await asyncio.gather(*(store.submit(new) for new in new_jobs))
    asked = [(user, new.id) for user in users for new in new_jobs]
    asked += [(users[0], JobId(uuid4())), *asked[:3]]
    found = await asyncio.gather(*(store.job(user, job) for user, job in asked))
    stored = {(job.user_id, job.id): job for job in jobs if job is not None}
    assert found == [stored.get(one) for one in asked]
    assert [await store.jobs.get(*one) for one in asked] == found


async def test_many_readers_take_few_connections(store: Store) -> None:
    user = await new_user(store)
    job = await store.submit(new_job(user))
    assert job is not None
    found = await asyncio.gather(*(store.job(user, job.id) for _ in range(200)))
    assert found == [job] * 200
    _, opened = store.database.idle()
    assert opened <= 2
