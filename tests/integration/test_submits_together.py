"""Jobs that are submitted at the same time share a statement, and nothing else."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from server.domain.ids import CharacterId, StoryId
from server.domain.jobs import Placement
from server.store import Store
from tests.builders import description, new_job, new_user, request_key


async def test_many_jobs_are_stored_with_their_images_and_holds(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, priority=1 + index % 3, price_micros=index) for index in range(200)]
    jobs = await asyncio.gather(*(store.submit(new) for new in new_jobs))
    for new, job in zip(new_jobs, jobs, strict=True):
        assert job is not None
        assert (job.id, job.priority) == (new.id, new.priority)
        assert await store.jobs.get(user, new.id) == job
        assert await store.images.get(user, new.image_id) is not None
        assert await store.jobs.spec_of(user, new.image_id) == new.spec
    assert await store.money.hold([new.id for new in new_jobs], sum(range(200))) is None
    row = await store.database.fetchrow(
        "SELECT count(*), sum(held_micros) AS held FROM ledger WHERE kind = 'hold'"
    )
    assert row is not None
    assert tuple(row) == (199, sum(range(200)))  # one of them is free
    changes = await store.database.fetch("SELECT object_id FROM outbox")
    assert {change["object_id"] for change in changes} == {new.id for new in new_jobs}


async def test_a_request_id_used_many_times_at_once_makes_one_job(
    store: Store,
) -> None:
    user = await new_user(store)
    key = request_key()
    new_jobs = [new_job(user, request=key) for _ in range(20)]
    jobs = await asyncio.gather(*(store.submit(new) for new in new_jobs))
    stored = [job for job in jobs if job is not None]
    assert len(stored) == 1
    assert await store.replay_job(user, key) == (stored[0], True)
    rows = await store.database.fetch("SELECT id FROM images")
    assert [row["id"] for row in rows] == [stored[0].image_id]


async def test_two_gateways_with_the_same_request_ids_never_deadlock(
    database: str, store: Store
) -> None:
    user = await new_user(store)
    keys = [request_key() for _ in range(50)]
    one = [new_job(user, request=key) for key in keys]
    other = [new_job(user, request=key) for key in reversed(keys)]
    stored = await asyncio.gather(store.submits.submit_each(one), store.submits.submit_each(other))
    assert sum(job is not None for jobs in stored for job in jobs) == len(keys)


async def test_a_job_that_cannot_be_stored_fails_alone(store: Store) -> None:
    user = await new_user(store)
    good = [new_job(user) for _ in range(10)]
    bad = replace(new_job(user), placement=Placement(story_id=StoryId(uuid4())))
    results = await asyncio.gather(
        *(store.submit(new) for new in [*good[:5], bad, *good[5:]]), return_exceptions=True
    )
    assert isinstance(results.pop(5), asyncpg.ForeignKeyViolationError)
    assert [job.id for job in results if not isinstance(job, BaseException) and job] == [
        new.id for new in good
    ]
    assert await store.images.get(user, bad.image_id) is None


async def test_characters_of_many_users_are_frozen_together_without_mix_ups(store: Store) -> None:
    users = [await new_user(store) for _ in range(5)]
    characters = []
    for index, user in enumerate(users):
        made = await store.characters.create(user, description(age=index), None)
        assert made is not None
        characters.append(made)
    asked = [(user, character) for user in users for character in characters]
    found = await asyncio.gather(
        *(store.freeze(user, [character, CharacterId(uuid4())]) for user, character in asked)
    )
    for (user, character), frozen in zip(asked, found, strict=True):
        if users.index(user) != characters.index(character):
            assert frozen == {}
            continue
        assert frozen[character].description == description(age=users.index(user))
        assert list(frozen) == [character]


async def test_a_character_is_frozen_with_its_current_description(store: Store) -> None:
    user = await new_user(store)
    character = await store.characters.create(user, description(), None)
    assert character is not None
    await store.characters.update(character, description(age=9))
    frozen = (await store.freeze(user, [character]))[character]
    assert (frozen.version, frozen.description.age) == (2, 9)
    assert await store.characters.delete(user, character)
    assert await store.freeze(user, [character]) == {}


@pytest.mark.parametrize("count", [0, 1])
async def test_small_and_large_groups_are_submitted_alike(store: Store, count: int) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user) for _ in range(count)]
    jobs = await store.submits.submit_each(new_jobs)
    assert [job and job.id for job in jobs] == [new.id for new in new_jobs]


async def test_paid_jobs_at_once_take_what_a_budget_covers_and_no_more(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [new_job(user, price_micros=30, provider="openai") for _ in range(20)]
    answers = await asyncio.gather(*(store.submit_paid(new, 100) for new in new_jobs))
    assert [scope for _, scope in answers].count("global") == 17
    for new, (job, scope) in zip(new_jobs, answers, strict=True):
        assert (job is None) == bool(scope)
        assert (await store.jobs.get(user, new.id) is None) == bool(scope)
    row = await store.database.fetchrow(
        "SELECT count(*), sum(held_micros) AS held FROM ledger WHERE kind = 'hold'"
    )
    assert row is not None
    assert tuple(row) == (3, 90)


async def test_a_paid_request_id_used_many_times_at_once_is_held_once(store: Store) -> None:
    user = await new_user(store)
    key = request_key()
    new_jobs = [new_job(user, price_micros=30, request=key) for _ in range(20)]
    answers = await asyncio.gather(*(store.submit_paid(new, 30) for new in new_jobs))
    assert [job is not None for job, _ in answers].count(True) == 1
    assert not any(scope for _, scope in answers)
