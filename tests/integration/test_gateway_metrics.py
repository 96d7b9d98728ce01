"""What a gateway exports to Prometheus, of itself and of the fleet."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from imggen.v1 import generation_pb2
from server.domain.states import Lane
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.routing.rows import Row
from server.upkeep.sweep import Sweeper
from tests.exported import names, page_of_gateway, series, value
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.observed import alerts, panels
from tests.promtool import promtool

HOSTED = next(row for row in KNOWN.values() if row.provider == "openai")


@pytest.fixture
async def gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    catalogue = Catalogue([STORYBOOK, HOSTED])
    async with open_gateway_fixture(
        database, tmp_path, catalogue=catalogue, daily_budget_usd=5, max_waiting_jobs=2
    ) as gateway:
        yield gateway


def by(model: Row) -> generation_pb2.GenerationOptions:
    """Returns the options of a picture that only this model may draw."""
    return generation_pb2.GenerationOptions(model=model.name)


async def page_of(gateway: GatewayFixture) -> str:
    """Returns the metrics as Prometheus reads them."""
    where = f"http://{gateway.served.addresses.metrics}/metrics"
    async with aiohttp.ClientSession() as http, http.get(where) as answer:
        return await answer.text()


async def test_what_waits_and_runs_is_told_by_lane(gateway: GatewayFixture) -> None:
    mia = gateway.caller()
    who = await mia.create_character()
    for _ in range(2):
        await mia.portrait(who.id, options=by(STORYBOOK))
    request = generation_pb2.GeneratePortraitRequest(
        character_id=who.id, style="watercolor", options=by(STORYBOOK)
    )
    refused = await mia.refused(mia.generation.GeneratePortrait, request)
    await gateway.claim()
    page = await page_of(gateway)
    assert refused.reason == "QUEUE_FULL"
    assert value(page, "imggen_refused_calls_total", reason="QUEUE_FULL") == 1
    assert value(page, "imggen_accepted_jobs_total", lane="local") == 2
    assert value(page, "imggen_waiting_jobs", lane="local") == 1
    assert value(page, "imggen_running_jobs", lane="local") == 1
    assert value(page, "imggen_waiting_jobs", lane="hosted") == 0
    assert value(page, "imggen_oldest_waiting_seconds", lane="hosted") == 0
    assert (value(page, "imggen_oldest_waiting_seconds", lane="local") or 0) > 0
    for lane in Lane:
        assert value(page, "imggen_ready_workers", lane=lane) == 1
        assert value(page, "imggen_ready_slots", lane=lane) == 1


async def test_a_drained_worker_is_not_ready(gateway: GatewayFixture) -> None:
    mia = gateway.caller()
    await mia.portrait((await mia.create_character()).id, options=by(STORYBOOK))
    await gateway.store.workers.drain("worker")
    page = await page_of(gateway)
    assert value(page, "imggen_waiting_jobs", lane="local") == 1
    for lane in Lane:
        assert value(page, "imggen_ready_workers", lane=lane) == 0
        assert value(page, "imggen_ready_slots", lane=lane) == 0


async def test_nothing_waits_for_long_in_a_lane_that_is_paused(gateway: GatewayFixture) -> None:
    mia = gateway.caller()
    await mia.portrait((await mia.create_character()).id, options=by(STORYBOOK))
    await gateway.store.paused_lanes.pause(Lane.LOCAL, mia.user_id)
    page = await page_of(gateway)
    assert value(page, "imggen_waiting_jobs", lane="local") == 1
    assert value(page, "imggen_oldest_waiting_seconds", lane="local") == 0
    assert value(page, "imggen_lane_paused", lane="local") == 1
    assert value(page, "imggen_lane_paused", lane="hosted") == 0


async def test_each_picture_of_a_story_is_accepted_by_the_lane_of_its_first_choice(
    gateway: GatewayFixture,
) -> None:
    mia = gateway.caller()
    story = await mia.create_story("Mia runs.", "Mia swims.", "Mia sleeps.")
    await mia.generate_story(story.id, options=by(STORYBOOK))
    page = await page_of(gateway)
    assert value(page, "imggen_accepted_jobs_total", lane="local") == 3
    assert await gateway.count("image_generation_jobs") == 3


async def test_budgets_and_providers_are_told_and_users_are_not(gateway: GatewayFixture) -> None:
    mia = gateway.caller()
    who = await mia.create_character()
    await mia.portrait(who.id, options=by(HOSTED))
    await gateway.store.budgets.set_limit("provider:openai", 2_500_000, mia.user_id)
    await gateway.store.budgets.set_limit(f"user:{mia.user_id}", 1_000_000, mia.user_id)
    await gateway.store.health.turn_off("openai", HOSTED.name, "model_gone")
    for _ in range(5):
        await gateway.store.health.failed("openai", "server_error")
    page = await page_of(gateway)
    assert value(page, "imggen_budget_limit_usd", scope="global") == 5
    assert value(page, "imggen_budget_limit_usd", scope="provider:openai") == 2.5
    held = value(page, "imggen_budget_held_usd", scope="provider:openai")
    assert held is not None
    assert 0 < held == value(page, "imggen_budget_held_usd", scope="global")
    assert value(page, "imggen_budget_spent_usd", scope="global") == 0
    provider = {"provider": "openai", "model": ""}
    assert value(page, "imggen_provider_state", state="open", **provider) == 1
    assert value(page, "imggen_provider_state", state="well", **provider) == 0
    model = {"provider": "openai", "model": HOSTED.name}
    assert value(page, "imggen_provider_state", state="off", **model) == 1
    assert str(mia.user_id) not in page


async def test_a_provider_that_never_failed_is_well(gateway: GatewayFixture) -> None:
    page = await page_of(gateway)
    assert value(page, "imggen_provider_state", provider="openai", state="well") == 1


async def test_the_state_of_what_is_not_offered_any_more_is_not_told(
    gateway: GatewayFixture,
) -> None:
    await gateway.store.health.turn_off("openai", "old-model", "model_gone")
    await gateway.store.health.turn_off("fake", "", "account_stopped")
    page = await page_of(gateway)
    assert value(page, "imggen_provider_state", model="old-model", state="off") is None
    assert value(page, "imggen_provider_state", provider="fake", state="off") is None


async def test_changes_that_no_follower_can_read_age(gateway: GatewayFixture) -> None:
    mia = gateway.caller()
    who = await mia.create_character()
    async with gateway.store.transaction() as tx:
        # An older transaction that has written keeps all later changes from followers.
        await tx.workers.ready(str(uuid4()), {}, timedelta(0))
        await mia.portrait(who.id, options=by(STORYBOOK))
        page = await page_of(gateway)
    assert (value(page, "imggen_outbox_unsettled_seconds") or 0) > 0
    assert (value(page, "imggen_outbox_oldest_seconds") or 0) > 0


async def test_a_sweep_leaves_its_time(gateway: GatewayFixture) -> None:
    before = value(gateway.metrics.page().decode(), "imggen_last_sweep_timestamp_seconds")
    await Sweeper(gateway.store, gateway.storage, gateway.metrics).sweep()
    after = value(gateway.metrics.page().decode(), "imggen_last_sweep_timestamp_seconds")
    assert before == 0
    assert after is not None
    assert after > 1_700_000_000


async def test_without_the_database_the_fleet_is_not_known_and_the_rest_is_told(
    gateway: GatewayFixture,
) -> None:
    await gateway.store.database.execute("DROP TABLE job_lanes")
    page = await page_of(gateway)
    assert value(page, "imggen_fleet_known") == 0
    assert "imggen_waiting_jobs" not in series(page)
    assert value(page, "imggen_grpc_open_calls") is not None


async def test_a_gateway_exports_what_the_dashboard_and_the_alerts_ask_it_for(
    gateway: GatewayFixture,
) -> None:
    asked = set().union(*(query.metrics for query in (*panels(), *alerts())))
    exported = names(await page_of(gateway))
    assert {name for name in asked if name.startswith("imggen_")} - exported.keys() == set()
    # The page of the unit tests, by which labels are checked, is this one.
    told = {name: labels for name, labels in names(page_of_gateway()).items() if labels}
    shown = {name: labels for name, labels in exported.items() if labels}
    assert shown == {name: told[name] for name in shown}


async def test_prometheus_finds_no_fault_in_what_a_gateway_exports(
    gateway: GatewayFixture,
) -> None:
    mia = gateway.caller()
    await mia.portrait((await mia.create_character()).id, options=by(STORYBOOK))
    page = await page_of(gateway)
    assert value(page, "imggen_fleet_known") == 1
    assert promtool("check", "metrics", given=page) == ""
