"""Bad input to lists, characters, stories, jobs and images is refused, saying what is right."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.v1 import character_pb2, image_pb2, job_pb2, metadata_pb2, story_pb2, style_pb2
from server.domain.paging import LastRow
from server.requests.page_tokens import page_token
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import new_id
from tests.integration.refusals import ALL_STYLES, Bad, check

EAST = timezone(timedelta(hours=23))
OTHER = "was made by another list or under other filters; send the request of the page before"


async def test_bad_lists_are_refused(mia: Caller) -> None:
    request = image_pb2.ListImagesRequest
    unmade = "was not made by this list; use the next_page_token of the page before"
    token = ("page_token", "PAGE_TOKEN_INVALID", unmade)
    far = page_token(request(), LastRow(datetime(1, 1, 1, tzinfo=EAST), UUID(int=7)))
    noon = LastRow(datetime(2026, 5, 1, 12, tzinfo=UTC), UUID(int=7))
    foreign = ("page_token", "PAGE_TOKEN_INVALID", OTHER)
    other = (await _first_page_of_characters(mia)).next_page_token
    bad = {
        "page token": Bad(request(page_token="abc"), *token),
        "page token of another kind": Bad(request(page_token="YWJj"), *token),
        "page token before all time": Bad(request(page_token=far), *token),
        "page token of another list": Bad(request(page_token=other), *foreign),
        "page token of another filter": Bad(
            request(
                page_token=page_token(request(type=image_pb2.IMAGE_TYPE_COVER), noon),
                type=image_pb2.IMAGE_TYPE_SCENE,
            ),
            *foreign,
        ),
        "page size": Bad(
            request(page_size=-1),
            "page_size",
            "FIELD_OUT_OF_RANGE",
            "must be 0 or more (0 means 50), is -1",
        ),
        "control character in metadata": Bad(
            request(metadata=metadata_pb2.MetadataFilter(key="order\0", value="4711")),
            "metadata",
            "CONTROL_CHARACTERS",
            "holds the control character U+0000",
        ),
        "metadata without a key": Bad(
            request(metadata=metadata_pb2.MetadataFilter(value="4711")),
            "metadata",
            "FIELD_REQUIRED",
            "has an empty key",
        ),
        "long metadata": Bad(
            request(metadata=metadata_pb2.MetadataFilter(key="order", value="x" * 1_020)),
            "metadata",
            "TEXT_TOO_LONG",
            "must have 1,024 bytes or fewer in UTF-8, has 1,025",
        ),
        "unknown status": Bad(
            request(status=99),  # type: ignore[arg-type]
            "status",
            "VALUE_UNKNOWN",
            "has no value 99; use one of QUEUED, GENERATING, COMPLETED",
        ),
    }
    await check(mia, mia.images.ListImages, bad)
    queued = job_pb2.JOB_STATUS_QUEUED
    known = "use one of QUEUED, PROCESSING, COMPLETED, FAILED, CANCELLED"
    bad = {
        f"status {number}": Bad(
            job_pb2.ListJobsRequest(statuses=[queued, number]),  # type: ignore[list-item]
            "statuses[1]",
            "VALUE_UNKNOWN",
            f"has no value {number}; {known}",
        )
        for number in (0, 99)
    }
    await check(mia, mia.jobs.ListJobs, bad)
    style = style_pb2.ListStylesRequest(page_token="oil")
    await check(mia, mia.styles.ListStyles, {"style token": Bad(style, *token)})


async def test_bad_characters_and_stories_are_refused(mia: Caller) -> None:
    def character(**fields: Any) -> Any:
        given = character_pb2.Character(**{"name": "Mia", **fields})
        return character_pb2.CreateCharacterRequest(character=given)

    out = "FIELD_OUT_OF_RANGE"
    bad = {
        "no name": Bad(
            character(name="\u200b "),
            "character.name",
            "FIELD_REQUIRED",
            "is required; give a text",
        ),
        "age": Bad(character(age=151), "character.age", out, "must be 0 to 150, is 151"),
        "gender": Bad(
            character(gender=9), "character.gender", "VALUE_UNKNOWN", "has no value 9; use one of"
        ),
        "too many features": Bad(
            character(features=["x"] * 17),
            "character.features",
            "TOO_MANY_ITEMS",
            "must have 16 entries or fewer, has 17",
        ),
        "long hair": Bad(
            character(hair="x" * 301),
            "character.hair",
            "TEXT_TOO_LONG",
            "must have 300 characters or fewer, has 301",
        ),
    }
    await check(mia, mia.characters.CreateCharacter, bad)

    made = await mia.create_character()
    known = "use some of name, age, gender, species, hair, eyes, skin, clothing, features, traits"

    def update(*paths: str, **fields: Any) -> Any:
        return character_pb2.UpdateCharacterRequest(
            character=character_pb2.Character(id=made.id, **fields),
            update_mask=FieldMask(paths=paths),
        )

    mask = ("update_mask", "UPDATE_MASK_INVALID")
    bad = {
        "unknown field": Bad(update("hare"), *mask, f'"hare" cannot be set; {known}, or * alone'),
        "name taken away": Bad(update("*"), "character.name", "FIELD_REQUIRED", "is required"),
    }
    await check(mia, mia.characters.UpdateCharacter, bad)

    def story(**fields: Any) -> Any:
        return story_pb2.CreateStoryRequest(story=story_pb2.Story(**{"title": "Day", **fields}))

    page = story_pb2.Page
    bad = {
        "no title": Bad(story(title=""), "story.title", "FIELD_REQUIRED", "is required"),
        "style": Bad(story(style="oil"), "story.style", "STYLE_UNKNOWN", f"one of {ALL_STYLES}"),
        "201 pages": Bad(
            story(pages=[page(text="x")] * 201),
            "story.pages",
            "TOO_MANY_ITEMS",
            "must have 200 pages or fewer, has 201",
        ),
        "17 characters on a page": Bad(
            story(pages=[page(text="x", character_ids=[new_id() for _ in range(17)])]),
            "story.pages[0].character_ids",
            "TOO_MANY_ITEMS",
            "must have 16 characters or fewer, has 17",
        ),
        "much text": Bad(
            story(pages=[page(text="月" * 4000)] * 175),
            "story.pages",
            "TEXT_TOO_LONG",
            "must have 2,097,152 bytes of text or fewer in UTF-8, have 2,100,000",
        ),
        "empty page": Bad(
            story(pages=[page(text="x"), page()]),
            "story.pages[1].text",
            "FIELD_REQUIRED",
            "is required",
        ),
        "long page": Bad(
            story(pages=[page(text="x" * 4001)]),
            "story.pages[0].text",
            "TEXT_TOO_LONG",
            "must have 4,000 characters or fewer, has 4,001",
        ),
    }
    await check(mia, mia.stories.CreateStory, bad)


async def test_wrong_ids_of_jobs_and_images_are_refused(mia: Caller) -> None:
    for method, request in (
        (mia.jobs.GetJob, job_pb2.GetJobRequest(job_id="1")),
        (mia.jobs.WatchJob, job_pb2.WatchJobRequest(job_id="1")),
        (mia.jobs.RetryJob, job_pb2.RetryJobRequest(job_id="1")),
        (mia.images.GetImage, image_pb2.GetImageRequest(image_id="1")),
        (mia.images.DownloadImage, image_pb2.DownloadImageRequest(image_id="1")),
    ):
        refused = await mia.refused(method, request)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "MALFORMED_ID",
        )


async def _first_page_of_characters(mia: Caller) -> character_pb2.ListCharactersResponse:
    for _ in range(2):
        await mia.create_character()
    request = character_pb2.ListCharactersRequest(page_size=1)
    return await mia.characters.ListCharacters(request, metadata=mia.metadata)  # type: ignore[no-any-return]
