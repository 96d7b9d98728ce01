"""A story is admitted whole: portraits, then pages that wait for them, and a cover."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from imggen.v1 import batch_pb2, generation_pb2, image_pb2, job_pb2, story_pb2
from server.routing.catalogue import SDXL, STORYBOOK, Catalogue
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture
from tests.integration.whole_stories import a_story, claim_all, jobs_of

PORTRAIT, SCENE, COVER = job_pb2.JOB_KIND_PORTRAIT, job_pb2.JOB_KIND_SCENE, job_pb2.JOB_KIND_COVER


async def test_a_story_is_portraits_then_pages_that_wait_for_them(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    batch = await mia.generate_story(story.id, include_cover=True)
    assert (batch.total_images, batch.queued_images, batch.style) == (6, 6, "cartoon")
    assert batch.status == batch_pb2.BATCH_STATUS_PROCESSING
    assert batch.HasField("estimated_completion_time")
    whole = await mia.get_batch(batch.batch_id)
    assert whole.batch.batch_id == batch.batch_id
    kinds = [image.job.kind for image in whole.images]
    assert kinds == [PORTRAIT, PORTRAIT, COVER, SCENE, SCENE, SCENE]
    leo, of_mia, cover, *pages = whole.images
    both = {leo.job.job_id, of_mia.job.job_id}
    assert [set(page.needs_job_ids) for page in pages] == [both] + [{of_mia.job.job_id}] * 2
    assert set(cover.needs_job_ids) == both
    assert {image.job.batch_id for image in whole.images} == {batch.batch_id}

    claims = await claim_all(gateway)
    assert [str(claim.job_id) for claim in claims] == [leo.job.job_id, of_mia.job.job_id]
    await gateway.complete(claims[1])
    ready = await claim_all(gateway)
    assert [str(claim.job_id) for claim in ready] == [page.job.job_id for page in pages[1:]]
    await gateway.complete(claims[0])
    rest = await claim_all(gateway)
    assert {str(claim.job_id) for claim in rest} == {cover.job.job_id, pages[0].job.job_id}
    for claim in [*ready, *rest]:
        await gateway.complete(claim)
    done = (await mia.get_batch(batch.batch_id)).batch
    assert (done.status, done.fraction) == (batch_pb2.BATCH_STATUS_COMPLETED, 1.0)
    assert done.completed_images == 6
    assert done.HasField("completed_at")
    assert not done.HasField("estimated_completion_time")


async def test_a_fresh_portrait_is_not_drawn_again(gateway: GatewayFixture, mia: Caller) -> None:
    story = await a_story(mia)
    leo, of_mia = story.pages[0].character_ids
    await gateway.draw(await mia.portrait(leo, style="cartoon"))
    await gateway.draw(await mia.portrait(of_mia, style="anime"))
    images = await jobs_of(mia, (await mia.generate_story(story.id)).batch_id)
    assert [image.character_id for image in images.values() if image.character_id] == [of_mia]
    # A page waits only for new portraits.
    assert list(images["page 1"].needs_job_ids) == [images["portrait 1"].job.job_id]
    await mia.update_character(leo, hair="blue")
    batch = await mia.generate_story(story.id, include_scene_images=False)
    assert batch.total_images == 2


async def test_existing_portraits_make_an_empty_batch(gateway: GatewayFixture, mia: Caller) -> None:
    story = await a_story(mia)
    for one in story.pages[0].character_ids:
        await gateway.draw(await mia.portrait(one, style="cartoon"))
    batch = await mia.generate_story(story.id, include_scene_images=False)
    assert (batch.total_images, batch.status) == (0, batch_pb2.BATCH_STATUS_COMPLETED)


async def test_pages_without_portraits_wait_for_nothing(
    gateway: GatewayFixture, mia: Caller
) -> None:
    batch = await mia.generate_story((await a_story(mia)).id, include_character_portraits=False)
    assert batch.total_images == 3
    assert len(await claim_all(gateway)) == 3


async def test_images_per_page_have_different_seeds(gateway: GatewayFixture, mia: Caller) -> None:
    batch = await mia.generate_story((await a_story(mia, 1)).id, images_per_page=4)
    images = (await mia.get_batch(batch.batch_id)).images
    pages = [image for image in images if image.page_number]
    assert len(pages) == 4
    specs = [await gateway.spec(page.job) for page in pages]
    assert len({spec["spec"]["seed"] for spec in specs}) == 4
    assert {spec["spec"]["style"]["id"] for spec in specs} == {"cartoon"}


async def test_each_picture_of_a_story_draws_lots_of_its_own_for_a_canary(
    database: str, tmp_path: Path
) -> None:
    catalogue = Catalogue([STORYBOOK, replace(SDXL, canary=0.5)])
    async with open_gateway_fixture(database, tmp_path, catalogue=catalogue) as gateway:
        mia = gateway.caller("mia")
        cast = [(await mia.create_character()).id for _ in range(12)]
        pages = [story_pb2.Page(text="A wood.", character_ids=[one]) for one in cast]
        story = await mia.create_story(pages=pages, style="cartoon")
        batch = await mia.generate_story(story.id, images_per_page=4)
        images = (await mia.get_batch(batch.batch_id)).images
        portraits = {image.job.model for image in images if image.character_id}
        copies: dict[int, set[str]] = {}
        for image in images:
            copies.setdefault(image.page_number, set()).add(image.job.model)
    assert portraits == {"storybook", "sdxl"}
    assert any(len(models) == 2 for page, models in copies.items() if page)


async def test_a_cover_shows_the_characters_of_most_pages(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    batch = await mia.generate_story(story.id, include_cover=True, style="anime")
    cover = (await jobs_of(mia, batch.batch_id))["cover"]
    spec = (await gateway.spec(cover.job))["spec"]
    leo, of_mia = story.pages[0].character_ids
    assert [one["id"] for one in spec["characters"]] == [of_mia, leo]
    assert (spec["scene"], spec["page_text"]) == ("A day", "Page 1.")
    assert (spec["image_type"], spec["style"]["id"]) == ("cover", "anime")
    images = (await mia.list_images(type=image_pb2.IMAGE_TYPE_COVER)).images
    assert [image.id for image in images] == [cover.job.image_id]


async def test_everything_wrong_with_a_story_is_named_at_once(
    gateway: GatewayFixture, mia: Caller
) -> None:
    gone = (await mia.create_character(name="Gone")).id
    many = [(await mia.create_character(name=name)).id for name in "ABCDE"]
    pages = [
        story_pb2.Page(text="Who?", character_ids=[gone]),
        story_pb2.Page(text="Many.", character_ids=many),
        story_pb2.Page(text="..."),
    ]
    story = await mia.create_story(pages=pages)
    await mia.delete_character(gone)
    request = generation_pb2.GenerateStoryRequest(
        story_id=story.id,
        style="oil",
        images_per_page=9,
        options=generation_pb2.GenerationOptions(quality="best"),
        priority=9,
    )
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    for said in (
        f"page 1 names the character {gone}, which was deleted",
        '"oil" is not a style',
        "images_per_page: must be 0 to 4 (0 means 1), is 9",
        '"best" is not a quality',
        "priority: must be 1 to 3 (the rest needs the role admin), is 9",
        "page 2: 5 characters are more than any model here can draw",
        "page 3: its text says nothing that could be drawn",
    ):
        assert said in refused.message
    assert await gateway.count("batches") == 0


async def test_an_unknown_model_is_a_violation_of_its_own_field(mia: Caller) -> None:
    request = generation_pb2.GenerateStoryRequest(
        story_id=(await a_story(mia)).id,
        options=generation_pb2.GenerationOptions(model="dall-e"),
        include_cover=True,
    )
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert (refused.fields, refused.reason) == (["options.model"], "MODEL_UNKNOWN")


async def test_a_batch_of_more_than_800_images_is_refused(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story(*(f"Page {number}." for number in range(200)))
    request = generation_pb2.GenerateStoryRequest(
        story_id=story.id, images_per_page=4, include_cover=True
    )
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert refused.reasons == {"images_per_page": "TOO_MANY_ITEMS"}
    assert "makes a batch of 801 images; ask for 800 or fewer" in refused.message
    assert await gateway.count("batches") == 0
    assert (await mia.generate_story(story.id, images_per_page=4)).total_images == 800


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"include_character_portraits": False, "include_scene_images": False},
            "all left out",
        ),
        ({"include_scene_images": False}, "name no characters"),
    ],
)
async def test_a_request_for_nothing_is_refused(
    mia: Caller, fields: dict[str, Any], said: str
) -> None:
    story = await mia.create_story()
    request = generation_pb2.GenerateStoryRequest(story_id=story.id, **fields)
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert refused.reason == "NOTHING_TO_DRAW"
    assert said in refused.message


async def test_the_same_request_again_gives_the_same_batch(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    key = new_id()
    batches = await asyncio.gather(
        *(mia.generate_story(story.id, request_id=key) for _ in range(8))
    )
    assert len({batch.batch_id for batch in batches}) == 1
    assert await gateway.count("image_generation_jobs") == 5
    request = generation_pb2.GenerateStoryRequest(
        story_id=story.id, request_id=key, include_cover=True
    )
    refused = await mia.refused(mia.generation.GenerateStory, request)
    assert refused.reason == "REQUEST_ID_REUSED"
    # The answer stays after changes of what the request names.
    await mia.delete_story(story.id)
    assert (await mia.generate_story(story.id, request_id=key)).batch_id == batches[0].batch_id
