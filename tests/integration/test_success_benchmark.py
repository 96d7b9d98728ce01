"""The benchmark of success counts the jobs that really fail, with a worker whose model may."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from actors.engine.render import PictureBroken, RenderRequest
from actors.testing.scripted import ScriptedRenderer
from benchmarks.success import End, draw
from benchmarks.varied import Order, Round
from cluster.embedded.processes import free_port
from imggen import SyncClient
from imggen.errors import Unavailable
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue

GOOD, TORN, BROKEN, TORN_ONCE = range(4)


async def test_each_job_ends_with_its_picture_or_its_reason(
    gateway: GatewayFixture, job_queue: JobQueue
) -> None:
    scene = Order((0, 1), "storybook", "4:3", GOOD, "Mia and Tom sat at the beach.")
    orders = (
        *(portrait(seed) for seed in (GOOD, TORN, BROKEN, TORN_ONCE)),
        scene,
        replace(portrait(GOOD), style="no style"),
        portrait(GOOD),
    )
    token = token_of(gateway)
    async with job_queue.worker(ScriptedRenderer(script=FailingSeeds()), poll_s=0.05):
        ends = await asyncio.to_thread(ends_of, gateway.address, token, orders, 6)
    by_reason = {end.reason: end for end in ends if end.reason}
    assert set(by_reason) == {"RENDER_FAILED", "PICTURE_BROKEN", "STYLE_UNKNOWN"}
    assert by_reason["RENDER_FAILED"].message == "RuntimeError: torn"
    assert by_reason["RENDER_FAILED"].retries == 3
    assert by_reason["STYLE_UNKNOWN"].job_id == ""
    good = [end for end in ends if not end.reason]
    assert [end.retries for end in good] == [0, 1, 0]
    assert await gateway.count("images WHERE status = 'completed'") == len(good)


async def test_a_job_that_does_not_end_is_the_last_failure(gateway: GatewayFixture) -> None:
    orders, token = [portrait(GOOD)] * 2, token_of(gateway)
    [end] = await asyncio.to_thread(ends_of, gateway.address, token, orders, 2, patience_s=0.1)
    assert end.reason == "DEADLINE_EXCEEDED"


def test_a_service_that_does_not_answer_ends_the_run() -> None:
    with pytest.raises(Unavailable):
        ends_of(f"127.0.0.1:{free_port()}", "token", [portrait(GOOD)], 1)


class FailingSeeds:
    """A script that fails by a request's seed."""

    def __init__(self) -> None:
        self._torn = False

    async def __call__(self, request: RenderRequest, step: int) -> None:
        if request.seed == TORN:
            raise RuntimeError("torn")
        if request.seed == TORN_ONCE and not self._torn:
            self._torn = True
            raise RuntimeError("torn")
        # The service draws it again with another seed.
        if request.seed not in (GOOD, TORN_ONCE):
            raise PictureBroken("the latents are not finite")


def portrait(seed: int) -> Order:
    return Order((0,), "storybook", "", seed)


def token_of(gateway: GatewayFixture) -> str:
    return gateway.caller().metadata[0][1].removeprefix("Bearer ")


def ends_of(
    address: str, token: str, orders: Sequence[Order], count: int, patience_s: float = 30.0
) -> list[End]:
    varied = [Round(({"name": "Mia"}, {"name": "Tom"}), tuple(orders))]
    with SyncClient(address, token=token, patience=0.1) as client:
        return list(draw(client, varied, count, patience_s))
