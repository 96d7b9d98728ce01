"""Aspect ratios: what is drawn, what is delivered, and what jobs say of it."""

from typing import Any

import pytest

from imggen.v1 import job_pb2
from imggen.v1.generation_pb2 import (
    GenerateSceneRequest,
    GenerateStoryRequest,
    GenerationOptions,
    RegenerateImageRequest,
)
from server.domain.ids import JobId
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

SDXL = GenerationOptions(model="sdxl")


CROPPED = 3
"""The version of the specs that only workers can draw that crop."""


async def _drawn(gateway: GatewayFixture, job: job_pb2.Job) -> tuple[Any, ...]:
    """Returns a job's model, display size, and the version of its spec."""
    row = await gateway.store.database.fetchrow(
        "SELECT spec, spec_version FROM image_generation_jobs WHERE id = $1",
        JobId(job.job_id),  # type: ignore[arg-type]
    )
    assert row is not None
    spec = row["spec"]
    return spec["model"], spec["width"], spec["height"], row["spec_version"]


@pytest.mark.parametrize(
    ("fields", "drawn", "cropped_from"),
    [
        ({}, ("storybook", 1824, 1024, CROPPED), "1:1"),
        ({"aspect_ratio": "4:3"}, ("storybook", 1368, 1024, CROPPED), "1:1"),
        ({"aspect_ratio": "1:1"}, ("storybook", 1024, 1024, 1), ""),
        ({"options": SDXL}, ("sdxl", 1824, 1024, 1), ""),
        ({"options": SDXL, "aspect_ratio": "4:3"}, ("sdxl", 1368, 1024, 1), ""),
    ],
)
async def test_a_scene_is_16_9_or_as_requested_and_its_job_says_what_it_is_cropped_from(
    gateway: GatewayFixture,
    mia: Caller,
    fields: dict[str, Any],
    drawn: tuple[Any, ...],
    cropped_from: str,
) -> None:
    story = await mia.create_story()
    job = await mia.scene(story.id, **fields)
    assert await _drawn(gateway, job) == drawn
    assert job.cropped_from == cropped_from
    assert (await mia.get_job(job.job_id)).cropped_from == cropped_from


async def test_pages_and_cover_of_a_story_have_its_ratio_and_portraits_do_not(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = await mia.create_character()
    page = {"text": "Mia runs.", "character_ids": [character.id]}
    story = await mia.create_story(pages=[page])
    for ratio, width, cropped_from in (("", 1824, "1:1"), ("4:3", 1368, "1:1"), ("1:1", 1024, "")):
        batch = await mia.generate_story(story.id, include_cover=True, aspect_ratio=ratio)
        jobs = [one.job for one in (await mia.get_batch(batch.batch_id)).images]
        found = {
            job_pb2.JobKind.Name(job.kind): ((await _drawn(gateway, job))[1], job.cropped_from)
            for job in jobs
        }
        assert found == {
            "JOB_KIND_PORTRAIT": (1024, ""),
            "JOB_KIND_COVER": (width, cropped_from),
            "JOB_KIND_SCENE": (width, cropped_from),
        }


async def test_an_unknown_ratio_is_named_beside_everything_else(mia: Caller) -> None:
    story = await mia.create_story()
    scene = GenerateSceneRequest(
        story_id=story.id,
        page_id=story.pages[0].id,
        aspect_ratio="9:16",
        options=GenerationOptions(model="dall-e"),
    )
    refused = await mia.refused(mia.generation.GenerateScene, scene)
    assert refused.reasons == {
        "aspect_ratio": "ASPECT_RATIO_UNKNOWN",
        "options.model": "MODEL_UNKNOWN",
    }
    assert '"9:16" is not an aspect ratio; use one of 16:9, 4:3, 1:1' in refused.message
    whole = GenerateStoryRequest(story_id=story.id, aspect_ratio="wide", include_scene_images=False)
    refused = await mia.refused(mia.generation.GenerateStory, whole)
    assert refused.reasons["aspect_ratio"] == "ASPECT_RATIO_UNKNOWN"


async def test_a_new_version_keeps_the_shape_whichever_model_draws_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await mia.create_story()
    first = await mia.scene(story.id)
    same = await mia.regenerate(first.image_id)
    assert await _drawn(gateway, same) == ("storybook", 1824, 1024, CROPPED)
    other = await mia.regenerate(first.image_id, options=SDXL)
    assert await _drawn(gateway, other) == ("sdxl", 1824, 1024, 1)
    back = await mia.regenerate(other.image_id, options=GenerationOptions(model="storybook"))
    assert await _drawn(gateway, back) == ("storybook", 1824, 1024, CROPPED)
    assert [same.cropped_from, other.cropped_from, back.cropped_from] == ["1:1", "", "1:1"]


async def test_a_new_version_by_a_model_that_cannot_draw_it_is_refused(mia: Caller) -> None:
    tall = await mia.portrait(size="1024x1536", options=SDXL)
    for model, reason in (("storybook", "SIZE_NOT_OFFERED"), ("dall-e", "MODEL_UNKNOWN")):
        request = RegenerateImageRequest(
            image_id=tall.image_id, options=GenerationOptions(model=model)
        )
        refused = await mia.refused(mia.generation.RegenerateImage, request)
        assert refused.reasons == {"options.model": reason}
