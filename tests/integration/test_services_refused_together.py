"""All bad fields of a request are named at once, each with its reason."""

from typing import Any

from imggen.v1 import character_pb2, generation_pb2, image_pb2, job_pb2, story_pb2
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import new_id


async def test_everything_wrong_with_a_portrait_is_named(mia: Caller) -> None:
    request = generation_pb2.GeneratePortraitRequest(
        character_id="mia",
        style="oil",
        size="8x8",
        options=generation_pb2.GenerationOptions(quality="best", metadata={"": "x"}),
        priority=7,
        request_id="again",
    )
    refused = await mia.refused(mia.generation.GeneratePortrait, request)
    assert refused.reasons == {
        "character_id": "MALFORMED_ID",
        "style": "STYLE_UNKNOWN",
        "size": "SIZE_NOT_OFFERED",
        "options.quality": "QUALITY_UNKNOWN",
        "options.metadata": "FIELD_REQUIRED",
        "priority": "PRIORITY_NOT_ALLOWED",
        "request_id": "MALFORMED_ID",
    }


async def test_everything_wrong_with_a_scene_is_named(mia: Caller) -> None:
    request = generation_pb2.GenerateSceneRequest(page_id="x")
    refused = await mia.refused(mia.generation.GenerateScene, request)
    assert refused.reasons == {"story_id": "FIELD_REQUIRED", "page_id": "MALFORMED_ID"}


async def test_everything_wrong_with_a_new_version_is_named(mia: Caller) -> None:
    job = await mia.portrait()
    request = generation_pb2.RegenerateImageRequest(
        image_id=job.image_id,
        modifications=generation_pb2.Modifications(style="oil", prompt=""),
    )
    refused = await mia.refused(mia.generation.RegenerateImage, request)
    assert refused.reasons == {
        "modifications.style": "STYLE_UNKNOWN",
        "modifications.prompt": "PROMPT_EMPTY",
    }


async def test_everything_wrong_with_a_character_is_named(mia: Caller) -> None:
    fields: dict[str, Any] = {"gender": 9}
    character = character_pb2.Character(
        age=200, hair="r" * 301, features=["a"] * 17, traits=[""], **fields
    )
    request = character_pb2.CreateCharacterRequest(character=character)
    refused = await mia.refused(mia.characters.CreateCharacter, request)
    assert refused.reasons == {
        "character.name": "FIELD_REQUIRED",
        "character.age": "FIELD_OUT_OF_RANGE",
        "character.gender": "VALUE_UNKNOWN",
        "character.hair": "TEXT_TOO_LONG",
        "character.features": "TOO_MANY_ITEMS",
        "character.traits[0]": "FIELD_REQUIRED",
    }


async def test_everything_wrong_with_a_story_is_named(mia: Caller) -> None:
    twice = new_id()
    page = story_pb2.Page(scene_description="!", character_ids=[twice, twice])
    request = story_pb2.CreateStoryRequest(story=story_pb2.Story(style="bronze", pages=[page]))
    refused = await mia.refused(mia.stories.CreateStory, request)
    assert refused.reasons == {
        "story.title": "FIELD_REQUIRED",
        "story.style": "STYLE_UNKNOWN",
        "story.pages[0].text": "FIELD_REQUIRED",
        "story.pages[0].scene_description": "PROMPT_EMPTY",
        "story.pages[0].character_ids": "DUPLICATE_ITEM",
    }


async def test_everything_wrong_with_the_ids_of_pages_is_named(mia: Caller) -> None:
    story = await mia.create_story("One.", "Two.")
    one, two = story.pages
    page = story_pb2.Page
    pages = [two, one, page(id=one.id.upper(), text="Three."), two, page(id="4", text="Four.")]
    request = story_pb2.UpdateStoryRequest(story=story_pb2.Story(id=story.id, pages=pages))
    refused = await mia.refused(mia.stories.UpdateStory, request)
    assert refused.reasons == {
        "story.pages[2].id": "DUPLICATE_ITEM",
        "story.pages[3].id": "DUPLICATE_ITEM",
        "story.pages[4].id": "MALFORMED_ID",
    }
    assert "is also that of pages[1]" in refused.message


async def test_a_refused_list_of_characters_is_not_replaced_by_the_pages_own(
    mia: Caller,
) -> None:
    drawn_in = [await mia.create_character() for _ in range(3)]
    page = story_pb2.Page(text="They run.", character_ids=[each.id for each in drawn_in])
    story = await mia.create_story(pages=[page])
    request = generation_pb2.GenerateSceneRequest(
        story_id=story.id,
        page_id=story.pages[0].id,
        character_ids=["zzz"],
        options=generation_pb2.GenerationOptions(model="storybook"),
    )
    refused = await mia.refused(mia.generation.GenerateScene, request)
    assert refused.reasons == {"character_ids[0]": "MALFORMED_ID"}


async def test_everything_wrong_with_a_list_is_named(mia: Caller) -> None:
    fields: dict[str, Any] = {"statuses": [99]}
    jobs = job_pb2.ListJobsRequest(story_id="x", page_token="x", **fields)
    refused = await mia.refused(mia.jobs.ListJobs, jobs)
    assert refused.reasons.keys() == {"statuses[0]", "story_id", "page_token"}
    images = image_pb2.ListImagesRequest(page_id="x", character_id="y")
    refused = await mia.refused(mia.images.ListImages, images)
    assert refused.reasons == {"page_id": "MALFORMED_ID", "character_id": "MALFORMED_ID"}
