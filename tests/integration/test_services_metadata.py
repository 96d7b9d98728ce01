"""Metadata: a caller's own words, shown with jobs, images, batches and events, and used nowhere."""

import logging

import pytest

from imggen.v1 import generation_pb2, image_pb2, job_pb2
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

ORDER = {"order": "a secret 4711", "shop": ""}
OPTIONS = generation_pb2.GenerationOptions(metadata=ORDER)


async def test_a_job_its_image_and_their_events_show_the_callers_words(
    gateway: GatewayFixture, mia: Caller
) -> None:
    call = mia.follow()
    await call.read()
    admitted = await mia.portrait(options=OPTIONS)
    assert dict(admitted.metadata) == ORDER
    job = await gateway.draw(admitted)
    assert dict(job.metadata) == ORDER
    request = image_pb2.GetImageRequest(image_id=job.image_id)
    image = (await mia.images.GetImage(request, metadata=mia.metadata)).image
    assert dict(image.metadata) == ORDER
    await mia.delete_image(job.image_id)
    events = [(await call.read()).event for _ in range(6)]
    assert {event.WhichOneof("change") for event in events} == {"job", "image"}
    assert [dict(event.job.metadata) for event in events if event.job.job_id] == [ORDER] * 3
    assert [dict(event.image.metadata) for event in events if event.image.image_id] == [ORDER] * 3


async def test_all_of_a_batch_has_the_metadata_of_its_request(mia: Caller) -> None:
    call = mia.follow()
    await call.read()
    story = await mia.create_story("Mia wakes.", "Mia runs.")
    batch = await mia.generate_story(story.id, options=OPTIONS)
    assert dict(batch.metadata) == ORDER
    images = (await mia.get_batch(batch.batch_id)).images
    assert [dict(image.job.metadata) for image in images] == [ORDER] * 2
    events = [(await call.read()).event for _ in range(3)]
    [changed] = [event.batch for event in events if event.batch.batch_id]
    assert dict(changed.metadata) == ORDER


async def test_a_new_version_has_its_own_metadata(mia: Caller) -> None:
    first = await mia.portrait(options=OPTIONS)
    assert not (await mia.regenerate(first.image_id)).metadata
    own = generation_pb2.GenerationOptions(metadata={"order": "4712"})
    assert dict((await mia.regenerate(first.image_id, options=own)).metadata) == {"order": "4712"}
    assert dict((await mia.get_job(first.job_id)).metadata) == ORDER


async def test_metadata_is_in_no_spec_and_no_log_line(
    gateway: GatewayFixture, mia: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        job = await gateway.draw(await mia.portrait(options=OPTIONS))
        await mia.get_job(job.job_id)
        bad = generation_pb2.GenerationOptions(metadata={"": "a secret 4711"})
        request = generation_pb2.GeneratePortraitRequest(style="watercolor", options=bad)
        await mia.refused(mia.generation.GeneratePortrait, request)
    assert caplog.records
    assert "a secret" not in "".join(str(record.__dict__) for record in caplog.records)
    assert "a secret" not in str(await gateway.spec(job))
    shown = str((await mia.list_images()).images[0].prompt)
    assert "a secret" not in shown


async def test_a_regeneration_keeps_model_and_quality_unless_others_are_named(
    gateway: GatewayFixture, mia: Caller
) -> None:
    options = generation_pb2.GenerationOptions(model="sdxl", quality="standard")
    first = await mia.portrait(options=options)

    async def drawn(again: job_pb2.Job) -> tuple[str, str]:
        spec = (await gateway.spec(again))["spec"]
        return spec["model"], spec["quality"]

    assert await drawn(await mia.regenerate(first.image_id)) == ("sdxl", "standard")
    better = generation_pb2.GenerationOptions(model="storybook", quality="hd")
    assert await drawn(await mia.regenerate(first.image_id, options=better)) == ("storybook", "hd")


async def test_a_regeneration_by_an_unknown_model_or_quality_names_both(mia: Caller) -> None:
    first = await mia.portrait()
    options = generation_pb2.GenerationOptions(model="dall-e", quality="best")
    request = generation_pb2.RegenerateImageRequest(image_id=first.image_id, options=options)
    refused = await mia.refused(mia.generation.RegenerateImage, request)
    assert refused.reasons == {
        "options.model": "MODEL_UNKNOWN",
        "options.quality": "QUALITY_UNKNOWN",
    }
