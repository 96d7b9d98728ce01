"""The fake service as tests of client code rely on it."""

import struct
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from PIL import Image as Picture

from imggen import Client, Image, JobStatus
from imggen.errors import (
    FailedPrecondition,
    ImggenError,
    InvalidRequest,
    JobFailed,
    NotFound,
    reason_name,
)
from imggen.fields import AssetKindName
from imggen.testing import FakeService, Received
from imggen.testing.pictures import jpeg, png
from imggen.v1 import job_pb2
from imggen.v1.character_pb2 import (
    Character,
    CreateCharacterRequest,
    DeleteCharacterRequest,
    ListCharactersRequest,
    UpdateCharacterRequest,
)
from imggen.v1.character_pb2_grpc import CharacterServiceStub
from imggen.v1.errors_pb2 import ErrorReason
from imggen.v1.finishing_pb2 import PostProcessing

KINDS: tuple[AssetKindName, ...] = ("original", "display", "print", "thumbnail")


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


def test_its_pictures_are_valid_png() -> None:
    with Picture.open(BytesIO(png(3, 2, (1, 2, 3)))) as picture:
        picture.load()
        assert picture.size == (3, 2)
        assert picture.getpixel((2, 1)) == (1, 2, 3)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (256, 256), (3000, 2000)])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 0), (1, 200, 99), (255, 255, 255)])
def test_its_pictures_are_valid_jpeg(size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    with Picture.open(BytesIO(jpeg(*size, colour))) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("JPEG", size)
        drawn = picture.getpixel((size[0] - 1, size[1] - 1))
        assert isinstance(drawn, tuple)
        assert all(abs(one - other) <= 2 for one, other in zip(drawn, colour, strict=True))


@pytest.mark.parametrize(
    ("ratio", "sizes"),
    [
        ("", [(256, 256), (1824, 1024), (3563, 2000), (256, 144)]),
        ("1:1", [(256, 256), (1024, 1024), (3000, 3000), (256, 256)]),
    ],
)
async def test_every_asset_has_the_size_and_the_media_type_of_its_kind(
    client: Client, ratio: str, sizes: list[tuple[int, int]]
) -> None:
    story = await client.create_story(title="The Map", style="anime", pages=["One."])
    job = await client.generate_scene(story, story.pages[0], aspect_ratio=ratio)
    image = await client.wait(job)
    assert (image.width, image.height) == sizes[1]
    assert job.cropped_from == ("" if ratio else "1:1")
    formats = ["PNG", "JPEG", "JPEG", "JPEG"]
    for kind, size, format_ in zip(KINDS, sizes, formats, strict=True):
        with Picture.open(BytesIO(await client.download(image, kind=kind))) as picture:
            assert (picture.format, picture.size) == (format_, size)


async def test_a_thumbnail_is_a_webp_where_it_is_asked_for(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    asked = PostProcessing(thumbnail_format="webp")
    job = await client.generate_portrait(mia, style="anime", post_processing=asked)
    image = await client.wait(job)
    with Picture.open(BytesIO(await client.download(image, kind="thumbnail"))) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("WEBP", (256, 256))
    other = PostProcessing(thumbnail_format="gif")
    with pytest.raises(InvalidRequest, match=r"gif.* use one of jpeg, webp"):
        await client.generate_portrait(mia, style="anime", post_processing=other)


def test_its_pictures_have_their_checksums() -> None:
    data = png(1, 1, (0, 0, 0))
    (length,) = struct.unpack(">I", data[8:12])
    assert zlib.crc32(data[12 : 16 + length]) == struct.unpack(">I", data[16 + length :][:4])[0]


async def test_the_same_seed_gives_the_same_picture(client: Client) -> None:
    mia = await client.create_character(name="Mia")

    async def picture(seed: int) -> bytes:
        job = await client.generate_portrait(mia, style="anime", seed=seed)
        return await client.download(await client.wait(job))

    assert await picture(1) == await picture(1)
    assert await picture(1) != await picture(2)


async def test_it_records_its_requests(fake: FakeService, client: Client) -> None:
    await client.create_character(name="Mia", request_id=(request_id := str(uuid4())))
    request = CreateCharacterRequest(character=Character(name="Mia"), request_id=request_id)
    assert list(fake.received) == [Received("CreateCharacter", request)]


async def test_a_failure_is_for_one_call_of_one_method(fake: FakeService, client: Client) -> None:
    fake.fail_next(ErrorReason.ERROR_REASON_CHARACTER_NOT_FOUND, method="GetCharacter")
    mia = await client.create_character(name="Mia")
    with pytest.raises(NotFound, match="the fake was told to fail with CHARACTER_NOT_FOUND"):
        await client.get_character(mia)
    assert await client.get_character(mia) == mia


async def test_an_ended_job_has_its_times_and_a_fraction_of_one(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    admitted = await client.generate_portrait(mia, style="anime", model="storybook")
    assert admitted.status == JobStatus.JOB_STATUS_QUEUED
    assert admitted.HasField("estimated_completion_time")
    await client.wait(admitted)
    job = await client.get_job(admitted)
    assert (job.attempt, job.fraction, job.model) == (1, 1.0, "storybook")
    assert [timing.stage for timing in job.stage_timings] == [1, 2, 3, 4]
    finishing, storing = job.stage_timings[2:]
    assert job_pb2.TIMED_STEP_ENCODING in [one.step for one in finishing.steps]
    assert job_pb2.TIMED_STEP_BACKGROUND_REMOVAL not in [one.step for one in finishing.steps]
    assert job_pb2.TIMED_STEP_SIGNING in [one.step for one in storing.steps]
    assert job.started_at.ToDatetime() <= job.completed_at.ToDatetime()


async def test_a_changed_description_makes_the_reference_stale(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    await client.wait(await client.generate_portrait(mia, style="anime"))
    assert not (await client.update_character(mia.id, name="Mia")).reference_stale
    changed = await client.update_character(mia.id, hair="black")
    assert (changed.reference_stale, changed.description_version) == (True, 2)


async def test_a_new_portrait_replaces_the_reference_of_its_style(client: Client) -> None:
    mia = await client.create_character(name="Mia")
    first = await client.wait(await client.generate_portrait(mia, style="anime"))
    other = await client.wait(await client.generate_portrait(mia, style="cartoon"))
    second = await client.wait(await client.generate_portrait(mia, style="anime"))
    assert second.is_reference
    assert (await client.get_image(other)).is_reference
    assert not (await client.get_image(first)).is_reference


async def test_it_enforces_the_documented_rules(fake: FakeService, client: Client) -> None:
    mia = await client.create_character(name="Mia")
    story = await client.create_story(title="The Map", pages=["One."])
    unknown = str(uuid4())
    refusals: list[tuple[object, str]] = [
        (client.create_character(name=""), "FIELD_REQUIRED"),
        (client.create_character(name="Mia", request_id="x"), "MALFORMED_ID"),
        (client.create_story(title="A", pages=[]), ""),
        (client.get_story("x"), "MALFORMED_ID"),
        (client.get_story(unknown), "STORY_NOT_FOUND"),
        (client.get_job(unknown), "JOB_NOT_FOUND"),
        (client.get_image(unknown), "IMAGE_NOT_FOUND"),
        (client.update_story(unknown, title="B"), "STORY_NOT_FOUND"),
        (client.generate_portrait(mia), "FIELD_REQUIRED"),
        (client.generate_portrait(mia, style="anime", quality="best"), "QUALITY_UNKNOWN"),
        (client.generate_portrait(mia, style="anime", priority=0), "PRIORITY_NOT_ALLOWED"),
        (client.generate_portrait(unknown, style="anime"), "CHARACTER_NOT_FOUND"),
        (client.generate_scene(story, 1), "FIELD_REQUIRED"),
        (client.generate_scene(story, unknown, style="anime"), "PAGE_NOT_FOUND"),
        (client.generate_scene(story, 1, style="oil"), "STYLE_UNKNOWN"),
        (
            client.generate_scene(story, 1, style="anime", aspect_ratio="2:1"),
            "ASPECT_RATIO_UNKNOWN",
        ),
        (client.generate_scene(story, 1, style="anime", characters=["x"]), "MALFORMED_ID"),
        (anext(client.list_images(page_size=-1)), "FIELD_OUT_OF_RANGE"),
    ]
    for call, reason in refusals:
        if not reason:
            await call  # type: ignore[misc]
            continue
        with pytest.raises(ImggenError) as raised:
            await call  # type: ignore[misc]
        assert reason_name(raised.value.reason) == reason


async def test_it_checks_masks_and_page_tokens_that_this_client_never_sends(
    fake: FakeService,
) -> None:
    async with grpc.aio.insecure_channel(fake.target) as channel:
        stub = CharacterServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError, match='update_mask: "paws" cannot be set; use'):
            await stub.UpdateCharacter(
                UpdateCharacterRequest(update_mask=FieldMask(paths=["paws"]))
            )
        with pytest.raises(grpc.aio.AioRpcError, match="page_token"):
            await stub.ListCharacters(ListCharactersRequest(page_token="x"))


async def test_a_list_continues_after_its_last_row_was_deleted(fake: FakeService) -> None:
    async with grpc.aio.insecure_channel(fake.target) as channel:
        stub = CharacterServiceStub(channel)
        for name in ("Mia", "Ida", "Leo"):
            await stub.CreateCharacter(CreateCharacterRequest(character=Character(name=name)))
        first = await stub.ListCharacters(ListCharactersRequest(page_size=2))
        last = first.characters[-1].id
        await stub.DeleteCharacter(DeleteCharacterRequest(character_id=last))
        request = ListCharactersRequest(page_size=2, page_token=first.next_page_token)
        second = await stub.ListCharacters(request)
    assert [each.name for each in first.characters] == ["Leo", "Ida"]
    assert [each.name for each in second.characters] == ["Mia"]
    assert not second.next_page_token


async def test_latency_delays_every_answer() -> None:
    async with FakeService(latency=0.01) as fake, Client(fake.target) as client:
        assert (await client.create_character(name="Mia")).name == "Mia"


async def test_violations_are_those_of_the_contract(client: Client) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await client.regenerate(Image(id="x"), style="oil")
    assert [bad.field for bad in raised.value.violations] == ["modifications.style", "image_id"]


async def test_what_is_deleted_can_be_deleted_again(client: Client) -> None:
    mia, story = await client.create_character(name="Mia"), await client.create_story(title="Day")
    image = await client.wait(await client.generate_portrait(mia, style="anime"))
    for _ in range(2):
        await client.delete_image(image)
        await client.delete_character(mia)
        await client.delete_story(story)
    with pytest.raises(NotFound):
        await client.get_character(mia)
    with pytest.raises(NotFound):
        await client.delete_character(str(uuid4()))


async def test_a_retry_is_repeated_by_its_request_id(fake: FakeService, client: Client) -> None:
    mia = await client.create_character(name="Mia")
    fake.fail_next_job(ErrorReason.ERROR_REASON_RENDER_FAILED)
    job = await client.generate_portrait(mia, style="anime")
    with pytest.raises(JobFailed):
        await client.wait(job)
    key = str(uuid4())
    await client.wait(await client.retry(job, request_id=key))
    assert (await client.retry(job, request_id=key)).status == JobStatus.JOB_STATUS_COMPLETED
    with pytest.raises(FailedPrecondition):
        await client.retry(job)
