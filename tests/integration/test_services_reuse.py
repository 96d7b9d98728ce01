"""Stored pictures answer equal requests that allow it, and nothing else does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from imggen.v1 import generation_pb2, image_pb2, job_pb2
from imggen.v1.generation_pb2 import GenerationOptions, Modifications
from server.domain.spec import RenderSpec
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture

REUSE = GenerationOptions(allow_reuse=True)
WORDS = GenerationOptions(allow_reuse=True, use_references=False)
PICTURE = (
    *("type", "character_ids", "style", "status", "width", "height", "file_size"),
    *("model", "provider", "prompt", "seed", "references"),
)
"""The fields of an image that are its picture's."""


async def a_portrait(gateway: GatewayFixture, mia: Caller, **fields: Any) -> job_pb2.Job:
    """Returns the job of a portrait that was drawn."""
    return await gateway.draw(await mia.portrait(**{"seed": 7, **fields}))


def reused(job: job_pb2.Job) -> str:
    """Returns the origin of a job that a stored picture answers; empty for one that waits."""
    assert bool(job.reused_from_image_id) == (job.status == job_pb2.JOB_STATUS_COMPLETED)
    return job.reused_from_image_id


async def download(mia: Caller, image_id: str, kind: Any = image_pb2.ASSET_KIND_DISPLAY) -> bytes:
    """Returns the bytes of an asset."""
    request = image_pb2.DownloadImageRequest(image_id=image_id, asset_kind=kind)
    call = mia.images.DownloadImage(request, metadata=mia.metadata)
    return b"".join([part.data async for part in call])


async def test_an_equal_request_is_answered_with_the_stored_picture(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    drawn = await a_portrait(gateway, mia, character_id=character)
    options = GenerationOptions(allow_reuse=True, metadata={"order": "2"})
    again = await mia.portrait(character, seed=7, options=options, priority=1)

    assert (again.status, again.reused_from_image_id) == (
        job_pb2.JOB_STATUS_COMPLETED,
        drawn.image_id,
    )
    assert again.job_id != drawn.job_id
    assert (again.attempt, again.fraction, again.priority) == (0, 1.0, 1)
    assert dict(again.metadata) == {"order": "2"}
    assert (again.estimated_cost_micros, again.actual_cost_micros) == (0, 0)
    assert not again.stage_timings
    assert (again.HasField("started_at"), again.HasField("completed_at")) == (False, True)
    assert again == await mia.get_job(again.job_id)

    one, two = await mia.get_image(drawn.image_id), await mia.get_image(again.image_id)
    assert one.id != two.id == two.lineage_id
    assert [getattr(one, name) for name in PICTURE] == [getattr(two, name) for name in PICTURE]
    assert (two.job_id, two.version, two.cost_micros) == (again.job_id, 1, 0)
    assert (one.reused_from_image_id, two.reused_from_image_id) == ("", drawn.image_id)
    assert dict(two.metadata) == {"order": "2"}
    for kind in (image_pb2.ASSET_KIND_ORIGINAL, image_pb2.ASSET_KIND_PRINT):
        assert await download(mia, one.id, kind) == await download(mia, two.id, kind)
    assert one.url.partition("?")[0] == two.url.partition("?")[0] != ""
    listed = await mia.list_images(character_id=character)
    assert [image.id for image in listed.images] == [two.id, one.id]


async def test_a_reused_job_never_waits_and_is_never_claimed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    await mia.portrait(character, seed=7, options=REUSE)
    assert await gateway.store.jobs.waiting() == {}


async def test_without_the_flag_the_picture_is_drawn(gateway: GatewayFixture, mia: Caller) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    assert reused(await mia.portrait(character, seed=7)) == ""
    options = GenerationOptions(allow_reuse=False)
    assert reused(await mia.portrait(character, seed=7, options=options)) == ""


CHANGES: dict[str, Callable[[Caller, str], Any]] = {
    "another seed": lambda mia, one: mia.portrait(one, seed=8, options=REUSE),
    "another style": lambda mia, one: mia.portrait(one, seed=7, style="anime", options=REUSE),
    "another model": lambda mia, one: mia.portrait(
        one, seed=7, options=GenerationOptions(allow_reuse=True, model="sdxl")
    ),
    "another quality": lambda mia, one: mia.portrait(
        one, seed=7, options=GenerationOptions(allow_reuse=True, quality="standard")
    ),
    "references": lambda mia, one: mia.portrait(
        one, seed=7, options=GenerationOptions(allow_reuse=True, use_references=True)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_request_that_differs_is_drawn(
    gateway: GatewayFixture, mia: Caller, change: str
) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    assert reused(await CHANGES[change](mia, character)) == ""


async def test_another_size_is_drawn(gateway: GatewayFixture, mia: Caller) -> None:
    character = (await mia.create_character()).id
    options = GenerationOptions(allow_reuse=True, model="sdxl")
    await a_portrait(gateway, mia, character_id=character, options=options)
    tall = await mia.portrait(character, seed=7, size="1024x1536", options=options)
    assert reused(tall) == ""
    assert reused(await mia.portrait(character, seed=7, options=options)) != ""


async def test_an_equal_character_is_another_one(gateway: GatewayFixture, mia: Caller) -> None:
    one, twin = await mia.create_character(), await mia.create_character()
    await a_portrait(gateway, mia, character_id=one.id)
    assert reused(await mia.portrait(twin.id, seed=7, options=REUSE)) == ""


async def test_a_changed_description_is_drawn_even_if_it_is_changed_back(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character(hair="red")
    await a_portrait(gateway, mia, character_id=character.id)
    for hair in ("blue", "red"):
        await mia.update_character(character.id, hair=hair)
        assert reused(await mia.portrait(character.id, seed=7, options=REUSE)) == ""


@pytest.mark.parametrize("text", ["Mia runs through a wood.", "Mia runs through the wood"])
async def test_a_text_that_is_only_alike_is_drawn(
    gateway: GatewayFixture, mia: Caller, text: str
) -> None:
    story = await mia.create_story("Mia runs through the wood.")
    alike = await mia.create_story(text)
    drawn = await gateway.draw(await mia.scene(story.id, seed=7))
    assert reused(await mia.scene(alike.id, seed=7, options=REUSE)) == ""
    assert reused(await mia.scene(story.id, seed=7, options=REUSE)) == drawn.image_id


async def test_an_equal_page_of_another_story_is_answered(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story, same = await mia.create_story(), await mia.create_story()
    drawn = await gateway.draw(await mia.scene(story.id))
    again = await mia.scene(same.id, options=REUSE)
    assert reused(again) == drawn.image_id
    image = await mia.get_image(again.image_id)
    assert (again.story_id, image.story_id, image.page_number) == (same.id, same.id, 1)


async def test_another_users_picture_is_never_the_answer(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    # A page without characters: nothing in its content says whose it is.
    mias, toms = await mia.create_story(), await tom.create_story()
    drawn = await gateway.draw(await mia.scene(mias.id, seed=7))
    assert reused(await tom.scene(toms.id, seed=7, options=REUSE)) == ""
    assert reused(await mia.scene(mias.id, seed=7, options=REUSE)) == drawn.image_id


async def test_only_completed_pictures_answer(gateway: GatewayFixture, mia: Caller) -> None:
    character = (await mia.create_character()).id

    async def ask() -> str:
        return reused(await mia.portrait(character, seed=7, options=REUSE))

    assert await ask() == ""  # it waits
    claim = await gateway.claim()
    assert await ask() == ""  # it is drawn, and another one waits
    await gateway.fail(claim)
    [cancelled] = (await mia.list_jobs(statuses=[job_pb2.JOB_STATUS_QUEUED])).jobs
    await mia.cancel(cancelled.job_id)
    assert await ask() == ""
    claim = await gateway.claim()
    await gateway.complete(claim)
    assert await ask() == str(claim.image_id)


@pytest.mark.parametrize("hidden", ["deleted_at = now()", "status = 'rejected'"])
async def test_a_deleted_or_rejected_picture_is_never_the_answer_and_hides_no_other(
    gateway: GatewayFixture, mia: Caller, hidden: str
) -> None:
    character = (await mia.create_character()).id
    older, newer = [await a_portrait(gateway, mia, character_id=character) for _ in range(2)]

    async def hide(job: job_pb2.Job) -> None:
        update = f"UPDATE images SET {hidden} WHERE id = $1"
        await gateway.store.database.execute(update, UUID(job.image_id))

    await hide(newer)
    again = await mia.portrait(character, seed=7, options=REUSE)
    assert reused(again) == older.image_id
    await hide(older)
    await hide(again)
    assert reused(await mia.portrait(character, seed=7, options=REUSE)) == ""


async def test_equal_requests_at_one_moment_are_all_drawn(mia: Caller) -> None:
    character = (await mia.create_character()).id
    jobs = await asyncio.gather(*(mia.portrait(character, seed=7, options=REUSE) for _ in range(4)))
    assert [reused(job) for job in jobs] == [""] * 4


async def test_a_picture_stored_before_there_were_digests_is_drawn_again(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    await gateway.store.database.execute("UPDATE images SET content_digest = NULL")
    assert reused(await mia.portrait(character, seed=7, options=REUSE)) == ""


async def test_what_another_model_drew_answers_requests_for_that_model(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    job = await mia.portrait(character, seed=7)
    claim = await gateway.claim()
    await gateway.complete(replace(claim, spec=replace(claim.spec, model="sdxl")))
    assert reused(await mia.portrait(character, seed=7, options=REUSE)) == ""
    options = GenerationOptions(allow_reuse=True, model="sdxl")
    assert reused(await mia.portrait(character, seed=7, options=options)) == job.image_id


async def test_a_request_without_a_seed_gets_the_newest_of_any_seed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    drawn = [
        await a_portrait(gateway, mia, character_id=character, seed=seed) for seed in (9, 3, 5)
    ]
    again = await mia.portrait(character, options=REUSE)
    assert reused(again) == drawn[-1].image_id
    assert (await mia.get_image(again.image_id)).seed == 5
    assert (await gateway.spec(again))["spec"]["seed"] == 5
    assert reused(await mia.portrait(character, seed=9, options=REUSE)) == drawn[0].image_id


async def test_the_origin_of_a_reused_picture_is_the_drawn_one(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    drawn = await a_portrait(gateway, mia, character_id=character)
    second = await mia.portrait(character, seed=7, options=REUSE)
    await mia.delete_image(drawn.image_id)
    third = await mia.portrait(character, seed=7, options=REUSE)
    assert reused(second) == reused(third) == drawn.image_id
    assert await download(mia, third.image_id) == await download(mia, second.image_id)


async def test_the_same_request_id_gets_the_same_job(gateway: GatewayFixture, mia: Caller) -> None:
    character = (await mia.create_character()).id
    drawn = await a_portrait(gateway, mia, character_id=character)
    request: dict[str, Any] = {"seed": 7, "options": REUSE, "request_id": new_id()}
    first, *others = await asyncio.gather(*(mia.portrait(character, **request) for _ in range(5)))
    assert reused(first) == drawn.image_id
    assert all(other == first for other in others)
    assert await gateway.count("images") == 2
    await mia.delete_image(drawn.image_id)
    assert await mia.portrait(character, **request) == first
    refused = await mia.refused(
        mia.generation.GeneratePortrait,
        generation_pb2.GeneratePortraitRequest(
            character_id=character, style="watercolor", **{**request, "seed": 8}
        ),
    )
    assert refused.reason == "REQUEST_ID_REUSED"


async def test_a_request_id_of_a_drawn_job_is_not_answered_again(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    request: dict[str, Any] = {"seed": 7, "options": REUSE, "request_id": new_id()}
    job = await gateway.draw(await mia.portrait(character, **request))
    again = await mia.portrait(character, **request)
    assert (again.job_id, again.reused_from_image_id) == (job.job_id, "")


async def test_it_costs_nothing_and_takes_no_room(
    gateway: GatewayFixture, mia: Caller, database: str, tmp_path: Path
) -> None:
    character = (await mia.create_character()).id
    drawn = await a_portrait(gateway, mia, character_id=character)
    async with open_gateway_fixture(database, tmp_path / "pixels", max_waiting_jobs=1) as full:
        waiting = full.caller("mia")
        await waiting.portrait(character)
        request = generation_pb2.GeneratePortraitRequest(
            character_id=character, style="watercolor", seed=8, options=REUSE
        )
        refused = await waiting.refused(waiting.generation.GeneratePortrait, request)
        assert refused.reason == "QUEUE_FULL"
        entries = await gateway.count("ledger")
        again = await waiting.portrait(character, seed=7, options=REUSE)
    assert reused(again) == drawn.image_id
    assert await gateway.count("ledger") == entries
    assert await gateway.count("budgets") == 0


async def test_a_watch_yields_the_image_once(gateway: GatewayFixture, mia: Caller) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    again = await mia.portrait(character, seed=7, options=REUSE)
    [last] = [snapshot async for snapshot in mia.watch(again.job_id)]
    assert (last.job, last.image.id) == (again, again.image_id)
    assert last.image.reused_from_image_id == again.reused_from_image_id


async def test_the_feed_tells_of_the_completed_job_and_image(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    await a_portrait(gateway, mia, character_id=character)
    feed = mia.follow()
    await feed.read()
    options = GenerationOptions(allow_reuse=True, metadata={"order": "2"})
    again = await mia.portrait(character, seed=7, options=options)
    told = [(await feed.read()).event for _ in range(2)]
    [image] = [event.image for event in told if event.HasField("image")]
    [job] = [event.job for event in told if event.HasField("job")]
    assert (job.job_id, job.status) == (again.job_id, job_pb2.JOB_STATUS_COMPLETED)
    assert (image.image_id, image.status) == (again.image_id, image_pb2.IMAGE_STATUS_COMPLETED)
    assert dict(image.metadata) == dict(job.metadata) == {"order": "2"}


async def test_a_reused_portrait_becomes_the_reference(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    first = await a_portrait(gateway, mia, character_id=character, seed=1)
    await a_portrait(gateway, mia, character_id=character, seed=2)
    again = await mia.portrait(character, seed=1, options=REUSE)
    assert reused(again) == first.image_id
    assert (await mia.get_character(character)).reference_image_id == again.image_id
    assert (await mia.get_image(again.image_id)).is_reference
    await mia.delete_image(again.image_id)
    assert not (await mia.get_image(first.image_id)).is_reference


async def test_a_regeneration_without_a_seed_gets_none_of_its_lineage(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    other = await a_portrait(gateway, mia, character_id=character, seed=1)
    drawn = await a_portrait(gateway, mia, character_id=character, seed=2)
    await mia.portrait(character, seed=2, options=REUSE)  # a copy outside the lineage
    again = await mia.regenerate(drawn.image_id, options=WORDS)
    assert reused(again) == other.image_id
    image = await mia.get_image(again.image_id)
    assert (image.version, image.lineage_id, image.parent_image_id) == (
        *(2, drawn.image_id),
        drawn.image_id,
    )
    assert reused(await mia.regenerate(drawn.image_id, options=WORDS)) == ""


async def test_a_regeneration_with_the_seed_of_a_picture_gets_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    drawn = await a_portrait(gateway, mia, seed=2)
    same = Modifications(seed=2)
    again = await mia.regenerate(drawn.image_id, modifications=same, options=WORDS)
    assert reused(again) == drawn.image_id
    other = Modifications(seed=2, prompt="smiling")
    changed = await mia.regenerate(drawn.image_id, modifications=other, options=WORDS)
    assert reused(changed) == ""


async def test_reused_regenerations_count_as_such(gateway: GatewayFixture, mia: Caller) -> None:
    drawn = await a_portrait(gateway, mia, seed=2)
    request = generation_pb2.RegenerateImageRequest(
        image_id=drawn.image_id, modifications=Modifications(seed=2), options=WORDS
    )
    for _ in range(5):
        answer = await mia.generation.RegenerateImage(request, metadata=mia.metadata)
        assert reused(answer.job) == drawn.image_id
    refused = await mia.refused(mia.generation.RegenerateImage, request)
    assert refused.reason == "REGENERATION_LIMIT"
    assert await gateway.count("images") == 6


async def test_the_digest_is_of_everything_but_the_seed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await a_portrait(gateway, mia)
    spec = RenderSpec.from_json((await gateway.spec(job))["spec"])
    [row] = await gateway.store.database.fetch("SELECT content_digest FROM images")
    assert row["content_digest"] == spec.content_digest()
