"""One breaker and one probe for each provider, for the whole fleet."""

import asyncio
from datetime import timedelta

import pytest

from server.domain.health import HealthState
from server.store import Store
from server.store.health import BreakerRule, Health

NOW = timedelta(0)
LONG = timedelta(hours=1)


def health(store: Store, *, pause: timedelta = LONG, limit: int = 3) -> Health:
    """Returns the statements with a breaker that opens after three failures."""
    return Health(store.database, BreakerRule(limit, pause, timedelta(hours=8), LONG))


async def state(found: Health, model: str = "") -> HealthState:
    """Returns the state of the provider, or of one of its models."""
    rows = {row.model: row.state for row in await found.all()}
    return rows.get(model, HealthState.WELL)


async def test_a_provider_that_never_failed_is_well(store: Store) -> None:
    assert await store.health.all() == []
    await store.health.succeeded("openai")
    assert await store.health.all() == []


async def test_failures_in_a_row_open_the_breaker(store: Store) -> None:
    found = health(store)
    opened = [await found.failed("openai", "not_connected") for _ in range(3)]
    assert opened == [False, False, True]
    assert await state(found) is HealthState.OPEN


async def test_a_success_between_failures_starts_the_count_again(store: Store) -> None:
    found = health(store)
    for _ in range(2):
        await found.failed("openai", "not_connected")
        await found.failed("openai", "not_connected")
        await found.succeeded("openai")
    assert await state(found) is HealthState.WELL


async def test_a_limit_of_one_opens_at_the_first_failure(store: Store) -> None:
    found = health(store, limit=1)
    assert await found.failed("openai", "not_connected")
    assert await state(found) is HealthState.OPEN


async def test_only_the_failure_that_opens_the_breaker_says_so(store: Store) -> None:
    found = health(store, pause=NOW, limit=2)
    first = [await health(store, limit=2).failed("openai", "not_connected") for _ in range(4)]
    assert first == [False, True, False, False]
    await store.database.execute("UPDATE provider_health SET open_until = now()")
    assert await found.take_probe("openai")
    assert await health(store, limit=2).failed("openai", "not_connected")


async def test_a_state_that_no_time_ends_has_no_end(store: Store) -> None:
    found = health(store, pause=NOW, limit=1)
    await found.failed("openai", "not_connected")
    [half_open] = await found.all()
    until = await found.take_probe("openai")
    [probing] = await found.all()
    await found.turn_off("openai", "", "account_stopped")
    [off] = await found.all()
    ends = [(one.state, one.until) for one in (half_open, probing, off)]
    assert ends == [
        (HealthState.HALF_OPEN, None),
        (HealthState.PROBING, until),
        (HealthState.OFF, None),
    ]


async def test_failures_at_the_same_moment_open_it_for_one_pause(store: Store) -> None:
    found = health(store)
    await asyncio.gather(*(found.failed("openai", "outcome_unknown") for _ in range(20)))
    (row,) = await found.all()
    assert row.failures == 3
    left = await store.database.fetchrow(
        "SELECT open_until - now() AS left FROM provider_health WHERE provider = 'openai'"
    )
    assert left is not None
    assert left["left"] <= LONG


async def test_a_half_open_breaker_has_one_probe(store: Store) -> None:
    found = health(store, pause=NOW)
    for _ in range(3):
        await found.failed("openai", "not_connected")
    assert await state(found) is HealthState.HALF_OPEN
    taken = await asyncio.gather(*(found.take_probe("openai") for _ in range(8)))
    assert len([until for until in taken if until]) == 1
    assert await state(found) is HealthState.PROBING


async def test_a_probe_that_succeeds_closes_the_breaker(store: Store) -> None:
    found = health(store, pause=NOW)
    for _ in range(3):
        await found.failed("openai", "not_connected")
    await found.take_probe("openai")
    await found.succeeded("openai")
    assert await state(found) is HealthState.WELL


async def test_a_probe_that_fails_opens_it_for_twice_as_long(store: Store) -> None:
    found = health(store, pause=NOW)
    for _ in range(3):
        await found.failed("openai", "not_connected")
    assert await found.take_probe("openai")
    again = health(store)
    assert await again.failed("openai", "not_connected")
    left = await store.database.fetchrow(
        "SELECT open_until - now() > interval '119 minutes' AS twice FROM provider_health"
    )
    assert left is not None
    assert left["twice"]


async def test_a_probe_that_decided_nothing_is_for_the_next_call(store: Store) -> None:
    found = health(store, pause=NOW, limit=1)
    await found.failed("openai", "not_connected")
    first = await found.take_probe("openai")
    assert first is not None
    kept = await found.keep_probe("openai", first)
    assert kept is not None
    await found.return_probe("openai", first)  # it is the older end of the same probe
    assert await state(found) is HealthState.PROBING
    await found.return_probe("openai", kept)
    assert await state(found) is HealthState.HALF_OPEN
    assert await found.keep_probe("openai", kept) is None
    assert await found.take_probe("openai")


async def test_a_probe_that_nobody_keeps_ends(store: Store) -> None:
    found = Health(store.database, BreakerRule(1, NOW, LONG, probe=NOW))
    await found.failed("openai", "not_connected")
    assert await found.take_probe("openai")
    assert await state(found) is HealthState.HALF_OPEN


async def test_a_breaker_that_is_open_has_no_probe(store: Store) -> None:
    found = health(store)
    for _ in range(3):
        await found.failed("openai", "not_connected")
    assert not await found.take_probe("openai")


async def test_a_provider_that_asked_to_wait_needs_no_probe_afterwards(store: Store) -> None:
    found = health(store)
    await found.waits("openai", LONG, "rate_limited")
    assert await state(found) is HealthState.WAITING
    await found.waits("openai", NOW, "rate_limited")
    assert await state(found) is HealthState.WAITING
    await found.succeeded("openai")  # of a call that was made before
    assert await state(found) is HealthState.WAITING


async def test_a_short_wait_is_over_by_itself(store: Store) -> None:
    found = health(store)
    await found.waits("openai", NOW, "rate_limited")
    assert await state(found) is HealthState.WELL


async def test_a_provider_that_is_off_stays_off_until_it_is_turned_on(store: Store) -> None:
    found = health(store)
    assert await found.turn_off("openai", "", "account_stopped")
    assert not await found.turn_off("openai", "", "account_stopped")
    await found.succeeded("openai")
    assert await state(found) is HealthState.OFF
    assert await found.turn_on("openai")
    assert not await found.turn_on("openai")
    assert await state(found) is HealthState.WELL


async def test_a_model_that_is_off_leaves_the_provider_well(store: Store) -> None:
    found = health(store)
    assert await found.turn_off("openai", "gpt-image-1", "model_gone")
    assert await state(found) is HealthState.WELL
    assert await state(found, "gpt-image-1") is HealthState.OFF


@pytest.mark.parametrize("due", [True, False])
async def test_one_worker_looks_after_a_provider_that_is_off(store: Store, due: bool) -> None:
    found = health(store)
    await found.turn_off("openai", "", "account_stopped")
    every = NOW if due else LONG
    taken = await asyncio.gather(*(found.take_slow_probes(["openai"], every) for _ in range(4)))
    assert any(taken) is due
