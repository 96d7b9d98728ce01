"""Jobs leave a paused lane for one that may draw them, within their limits and the budgets."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.worker.rerouting import Rerouting
from imggen.v1 import job_pb2, routing_pb2, routing_pb2_grpc
from imggen.v1.generation_pb2 import GeneratePortraitRequest, GenerationOptions
from server.domain.states import Lane
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.routing.conditions import GpuCost
from server.routing.observer import Observer
from tests.builders import paid
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import until

PRICE = 40_000
CATALOGUE = Catalogue([STORYBOOK, paid(KNOWN["fake"], PRICE)])


@pytest.fixture
async def gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a gateway with a free local model, and a hosted one that costs 4 cents."""
    async with open_gateway_fixture(
        database, tmp_path / "pixels", catalogue=CATALOGUE, daily_budget_usd=10
    ) as gateway:
        yield gateway


def rerouting(gateway: GatewayFixture) -> Rerouting:
    """Returns what moves waiting jobs."""
    observer = Observer(gateway.store, GpuCost(), fresh_s=0)
    return Rerouting(CATALOGUE, observer, gateway.store, gateway.signals)


async def waits_in(gateway: GatewayFixture, job: job_pb2.Job) -> list[str]:
    """Returns the lanes that may take a job now."""
    rows = await gateway.store.database.fetch(
        "SELECT lane FROM job_lanes WHERE open AND job_id::text = $1 ORDER BY lane DESC",
        job.job_id,
    )
    return [row["lane"] for row in rows]


async def test_a_new_job_is_drawn_in_another_lane_while_its_best_one_is_paused(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await gateway.store.paused_lanes.pause(Lane.LOCAL, mia.user_id)
    character = await mia.create_character()
    job = await mia.portrait(character.id)
    assert not job.lane_paused
    routing: Any = routing_pb2_grpc.RoutingServiceStub(gateway.channel())
    for provider, paused in (("", False), ("local", True)):
        portrait = GeneratePortraitRequest(
            character_id=character.id,
            style="anime",
            options=GenerationOptions(provider=provider),
        )
        request = routing_pb2.QuoteGenerationRequest(portrait=portrait)
        quote = await routing.QuoteGeneration(request, metadata=mia.metadata)
        assert quote.route.lane_paused is paused
    explained = routing_pb2.ExplainRouteRequest(job_id=job.job_id)
    found = await routing.ExplainRoute(explained, metadata=mia.metadata)
    assert not found.admitted.lane_paused
    [claim] = await gateway.store.leases.claim("worker", Lane.HOSTED, 1, LEASE)
    assert (str(claim.job_id), claim.models) == (job.job_id, ("paid",))


@pytest.mark.parametrize(
    "options",
    [GenerationOptions(max_cost_micros=PRICE - 1), GenerationOptions(provider="local")],
    ids=["cost", "provider"],
)
async def test_a_job_that_another_lane_may_not_draw_waits_in_the_paused_one(
    gateway: GatewayFixture, mia: Caller, options: GenerationOptions
) -> None:
    await gateway.store.paused_lanes.pause(Lane.LOCAL, mia.user_id)
    job = await mia.portrait(options=options)
    assert job.lane_paused
    await rerouting(gateway).reroute()
    assert await waits_in(gateway, job) == ["local"]


async def test_a_job_waits_in_a_paused_lane_where_no_budget_covers_another(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await gateway.store.budgets.set_limit("global", PRICE - 1, mia.user_id)
    await gateway.store.paused_lanes.pause(Lane.LOCAL, mia.user_id)
    assert await waits_in(gateway, await mia.portrait()) == ["local"]


async def test_waiting_jobs_leave_a_lane_that_is_paused_until_it_is_resumed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    lanes = gateway.store.paused_lanes

    async def in_both(yes: bool) -> bool:
        return (await waits_in(gateway, job) == ["local", "hosted"]) is yes

    async with rerouting(gateway).running():
        await lanes.pause(Lane.LOCAL, mia.user_id)
        await until(lambda: in_both(True))
        await lanes.resume(Lane.LOCAL)
        await until(lambda: in_both(False))
    assert await waits_in(gateway, job) == ["local"]
