"""Limits of budgets: where they come from, and what paid calls and holds find of them."""

import asyncio

from server.store import Store, open_store
from tests.builders import new_job, new_user
from tests.integration.test_calls import LIMIT, call, claim_again, claimed
from tests.integration.test_money_movements import A_DAY_PASSES, DIFFERENCES, rows


async def test_without_a_global_limit_nothing_is_covered(store: Store) -> None:
    user = await new_user(store)
    await store.submits.submit(new_job(user))
    claim = await claim_again(store)
    assert (await store.money.begin(claim, call(1))).scope == "global"


async def test_a_lower_limit_releases_nothing_and_stops_new_holds(store: Store) -> None:
    user, claim = await claimed(store, 40)
    await store.budgets.set_limit("global", 10, user)
    assert await rows(store, "SELECT held_micros FROM budgets WHERE scope = 'global'") == [(40,)]
    # The hold moves as it is; what would add to it is refused.
    assert (await store.money.begin(claim, call(41))).scope == "global"
    assert (await store.money.begin(claim, call(40))).ok
    more = new_job(user, price_micros=1)
    await store.submits.submit(more)
    assert await store.money.hold([more.id], LIMIT) == "global"
    await store.budgets.remove_limit("global", LIMIT)
    assert await store.money.hold([more.id], LIMIT) is None


async def test_the_setting_is_the_limit_until_an_admin_sets_one(store: Store) -> None:
    user = await new_user(store)
    await store.money.default_limit(500)
    await store.money.default_limit(LIMIT)
    assert (await store.budgets.get("global")).limit_micros == LIMIT
    await store.budgets.set_limit("global", 7, user)
    await store.money.default_limit(LIMIT)
    budget = await store.budgets.get("global")
    assert (budget.limit_micros, budget.set_by) == (7, user)
    await store.budgets.set_limit(f"user:{user}", 8, user)
    await store.budgets.remove_limit(f"user:{user}", LIMIT)
    assert (await store.budgets.get(f"user:{user}")).limit_micros is None


async def test_gateways_with_different_settings_keep_the_limit_of_the_newest_start(
    store: Store,
) -> None:
    user, jobs = await new_user(store), []
    assert await store.money.default_limit(500) is None
    assert await store.money.default_limit(100) == 500
    assert await store.money.default_limit(100) is None
    for limit in (500, 100, 500):  # the holds of either gateway
        new = new_job(user, price_micros=60)
        await store.submits.submit(new)
        jobs.append(await store.money.hold([new.id], limit))
        assert (await store.budgets.get("global")).limit_micros == 100
    assert jobs == [None, "global", "global"]


async def test_a_hold_where_no_limit_is_stored_applies_the_setting(store: Store) -> None:
    new = new_job(await new_user(store), price_micros=60)
    await store.submits.submit(new)
    assert await store.money.hold([new.id], 59) == "global"
    assert (await store.budgets.get("global")).limit_micros == 59


async def test_alerts_are_written_once_a_day_when_a_share_is_used(store: Store) -> None:
    await claimed(store, 40, limit=100)
    alerts = "SELECT scope, percent, held_micros FROM alerts ORDER BY id"
    assert await rows(store, alerts) == []
    for price, percents in ((39, []), (1, [80]), (1, [80]), (19, [80, 100])):
        new = new_job(await new_user(store), price_micros=price)
        await store.submits.submit(new)
        assert await store.money.hold([new.id], 100) is None
        assert [row[1] for row in await rows(store, alerts)] == percents
    await store.database.execute(A_DAY_PASSES)
    new = new_job(await new_user(store), price_micros=80)
    await store.submits.submit(new)
    assert await store.money.hold([new.id], 100) is None
    assert await rows(store, alerts) == [
        ("global", 80, 80),
        ("global", 100, 100),
        ("global", 80, 80),
    ]


async def test_admissions_of_two_gateways_never_pass_the_limit(store: Store, database: str) -> None:
    user = await new_user(store)
    spent = new_job(user, price_micros=499_990_000)
    await store.submits.submit(spent)
    assert await store.money.hold([spent.id], 500_000_000) is None

    async def admit(gateway: Store) -> bool:
        new = new_job(user, price_micros=1_000)
        async with gateway.transaction() as tx:
            await tx.submits.submit(new)
            return await tx.money.hold([new.id], 500_000_000) is None

    async with open_store(database) as other:
        gateways = [store, other] * 100
        held = await asyncio.gather(*(admit(gateway) for gateway in gateways))
    assert held.count(True) == 10
    [budget] = await rows(store, "SELECT held_micros FROM budgets WHERE scope = 'global'")
    assert budget == (500_000_000,)
    assert await rows(store, DIFFERENCES) == []
