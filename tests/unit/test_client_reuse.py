"""The fake answers equal requests with stored pictures, as the service does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from imggen import Character, Client, Page, Story
from imggen.testing import FakeService
from imggen.v1.batch_pb2 import BATCH_STATUS_COMPLETED
from imggen.v1.image_pb2 import PICTURE_CHECK_CHECKED, PICTURE_CHECK_NOT_CHECKED
from imggen.v1.job_pb2 import JOB_STATUS_COMPLETED, Job


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


@pytest.fixture
async def mia(client: Client) -> Character:
    return await client.create_character(name="Mia", hair="red")


async def a_story(client: Client, *characters: Character) -> Story:
    """Creates a story of one page."""
    page = Page(text="A wood.", character_ids=[one.id for one in characters])
    return await client.create_story(title="A day", style="anime", pages=[page])


async def drawn(client: Client, mia: Character, seed: int = 7, **options: Any) -> Job:
    """Draws a portrait and returns its job."""
    job = await client.generate_portrait(mia, style="anime", seed=seed, **options)
    await client.wait(job)
    return await client.get_job(job)


async def test_an_equal_request_is_answered_at_once(
    fake: FakeService, client: Client, mia: Character
) -> None:
    first = await drawn(client, mia)
    fake.hold()
    again = await client.generate_portrait(mia, style="anime", seed=7, allow_reuse=True)
    assert (again.status, again.reused_from_image_id) == (JOB_STATUS_COMPLETED, first.image_id)
    assert (again.attempt, again.fraction) == (0, 1)
    image = await client.wait(again)
    assert (image.seed, image.reused_from_image_id) == (7, first.image_id)
    assert image.is_reference


async def test_without_the_flag_it_is_drawn(client: Client, mia: Character) -> None:
    await drawn(client, mia)
    again = await drawn(client, mia)
    assert (again.reused_from_image_id, again.attempt) == ("", 1)


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"quality": "standard"}, {"style": "cartoon"}],
    ids=lambda change: next(iter(change)),
)
async def test_a_request_that_differs_is_drawn(
    client: Client, mia: Character, change: dict[str, Any]
) -> None:
    await drawn(client, mia)
    request = {"style": "anime", "seed": 7, "allow_reuse": True, **change}
    assert (await client.generate_portrait(mia, **request)).reused_from_image_id == ""


async def test_a_request_without_a_seed_gets_the_newest_of_any(
    client: Client, mia: Character
) -> None:
    await drawn(client, mia, seed=1)
    newest = await drawn(client, mia, seed=2)
    again = await client.generate_portrait(mia, style="anime", allow_reuse=True)
    assert again.reused_from_image_id == newest.image_id


async def test_a_deleted_picture_is_never_the_answer(client: Client, mia: Character) -> None:
    first = await drawn(client, mia)
    await client.delete_image(first.image_id)
    again = await client.generate_portrait(mia, style="anime", seed=7, allow_reuse=True)
    assert again.reused_from_image_id == ""


async def test_a_changed_text_is_drawn(client: Client) -> None:
    story = await a_story(client)
    first = await client.generate_scene(story, 1, seed=7)
    await client.wait(first)
    again = await client.generate_scene(story, 1, seed=7, allow_reuse=True)
    assert again.reused_from_image_id == first.image_id
    other = await client.generate_scene(
        story, 1, scene_description="a wood", seed=7, allow_reuse=True
    )
    assert other.reused_from_image_id == ""


async def test_the_same_references_must_be_there_still(client: Client, mia: Character) -> None:
    story = await a_story(client, mia)
    await drawn(client, mia, seed=1)
    scene = await client.generate_scene(story, 1, seed=7)
    await client.wait(scene)
    again = await client.generate_scene(story, 1, seed=7, allow_reuse=True)
    assert again.reused_from_image_id == scene.image_id
    await drawn(client, mia, seed=2)
    again = await client.generate_scene(story, 1, seed=7, allow_reuse=True)
    assert again.reused_from_image_id == ""


async def test_a_story_that_is_stored_is_completed_at_once(client: Client, mia: Character) -> None:
    story = await a_story(client, mia)
    await client.wait_batch(await client.generate_story(story, cover=True))
    again = await client.generate_story(story, cover=True, allow_reuse=True)
    assert (again.status, again.completed_images) == (BATCH_STATUS_COMPLETED, 2)
    twice = await client.generate_story(story, images_per_page=2, allow_reuse=True)
    assert (twice.completed_images, twice.queued_images) == (1, 1)


async def test_where_pictures_are_checked_only_those_that_were_are_the_answer(
    fake: FakeService, client: Client, mia: Character
) -> None:
    first = await drawn(client, mia)
    unchecked = await client.get_image(first.image_id)
    assert (unchecked.picture_check, unchecked.checked_by) == (PICTURE_CHECK_NOT_CHECKED, "")
    fake.check_pictures("a model")
    second = await drawn(client, mia, allow_reuse=True)
    assert second.reused_from_image_id == ""
    third = await drawn(client, mia, allow_reuse=True)
    assert third.reused_from_image_id == second.image_id
    image = await client.get_image(third.image_id)
    assert (image.picture_check, image.checked_by) == (PICTURE_CHECK_CHECKED, "a model")
