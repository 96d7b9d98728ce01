"""The specs of requested images: defaults resolved, content frozen."""

from pathlib import Path

import grpc

from imggen.v1 import image_pb2, job_pb2
from imggen.v1.generation_pb2 import GenerationOptions, Modifications, RegenerateImageRequest
from server.identity.caller import Role
from tests.integration.callers import Caller
from tests.integration.cuttable_postgres import cuttable_postgres
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture


async def test_a_portrait_freezes_its_character_and_resolves_omitted_fields(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character(hair="red")
    await mia.update_character(character.id, hair="long red hair")
    job = await mia.portrait(character.id)
    drawn = await gateway.spec(job)
    [frozen] = drawn["spec"]["characters"]
    assert (frozen["id"], frozen["version"]) == (character.id, 2)
    assert frozen["description"]["hair"] == "long red hair"
    spec = drawn["spec"]
    assert (spec["model"], spec["width"], spec["quality"]) == ("storybook", 1024, "hd")
    assert str(drawn["character_id"]) == character.id
    assert (drawn["priority"], drawn["story_id"]) == (2, None)


async def test_a_portrait_takes_the_requested_options(gateway: GatewayFixture) -> None:
    admin = gateway.caller("operator", Role.ADMIN)
    options = GenerationOptions(model="sdxl", quality="standard")
    drawn = await gateway.spec(
        await admin.portrait(size="1024x1536", options=options, seed=9, priority=0)
    )
    spec = drawn["spec"]
    assert (spec["model"], spec["height"], spec["seed"]) == ("sdxl", 1536, 9)
    assert (spec["quality"], drawn["priority"]) == ("standard", 0)


async def test_a_portrait_takes_the_style_of_its_story(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story(style="anime")
    drawn = await gateway.spec(await mia.portrait(style="", story_id=story.id))
    assert drawn["spec"]["style"]["id"] == "anime"
    assert str(drawn["story_id"]) == story.id


async def test_a_scene_belongs_to_its_page(gateway: GatewayFixture, mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    job = await mia.scene(story.id, 2)
    assert job.kind == job_pb2.JOB_KIND_SCENE
    drawn = await gateway.spec(job)
    assert (str(drawn["story_id"]), drawn["page_number"]) == (story.id, 2)


async def test_a_new_version_takes_every_change_at_once_and_the_seed_zero(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait(seed=7)
    changes = Modifications(style="anime", prompt="a lake", seed=0)
    drawn = await gateway.spec(await mia.regenerate(job.image_id, modifications=changes))
    spec = drawn["spec"]
    assert (spec["style"]["id"], spec["scene"], spec["seed"]) == ("anime", "a lake", 0)
    assert str(drawn["parent_image_id"]) == job.image_id


async def test_a_request_without_an_id_asks_the_database_nothing(
    database: str, tmp_path: Path
) -> None:
    async with (
        cuttable_postgres(database) as (proxy, url),
        open_gateway_fixture(url, tmp_path / "pixels") as gateway,
    ):
        mia = gateway.caller("mia")
        await mia.create_character()
        proxy.cut()
        nothing = await mia.refused(mia.generation.RegenerateImage, RegenerateImageRequest())
        image = image_pb2.GetImageRequest(image_id=new_id())
        asked = await mia.refused(mia.images.GetImage, image)
    assert nothing.reasons == {"image_id": "FIELD_REQUIRED"}
    assert asked.code is grpc.StatusCode.UNAVAILABLE
