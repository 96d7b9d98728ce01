"""The benchmark of success counts the jobs that really fail, with a worker whose model may."""

import asyncio

from actors.engine.render import PictureBroken, RenderRequest
from actors.testing.scripted import ScriptedRenderer
from benchmarks.success import End, draw
from benchmarks.varied import Order, Round
from imggen import SyncClient
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue

GOOD, TORN, BROKEN, TORN_ONCE = range(4)


async def test_each_job_ends_with_its_picture_or_its_reason(
    gateway: GatewayFixture, job_queue: JobQueue
) -> None:
    orders = (
        *(Order((0,), "storybook", "", seed) for seed in (GOOD, TORN, BROKEN, TORN_ONCE)),
        Order((0, 1), "storybook", "4:3", GOOD, "Mia and Tom sat at the beach."),
        Order((0,), "no style", "", GOOD),
        Order((0,), "storybook", "", GOOD),
    )
    token = gateway.caller().metadata[0][1].removeprefix("Bearer ")
    varied = [Round(({"name": "Mia"}, {"name": "Tom"}), orders)]
    async with job_queue.worker(ScriptedRenderer(script=FailingSeeds()), poll_s=0.05):
        ends = await asyncio.to_thread(draw_all, gateway.address, token, varied, 6)
    by_reason = {end.reason: end for end in ends if end.reason}
    assert set(by_reason) == {"RENDER_FAILED", "PICTURE_BROKEN", "STYLE_UNKNOWN"}
    assert by_reason["RENDER_FAILED"].message == "RuntimeError: torn"
    assert by_reason["RENDER_FAILED"].retries == 3
    assert by_reason["STYLE_UNKNOWN"].job_id == ""
    good = [end for end in ends if not end.reason]
    assert [end.retries for end in good] == [0, 1, 0]
    assert await gateway.count("images WHERE status = 'completed'") == len(good)


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


def draw_all(address: str, token: str, varied: list[Round], count: int) -> list[End]:
    with SyncClient(address, token=token) as client:
        return list(draw(client, varied, count))
