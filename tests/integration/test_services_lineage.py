"""Regenerations: their changes, and how many a lineage may have."""

import asyncio

import grpc.aio
import pytest

from imggen.v1 import image_pb2, job_pb2
from imggen.v1.generation_pb2 import GenerationOptions, Modifications, RegenerateImageRequest
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, ids, new_id


async def test_a_regeneration_changes_what_is_named_and_keeps_the_rest(
    gateway: GatewayFixture, mia: Caller
) -> None:
    options = GenerationOptions(use_references=True)  # as a regeneration without options has it
    job = await gateway.draw(await mia.portrait(seed=7, options=options))
    before = await gateway.spec(job)

    style = await gateway.spec(
        await mia.regenerate(job.image_id, modifications=Modifications(style="anime", seed=7))
    )
    prompt = await gateway.spec(
        await mia.regenerate(
            job.image_id, modifications=Modifications(prompt="holding a kite", seed=7)
        )
    )
    seed = await gateway.spec(
        await mia.regenerate(job.image_id, modifications=Modifications(seed=8))
    )
    nothing = await gateway.spec(await mia.regenerate(job.image_id))

    assert style["spec"] == before["spec"] | {"style": style["spec"]["style"]}
    assert style["spec"]["style"]["id"] == "anime"
    assert prompt["spec"] == before["spec"] | {"scene": "holding a kite"}
    assert seed["spec"] == before["spec"] | {"seed": 8}
    assert nothing["spec"] == before["spec"] | {"seed": nothing["spec"]["seed"]}
    assert nothing["spec"]["seed"] != 7


async def test_the_original_stays_beside_its_new_version(
    gateway: GatewayFixture, mia: Caller
) -> None:
    original = await gateway.draw(await mia.portrait())
    before = await mia.get_image(original.image_id)
    job = await gateway.draw(await mia.regenerate(original.image_id))
    again = await mia.get_image(original.image_id)
    new = await mia.get_image(job.image_id)

    assert (again.version, again.url.split("?")[0]) == (1, before.url.split("?")[0])
    assert (new.version, new.parent_image_id, new.lineage_id) == (2, original.image_id, before.id)
    assert (new.character_id, new.type) == (before.character_id, image_pb2.IMAGE_TYPE_PORTRAIT)
    assert (before.regenerations_left, again.regenerations_left) == (5, 4)
    assert ids((await mia.list_images()).images) == [new.id, before.id]


async def test_an_image_that_is_not_completed_may_be_regenerated(mia: Caller) -> None:
    job = await mia.portrait()
    again = await mia.regenerate(job.image_id)
    assert again.status == job_pb2.JOB_STATUS_QUEUED


async def test_the_limit_counts_the_lineage_whichever_version_it_starts_from(
    mia: Caller,
) -> None:
    newest = (await mia.portrait()).image_id
    for _ in range(5):
        newest = (await mia.regenerate(newest)).image_id
    refused = await mia.refused(
        mia.generation.RegenerateImage, RegenerateImageRequest(image_id=newest)
    )
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.reason == "REGENERATION_LIMIT"
    assert "has used all 5 regenerations" in refused.message
    assert (await mia.get_image(newest)).regenerations_left == 0


async def test_a_repeated_regeneration_is_answered_though_its_lineage_is_full(
    mia: Caller,
) -> None:
    original = await mia.portrait()
    keys = [new_id() for _ in range(5)]
    made = [await mia.regenerate(original.image_id, request_id=key) for key in keys]
    again = await mia.regenerate(original.image_id, request_id=keys[0])
    assert again.job_id == made[0].job_id


@pytest.mark.parametrize("end", ["deleted", "cancelled", "failed"])
async def test_failed_and_cancelled_versions_still_count(
    gateway: GatewayFixture, mia: Caller, end: str
) -> None:
    original = await gateway.draw(await mia.portrait())
    for _ in range(5):
        job = await mia.regenerate(original.image_id)
        match end:
            case "deleted":
                await mia.delete_image(job.image_id)
            case "cancelled":
                await mia.cancel(job.job_id)
            case _:
                await gateway.fail(await gateway.claim())
    refused = await mia.refused(
        mia.generation.RegenerateImage, RegenerateImageRequest(image_id=original.image_id)
    )
    assert refused.reason == "REGENERATION_LIMIT"


async def test_ten_regenerations_at_once_give_exactly_five(
    gateway: GatewayFixture, mia: Caller
) -> None:
    original = await mia.portrait()

    async def regenerate() -> str:
        try:
            return (await mia.regenerate(original.image_id)).image_id
        except grpc.aio.AioRpcError as error:
            return error.code().name

    made = await asyncio.gather(*(regenerate() for _ in range(10)))
    assert made.count("FAILED_PRECONDITION") == 5
    images = [await mia.get_image(image) for image in made if image != "FAILED_PRECONDITION"]
    assert sorted(image.version for image in images) == [2, 3, 4, 5, 6]
    assert await gateway.count("images") == 6
