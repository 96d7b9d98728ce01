"""A request_id makes a create repeatable: one resource, one answer, whatever happens since."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from imggen.rules.states import MAX_REGENERATIONS
from imggen.v1 import batch_pb2, character_pb2, generation_pb2, image_pb2, job_pb2, story_pb2
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture


async def _character(mia: Caller, key: str, name: str) -> str:
    request = character_pb2.CreateCharacterRequest(
        character=character_pb2.Character(name=name), request_id=key
    )
    answer = await mia.characters.CreateCharacter(request, metadata=mia.metadata)
    return str(answer.character.id)


async def _story(mia: Caller, key: str, title: str) -> str:
    request = story_pb2.CreateStoryRequest(story=story_pb2.Story(title=title), request_id=key)
    answer = await mia.stories.CreateStory(request, metadata=mia.metadata)
    return str(answer.story.id)


Create = Callable[[str, str], Awaitable[str]]
KINDS = ("portrait", "scene", "regeneration", "character", "story")


async def _create(gateway: GatewayFixture, mia: Caller, kind: str) -> Create:
    """Returns a function that creates a resource of a kind, given a request_id and a text."""
    character = (await mia.create_character()).id
    story = (await mia.create_story()).id
    image = (await mia.portrait(character)).image_id
    changes = generation_pb2.Modifications

    async def create(key: str, text: str) -> str:
        match kind:
            case "portrait":
                seed = len(text)
                return (await mia.portrait(character, seed=seed, request_id=key)).job_id
            case "scene":
                return (await mia.scene(story, scene_description=text, request_id=key)).job_id
            case "regeneration":
                change = changes(prompt=text)
                return (await mia.regenerate(image, modifications=change, request_id=key)).job_id
            case "character":
                return await _character(mia, key, text)
            case _:
                return await _story(mia, key, text)

    return create


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_request_again_gives_the_same_answer(
    gateway: GatewayFixture, mia: Caller, kind: str
) -> None:
    create = await _create(gateway, mia, kind)
    key = new_id()
    made = await create(key, "a kite")
    again = await create(key, "a kite")
    other = await create(new_id(), "a kite")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await create(key, "a kite and a hill")

    assert again == made
    assert other != made
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert "request_id: it was used before with another request" in str(refused.value.details())


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_request_twenty_times_at_once_makes_one_resource(
    gateway: GatewayFixture, mia: Caller, kind: str
) -> None:
    create = await _create(gateway, mia, kind)
    key = new_id()
    made = await asyncio.gather(*(create(key, "a kite") for _ in range(20)))
    assert len(set(made)) == 1
    jobs = 2 if kind in {"portrait", "scene", "regeneration"} else 1
    assert await gateway.count("image_generation_jobs") == jobs
    assert await gateway.count("images") == jobs


async def test_the_last_regeneration_requested_several_times_at_once_is_one(mia: Caller) -> None:
    image = (await mia.portrait()).image_id
    for _ in range(MAX_REGENERATIONS - 1):
        await mia.regenerate(image)
    key = new_id()
    made = await asyncio.gather(*(mia.regenerate(image, request_id=key) for _ in range(10)))
    assert len({job.job_id for job in made}) == 1
    other = generation_pb2.RegenerateImageRequest(image_id=image, request_id=new_id())
    refused = await mia.refused(mia.generation.RegenerateImage, other)
    assert refused.reason == "REGENERATION_LIMIT"
    assert (await mia.regenerate(image, request_id=key)).job_id == made[0].job_id


async def test_a_request_id_belongs_to_its_caller(mia: Caller, tom: Caller) -> None:
    key = new_id()
    hers = await _character(mia, key, "Mia")
    his = await _character(tom, key, "Tom")
    assert hers != his


async def test_methods_that_make_jobs_share_their_request_ids(mia: Caller) -> None:
    key = new_id()
    character = (await mia.create_character()).id
    job = await mia.portrait(character, request_id=key)
    request = generation_pb2.RegenerateImageRequest(image_id=job.image_id, request_id=key)
    refused = await mia.refused(mia.generation.RegenerateImage, request)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    )


async def test_retries_of_jobs_and_batches_share_their_request_ids(mia: Caller) -> None:
    job, key = await mia.portrait(), new_id()
    story = await mia.create_story("Mia runs.")
    batch = await mia.generate_story(story.id, include_character_portraits=False)
    await mia.cancel(job.job_id)
    await mia.cancel_batch(batch.batch_id)
    await mia.retry(job.job_id, request_id=key)
    request = batch_pb2.RetryBatchRequest(batch_id=batch.batch_id, request_id=key)
    assert (await mia.refused(mia.batches.RetryBatch, request)).reason == "REQUEST_ID_REUSED"


async def test_one_request_id_makes_one_thing_of_each_kind(mia: Caller) -> None:
    key = new_id()
    character = await _character(mia, key, "Mia")
    story = await mia.create_story("Mia runs.")
    await _story(mia, key, "Day")
    job = await mia.portrait(character, request_id=key)
    batch = await mia.generate_story(story.id, include_character_portraits=False, request_id=key)
    await mia.cancel(job.job_id)
    assert (await mia.retry(job.job_id, request_id=key)).job_id == job.job_id
    assert batch.batch_id != job.job_id


@pytest.mark.parametrize("change", ["changed", "deleted"])
async def test_the_answer_stays_after_changes_of_named_resources(mia: Caller, change: str) -> None:
    character = (await mia.create_character()).id
    page = story_pb2.Page(text="Mia wakes.", character_ids=[character])
    written = await mia.create_story(pages=[page])
    story = written.id
    fields: dict[str, Any] = {"seed": 7, "request_id": new_id()}
    page_id = written.pages[0].id
    scene_fields: dict[str, Any] = {"seed": 7, "request_id": new_id(), "page_id": page_id}
    portrait = await mia.portrait(character, **fields)
    scene = await mia.scene(story, **scene_fields)
    again = await mia.regenerate(portrait.image_id, request_id=(again_key := new_id()))
    create = story_pb2.CreateStoryRequest(
        story=story_pb2.Story(title="Day", pages=[page]), request_id=new_id()
    )
    first = await mia.stories.CreateStory(create, metadata=mia.metadata)

    if change == "changed":
        await mia.update_character(character, hair="blue")
        await mia.update_story(story, pages=[story_pb2.Page(text="Mia sleeps.")])
    else:
        await mia.delete_character(character)
        await mia.delete_story(story)
        await mia.delete_story(first.story.id)
        await mia.delete_image(portrait.image_id)

    assert (await mia.portrait(character, **fields)).job_id == portrait.job_id
    assert (await mia.scene(story, **scene_fields)).job_id == scene.job_id
    assert (await mia.regenerate(portrait.image_id, request_id=again_key)).job_id == again.job_id
    repeated = await mia.stories.CreateStory(create, metadata=mia.metadata)
    assert repeated.story.id == first.story.id


async def test_a_deleted_character_is_still_the_answer_to_its_request(mia: Caller) -> None:
    key = new_id()
    made = await _character(mia, key, "Mia")
    await mia.delete_character(made)
    assert await _character(mia, key, "Mia") == made
    gone = character_pb2.GetCharacterRequest(character_id=made)
    assert (await mia.refused(mia.characters.GetCharacter, gone)).reason == "CHARACTER_NOT_FOUND"


async def test_a_repeated_submit_shows_the_job_as_it_is_now(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    key = new_id()
    job = await gateway.draw(await mia.portrait(character, seed=7, request_id=key))
    again = await mia.portrait(character, seed=7, request_id=key)
    assert again == await mia.get_job(job.job_id)


async def test_a_retry_is_repeated_by_its_request_id_and_without_one_refused(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job, other = await mia.portrait(), await mia.portrait()
    await gateway.fail(await gateway.claim())
    await mia.cancel(other.job_id)
    key = new_id()
    retried = await asyncio.gather(*(mia.retry(job.job_id, request_id=key) for _ in range(10)))
    assert {one.job_id for one in retried} == {job.job_id}
    assert await gateway.count("retries") == 1
    for request in (
        job_pb2.RetryJobRequest(job_id=other.job_id, request_id=key),
        job_pb2.RetryJobRequest(job_id=job.job_id, request_id=key, priority=1),
    ):
        assert (await mia.refused(mia.jobs.RetryJob, request)).reason == "REQUEST_ID_REUSED"
    again = job_pb2.RetryJobRequest(job_id=job.job_id, request_id=new_id())
    assert (await mia.refused(mia.jobs.RetryJob, again)).reason == "JOB_NOT_RETRYABLE"
    # A refused retry spends no request_id, and a repeated one shows the job as it is now.
    assert await gateway.count("retries") == 1
    await gateway.draw(await mia.get_job(job.job_id))
    assert (await mia.retry(job.job_id, request_id=key)).status == job_pb2.JOB_STATUS_COMPLETED


async def test_a_job_that_ended_before_its_cancel_was_seen_can_be_cancelled_again(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    assert (await mia.cancel(job.job_id)).cancel_requested
    await gateway.complete(claim)
    assert (await mia.cancel(job.job_id)).status == job_pb2.JOB_STATUS_COMPLETED
    drawn = await gateway.draw(await mia.portrait())
    request = job_pb2.CancelJobRequest(job_id=drawn.job_id)
    assert (await mia.refused(mia.jobs.CancelJob, request)).reason == "JOB_ENDED"


async def test_what_was_deleted_can_be_deleted_again_by_its_owner_alone(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    image = (await gateway.draw(await mia.portrait())).image_id
    character, story = (await mia.create_character()).id, (await mia.create_story()).id
    for _ in range(2):
        await mia.delete_image(image)
        await mia.delete_character(character)
        await mia.delete_story(story)
    told = await mia.list_images()
    assert list(told.images) == []
    for method, request in (
        (tom.images.DeleteImage, image_pb2.DeleteImageRequest(image_id=image)),
        (
            tom.characters.DeleteCharacter,
            character_pb2.DeleteCharacterRequest(character_id=character),
        ),
        (tom.stories.DeleteStory, story_pb2.DeleteStoryRequest(story_id=story)),
    ):
        assert (await tom.refused(method, request)).code is grpc.StatusCode.NOT_FOUND


async def test_a_repeat_that_overlaps_its_original_is_answered_where_the_queue_is_full_by_then(
    database: str, tmp_path: Path
) -> None:
    async with open_gateway_fixture(database, tmp_path, max_waiting_jobs_per_user=1) as narrow:
        mia = narrow.caller("mia")
        character = (await mia.create_character()).id
        key = new_id()
        fields: dict[str, Any] = {"seed": 7, "request_id": key}

        async def submit(number: int) -> str:
            # Spread out, so that some come while the first is stored and is not committed yet.
            await asyncio.sleep(number * 0.0015)
            return (await mia.portrait(character, **fields)).job_id

        assert len(set(await asyncio.gather(*(submit(number) for number in range(40))))) == 1
