"""Turns: however many jobs a user submits, others wait for at most one of them."""

from datetime import timedelta

from server.domain.ids import UserId
from server.domain.jobs import Claim, NewJob
from server.domain.states import Lane
from server.store import Store
from tests.builders import new_job, new_user, outcome

LEASE = timedelta(seconds=60)


async def submit(store: Store, user: UserId, number: int = 1, priority: int = 2) -> list[NewJob]:
    new_jobs = [new_job(user, priority=priority) for _ in range(number)]
    for new in new_jobs:
        assert await store.submits.submit(new)
    return new_jobs


async def claim(store: Store, slots: int = 1) -> list[Claim]:
    return await store.leases.claim("w", Lane.LOCAL, slots, LEASE)


async def served(store: Store, jobs: int) -> list[UserId]:
    """Completes jobs one after the other; returns their users in order."""
    users = []
    for _ in range(jobs):
        [one] = await claim(store)
        assert await store.leases.complete(one, outcome(one.job_id, one.attempt))
        users.append(one.user_id)
    return users


async def test_a_single_job_goes_ahead_of_a_hundred_earlier_ones(store: Store) -> None:
    noisy, other = await new_user(store), await new_user(store)
    await submit(store, noisy, 100)
    running = await claim(store, 2)
    [new] = await submit(store, other)
    await store.leases.complete(running[0], outcome(running[0].job_id))
    [next_one] = await claim(store)
    assert next_one.job_id == new.id


async def test_users_who_wait_take_turns(store: Store) -> None:
    first, second, third = [await new_user(store) for _ in range(3)]
    await submit(store, first, 20)
    await submit(store, second, 3)
    await submit(store, third, 2)
    turns = [first, second, third]
    assert await served(store, 10) == [*turns, *turns, first, second, first, first]


async def test_jobs_that_are_stored_in_one_statement_take_turns_too(store: Store) -> None:
    noisy, other = await new_user(store), await new_user(store)
    await store.submits.submit_each([new_job(noisy) for _ in range(10)])
    await store.submits.submit_each([new_job(other) for _ in range(2)])
    assert await served(store, 4) == [noisy, other] * 2


async def test_new_users_do_not_starve_waiting_ones(store: Store) -> None:
    noisy = await new_user(store)
    await submit(store, noisy, 10)
    users = []
    [running] = await claim(store)
    for _ in range(8):
        await submit(store, await new_user(store))
        await submit(store, await new_user(store))
        await store.leases.complete(running, outcome(running.job_id))
        [running] = await claim(store)
        users.append(running.user_id)
    assert len(set(users)) == 8  # although two arrive for each that ends
    waiting = [running]
    while waiting[0].user_id != noisy:
        await store.leases.complete(waiting[0], outcome(waiting[0].job_id))
        waiting = await claim(store)


async def test_an_idle_user_saves_no_turns(store: Store) -> None:
    steady, back = await new_user(store), await new_user(store)
    await submit(store, steady, 30)
    assert await served(store, 10) == [steady] * 10
    [running] = await claim(store)
    await submit(store, back, 5)
    await store.leases.complete(running, outcome(running.job_id))
    assert (await served(store, 10)).count(back) == 5


async def test_priority_comes_before_turns(store: Store) -> None:
    patient, urgent = await new_user(store), await new_user(store)
    await submit(store, patient, 2)
    await submit(store, urgent, 5, priority=1)
    assert await served(store, 7) == [urgent] * 5 + [patient] * 2


async def test_a_released_job_keeps_its_turn(store: Store) -> None:
    first, second = await new_user(store), await new_user(store)
    [early] = await submit(store, first)
    [held] = await claim(store)
    await submit(store, second, 3)
    await store.leases.release([held])
    [again] = await claim(store)
    assert again.job_id == early.id
