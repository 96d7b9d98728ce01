"""Post-processing: what requests ask for reaches the job, and what it did its caller."""

from typing import Any

import grpc
import pytest

from imggen.v1 import finishing_pb2, job_pb2
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerateStoryRequest,
    GenerationOptions,
)
from server.domain.finishing import FinishingStep, StepDone
from server.domain.timings import StepTime, TimedStep
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.whole_stories import a_story, jobs_of

STEPS = (
    StepDone(FinishingStep.SIGNATURE_REMOVAL, changed=False, said="", ms=4),
    StepDone(FinishingStep.SHARPENING, changed=True, said="edges", ms=25),
)


def asked(**fields: Any) -> GenerationOptions:
    return GenerationOptions(post_processing=finishing_pb2.PostProcessing(**fields))


async def test_jobs_and_images_say_what_each_step_did(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    assert not job.post_processing
    await gateway.complete(await gateway.claim(), steps=STEPS)
    done, image = await mia.get_job(job.job_id), await mia.get_image(job.image_id)
    assert list(done.post_processing) == list(image.post_processing)
    assert [
        (one.step, one.changed, one.detail, one.duration.ToMilliseconds())
        for one in done.post_processing
    ] == [
        (finishing_pb2.FINISHING_STEP_SIGNATURE_REMOVAL, False, "", 4),
        (finishing_pb2.FINISHING_STEP_SHARPENING, True, "edges", 25),
    ]


async def test_a_job_and_its_history_say_what_each_step_took(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    await gateway.complete(
        claim,
        times=(
            StepTime(TimedStep.ENCODING, 240, 30 * 2**20),
            StepTime(TimedStep.SIGNING, 31),
            StepTime(TimedStep.UPLOADING, 0),
        ),
    )
    done = await mia.get_job(job.job_id)
    rendering, storing = done.stage_timings  # FINISHING was not measured as a stage
    assert not rendering.steps
    assert [
        (one.step, one.duration.ToMilliseconds(), one.HasField("peak_memory_bytes"))
        for one in storing.steps
    ] == [
        (job_pb2.TIMED_STEP_SIGNING, 31, False),
        (job_pb2.TIMED_STEP_UPLOADING, 0, False),
    ]
    history = await gateway.store.histories.of_job(claim.job_id)
    assert history is not None
    assert [one.peak_bytes for one in history.attempts[0].step_times] == [30 * 2**20, None, None]


async def test_what_is_usual_is_not_stored(gateway: GatewayFixture, mia: Caller) -> None:
    usual = await mia.portrait(options=asked(sharpening=True))
    assert "post_processing" not in (await gateway.spec(usual))["spec"]
    without = await mia.portrait(options=asked(sharpening=False, background_removal=True))
    stored = (await gateway.spec(without))["spec"]["post_processing"]
    assert stored == {"sharpening": False, "background_removal": True}


@pytest.mark.parametrize("trim", [(500, 300), (300, 500)])
async def test_a_coarse_print_is_refused(mia: Caller, trim: tuple[int, int]) -> None:
    character = (await mia.create_character()).id
    width, height = trim
    options = asked(trim_width_mm=width, trim_height_mm=height)
    request = GeneratePortraitRequest(character_id=character, style="anime", options=options)
    failure = await mia.refused(mia.generation.GeneratePortrait, request)
    assert failure.fields == ["options.post_processing.trim_width_mm"]
    assert "104 DPI, too few for a print" in failure.message


async def test_a_scene_keeps_its_background(mia: Caller) -> None:
    story = await a_story(mia)
    options = asked(background_removal=True)
    request = GenerateSceneRequest(story_id=story.id, page_id=story.pages[0].id, options=options)
    failure = await mia.refused(mia.generation.GenerateScene, request)
    assert failure.fields == ["options.post_processing.background_removal"]


async def test_of_a_story_portraits_lose_their_background_and_pages_are_printed(
    gateway: GatewayFixture, mia: Caller
) -> None:
    story = await a_story(mia)
    options = asked(background_removal=True, trim_width_mm=250, trim_height_mm=140)
    batch = await mia.generate_story(story.id, options=options)
    jobs = await jobs_of(mia, batch.batch_id)
    specs = {name: (await gateway.spec(one.job))["spec"] for name, one in jobs.items()}
    assert specs["portrait 1"]["post_processing"] == {"background_removal": True}
    assert specs["page 1"]["post_processing"] == {"trim_width_mm": 250, "trim_height_mm": 140}


PROCESSING = "options.post_processing"


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        (
            {
                "include_character_portraits": False,
                "options": asked(background_removal=True),
            },
            [f"{PROCESSING}.background_removal: is for portraits"],
        ),
        (
            {
                "include_scene_images": False,
                "aspect_ratio": "4:3",
                "images_per_page": 2,
                "options": asked(trim_width_mm=200, trim_height_mm=100),
            },
            [
                "images_per_page: is for pages",
                "aspect_ratio: is for pages and covers",
                f"{PROCESSING}.trim_width_mm: is for pages and covers",
            ],
        ),
        (
            {"include_scene_images": False, "options": GenerationOptions(use_references=True)},
            ["options.use_references: is for pages and covers"],
        ),
        (
            {"include_scene_images": False, "include_cover": True, "images_per_page": 2},
            ["images_per_page: is for pages"],
        ),
    ],
)
async def test_a_story_refuses_what_none_of_its_pictures_can_take(
    mia: Caller, fields: dict[str, Any], refused: list[str]
) -> None:
    story = await a_story(mia)
    request = GenerateStoryRequest(story_id=story.id, **fields)
    failure = await mia.refused(mia.generation.GenerateStory, request)
    assert failure.code == grpc.StatusCode.INVALID_ARGUMENT
    said = "and the request asks for none; include some, or leave it out"
    assert len(failure.fields) == len(refused)
    for wanted in refused:
        assert f"{wanted}, {said}" in failure.message


@pytest.mark.parametrize(
    "fields",
    [
        {"include_scene_images": False, "images_per_page": 1},
        {"include_scene_images": False, "options": GenerationOptions(use_references=False)},
        {
            "include_scene_images": False,
            "include_cover": True,
            "aspect_ratio": "4:3",
            "options": asked(trim_width_mm=200, trim_height_mm=100, background_removal=True),
        },
    ],
)
async def test_a_story_takes_what_one_of_its_pictures_takes(
    mia: Caller, fields: dict[str, Any]
) -> None:
    assert (await mia.generate_story((await a_story(mia)).id, **fields)).total_images
