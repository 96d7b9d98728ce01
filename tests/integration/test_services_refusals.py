"""Bad input: each kind has its code, its reason, and a message that says what is right."""

import asyncio
import time
from typing import Any

import grpc
import grpc.aio

from imggen.v1 import generation_pb2
from server.identity.caller import Role
from server.routing.catalogue import STORYBOOK, Catalogue
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id, open_gateway_fixture
from tests.integration.refusals import ALL_STYLES, Bad, check

Portrait = generation_pb2.GeneratePortraitRequest
Scene = generation_pb2.GenerateSceneRequest


def portraits(mia: str, story: str) -> dict[str, Bad]:
    """Returns bad requests for portraits."""

    def bad(field: str, reason: str, words: str, **fields: Any) -> Bad:
        request = Portrait(**{"character_id": mia, "style": "anime", **fields})
        return Bad(request, field, reason, words)

    options = generation_pb2.GenerationOptions
    words = "x" * 600
    return {
        "unknown style": bad(
            "style", "STYLE_UNKNOWN", f'"oil" is not a style; use one of {ALL_STYLES}', style="oil"
        ),
        "no style": bad("style", "FIELD_REQUIRED", f"has none; use one of {ALL_STYLES}", style=""),
        "size not offered": bad(
            "size",
            "SIZE_NOT_OFFERED",
            '"640x480" is not offered; use one of 1024x1024, 1024x1536',
            size="640x480",
        ),
        "size not offered by the model": bad(
            "size",
            "SIZE_NOT_OFFERED",
            '"1024x1536" is not offered; use one of 1024x1024',
            size="1024x1536",
            options=options(model="storybook"),
        ),
        "unknown model": bad(
            "options.model",
            "MODEL_UNKNOWN",
            '"dall-e" is not offered here; use one of storybook, sdxl, or leave it empty',
            options=options(model="dall-e"),
        ),
        "unknown quality": bad(
            "options.quality",
            "QUALITY_UNKNOWN",
            '"best" is not a quality; use one of hd, standard',
            options=options(quality="best"),
        ),
        "17 pairs of metadata": bad(
            "options.metadata",
            "TOO_MANY_ITEMS",
            "must have 16 pairs or fewer, has 17",
            options=options(metadata={str(number): "" for number in range(17)}),
        ),
        "long metadata": bad(
            "options.metadata",
            "TEXT_TOO_LONG",
            "must have 1,024 bytes or fewer in UTF-8, has 1,202",
            options=options(metadata={"a": words, "b": words}),
        ),
        "metadata without a key": bad(
            "options.metadata",
            "FIELD_REQUIRED",
            "has an empty key",
            options=options(metadata={"": "x"}),
        ),
        "metadata with a zero byte": bad(
            "options.metadata",
            "CONTROL_CHARACTERS",
            "holds the control character U+0000",
            options=options(metadata={"a": "x\0"}),
        ),
        "malformed character": bad(
            "character_id", "MALFORMED_ID", '"mia" is not a UUID; use the id', character_id="mia"
        ),
        "no character": bad(
            "character_id", "FIELD_REQUIRED", "is required; give a UUID", character_id=""
        ),
        "the nil UUID": bad(
            "story_id",
            "MALFORMED_ID",
            '"00000000-0000-0000-0000-000000000000" is not a UUID',
            story_id="00000000-0000-0000-0000-000000000000",
        ),
        "malformed request id": bad(
            "request_id", "MALFORMED_ID", '"1" is not a UUID; make a new one', request_id="1"
        ),
        "priority out of bounds": bad(
            "priority",
            "PRIORITY_NOT_ALLOWED",
            "must be 1 to 3 (the rest needs the role admin), is 0",
            priority=0,
        ),
        "unknown character": Bad(
            Portrait(character_id=story, style="anime"),
            "",
            "CHARACTER_NOT_FOUND",
            "character_id: you have no such character",
            grpc.StatusCode.NOT_FOUND,
        ),
        "unknown story": Bad(
            Portrait(character_id=mia, story_id=mia),
            "",
            "STORY_NOT_FOUND",
            "story_id: you have no such story",
            grpc.StatusCode.NOT_FOUND,
        ),
    }


def scenes(mia: str, story: str, pages: list[str]) -> dict[str, Bad]:
    """Returns bad requests for scenes; page 2 of the story has no words."""

    def bad(field: str, reason: str, words: str, **fields: Any) -> Bad:
        request = Scene(**{"story_id": story, "page_id": pages[0], **fields})
        return Bad(request, field, reason, words)

    nothing = ("scene_description", "PROMPT_EMPTY", "says nothing that can be drawn")
    return {
        "aspect ratio not offered": bad(
            "aspect_ratio",
            "ASPECT_RATIO_UNKNOWN",
            '"21:9" is not an aspect ratio; use one of 16:9, 4:3, 1:1',
            aspect_ratio="21:9",
        ),
        "no page": bad("page_id", "FIELD_REQUIRED", "is required; give a UUID", page_id=""),
        "a page's number": bad("page_id", "MALFORMED_ID", '"1" is not a UUID', page_id="1"),
        "page of no story": Bad(
            Scene(story_id=story, page_id=mia),
            "",
            "PAGE_NOT_FOUND",
            "page_id: the story has no such page",
            grpc.StatusCode.NOT_FOUND,
        ),
        "zero-width prompt": bad(*nothing, scene_description="\u200b\u2060\ufeff"),
        "punctuation prompt": bad(*nothing, scene_description="... !? __ -"),
        "invisible letters": bad(*nothing, scene_description="\u3164\u115f\u2800"),
        "page that says nothing": bad(
            "scene_description", "PROMPT_EMPTY", "the text of page 2 says nothing", page_id=pages[1]
        ),
        "100 kB description": bad(
            "scene_description",
            "TEXT_TOO_LONG",
            "must have 2,000 characters or fewer, has 100,000",
            scene_description="x" * 100_000,
        ),
        "control characters": bad(
            "scene_description",
            "CONTROL_CHARACTERS",
            "holds the control character U+0007; only newline and tab are allowed",
            scene_description="a\x07b",
        ),
        "too many characters": bad(
            "character_ids",
            "TOO_MANY_CHARACTERS",
            "5 characters are more than any model here can draw; 4 at most",
            character_ids=[new_id() for _ in range(5)],
        ),
        "too many for the model": bad(
            "character_ids",
            "TOO_MANY_CHARACTERS",
            "3 characters are more than storybook can draw; 2 at most",
            character_ids=[new_id() for _ in range(3)],
            options=generation_pb2.GenerationOptions(model="storybook"),
        ),
        "a character twice": bad(
            "character_ids", "DUPLICATE_ITEM", "twice", character_ids=[mia, mia]
        ),
        "malformed in a list": bad(
            "character_ids[1]", "MALFORMED_ID", '"2" is not a UUID', character_ids=[mia, "2"]
        ),
        "no story": bad("story_id", "FIELD_REQUIRED", "is required; give a UUID", story_id=""),
    }


def regenerations(image: str) -> dict[str, Bad]:
    """Returns bad requests for new versions."""

    def bad(field: str, reason: str, words: str, **changes: Any) -> Bad:
        request = generation_pb2.RegenerateImageRequest(
            image_id=image, modifications=generation_pb2.Modifications(**changes)
        )
        return Bad(request, f"modifications.{field}", reason, words)

    return {
        "unknown style": bad("style", "STYLE_UNKNOWN", f"use one of {ALL_STYLES}", style="oil"),
        "empty style": bad("style", "STYLE_UNKNOWN", '"" is not a style; use one of', style=""),
        "empty prompt": bad(
            "prompt", "PROMPT_EMPTY", "is set and empty; leave it unset", prompt=""
        ),
        "blank prompt": bad("prompt", "PROMPT_EMPTY", "says nothing that can", prompt="?!"),
    }


async def test_bad_requests_for_portraits_are_refused(mia: Caller) -> None:
    character, story = (await mia.create_character()).id, (await mia.create_story()).id
    await check(mia, mia.generation.GeneratePortrait, portraits(character, story))


async def test_bad_requests_for_scenes_are_refused(mia: Caller) -> None:
    story = await mia.create_story("Mia wakes.", "... !")
    pages = [page.id for page in story.pages]
    character = await mia.create_character()
    await check(mia, mia.generation.GenerateScene, scenes(character.id, story.id, pages))


async def test_bad_regenerations_are_refused(mia: Caller) -> None:
    job = await mia.portrait()
    await check(mia, mia.generation.RegenerateImage, regenerations(job.image_id))


async def test_priorities_beyond_the_bound_are_for_admins(
    gateway: GatewayFixture, mia: Caller
) -> None:
    admin = gateway.caller("operator", Role.ADMIN)
    assert (await admin.portrait(priority=0)).priority == 0
    assert (await admin.portrait(priority=9)).priority == 9
    assert [(await mia.portrait(priority=value)).priority for value in (1, 2, 3)] == [1, 2, 3]
    assert (await mia.portrait()).priority == 2
    request = Portrait(character_id=(await admin.create_character()).id, style="anime", priority=10)
    refused = await admin.refused(admin.generation.GeneratePortrait, request)
    assert refused.reason == "PRIORITY_NOT_ALLOWED"
    assert "must be 0 to 9, is 10" in refused.message


async def test_a_model_that_is_not_offered_any_more_draws_no_new_version(
    gateway: GatewayFixture, mia: Caller, database: str, tmp_path: Any
) -> None:
    options = generation_pb2.GenerationOptions(model="sdxl")
    job = await mia.portrait(options=options)
    async with open_gateway_fixture(
        database, tmp_path / "b", catalogue=Catalogue([STORYBOOK])
    ) as other:
        again = other.caller("mia")
        request = generation_pb2.RegenerateImageRequest(image_id=job.image_id)
        refused = await again.refused(again.generation.RegenerateImage, request)
    assert refused.reason == "MODEL_UNKNOWN"
    assert "was drawn by sdxl" in refused.message


async def test_a_message_over_the_limit_is_refused(mia: Caller) -> None:
    request = Scene(story_id=new_id(), page_id=new_id(), scene_description="x" * 5_000_000)
    refused = await mia.refused(mia.generation.GenerateScene, request)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "MESSAGE_TOO_LARGE",
    )
    assert "send 4194304 bytes at most" in refused.message
    assert refused.metadata["limit"] == "4194304"
    assert int(refused.metadata["bytes"]) > 5_000_000


async def test_a_deadline_of_a_millisecond_admits_whole_jobs_or_none(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    request = Portrait(character_id=character.id, style="anime")
    calls = [
        mia.generation.GeneratePortrait(request, metadata=mia.metadata, timeout=0.001)
        for _ in range(20)
    ]
    codes = {await call.code() for call in calls}
    assert codes <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.OK}
    assert grpc.StatusCode.DEADLINE_EXCEEDED in codes
    await _settled(gateway)
    assert await gateway.count("images") == await gateway.count("image_generation_jobs")
    assert (await mia.portrait(character.id)).job_id


async def test_a_cancelled_call_admits_a_whole_job_or_none(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    request = Portrait(character_id=character.id, style="anime")
    codes = set()
    for _ in range(20):
        call = mia.generation.GeneratePortrait(request, metadata=mia.metadata)
        while not gateway.open_calls() and not call.done():
            await asyncio.sleep(0)
        call.cancel()
        codes.add(await call.code())
    assert codes <= {grpc.StatusCode.CANCELLED, grpc.StatusCode.OK}
    assert grpc.StatusCode.CANCELLED in codes
    await _settled(gateway)
    assert await gateway.count("images") == await gateway.count("image_generation_jobs")
    assert (await mia.portrait(character.id)).job_id


async def _settled(gateway: GatewayFixture) -> None:
    """Waits until the gateway serves no call."""
    deadline = time.monotonic() + 20
    while gateway.open_calls():
        assert time.monotonic() < deadline, "calls that were given up are still being served"
        await asyncio.sleep(0.01)
