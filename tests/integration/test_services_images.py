"""Images: listed, shown with working URLs, downloaded, and gone when deleted."""

import asyncio
import hashlib
from typing import Any

import aiohttp
import grpc
import pytest

from imggen.v1 import image_pb2, job_pb2, story_pb2
from server.domain.states import AssetKind
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import LEASE, GatewayFixture, ids

KINDS = {
    image_pb2.ASSET_KIND_ORIGINAL: AssetKind.ORIGINAL,
    image_pb2.ASSET_KIND_DISPLAY: AssetKind.DISPLAY,
    image_pb2.ASSET_KIND_PRINT: AssetKind.PRINT,
    image_pb2.ASSET_KIND_THUMBNAIL: AssetKind.THUMBNAIL,
}


async def test_an_image_has_all_its_fields(gateway: GatewayFixture, mia: Caller) -> None:
    character = await mia.create_character()
    story = await mia.create_story(
        pages=[story_pb2.Page(text="Mia wakes.", character_ids=[character.id])]
    )
    job = await mia.scene(story.id, seed=7)
    waiting = await mia.get_image(job.image_id)
    assert waiting.status == image_pb2.IMAGE_STATUS_QUEUED
    assert (waiting.url, waiting.cdn_url, waiting.print_url, waiting.width) == ("", "", "", 0)
    claim = await gateway.claim()
    assert (await mia.get_image(job.image_id)).status == image_pb2.IMAGE_STATUS_GENERATING
    made = await gateway.complete(claim)

    image = await mia.get_image(job.image_id)
    assert image.type == image_pb2.IMAGE_TYPE_SCENE
    assert (image.story_id, image.page_number) == (story.id, 1)
    assert (image.character_id, list(image.character_ids)) == ("", [character.id])
    assert image.status == image_pb2.IMAGE_STATUS_COMPLETED
    assert (image.width, image.height) == (1024, 1024)
    assert image.file_size == len(made[AssetKind.DISPLAY])
    assert (image.style, image.model, image.provider) == ("watercolor", "storybook", "local")
    assert (image.prompt, image.seed, image.cost_micros) == ("a compiled prompt", 7, 0)
    assert (image.version, image.lineage_id, image.job_id) == (1, image.id, job.job_id)
    assert image.regenerations_left == 5
    assert image.completed_at.ToDatetime() >= image.created_at.ToDatetime()
    left = image.urls_expire_at.ToDatetime() - image.completed_at.ToDatetime()
    assert 3590 < left.total_seconds() <= 3630


async def test_urls_give_the_bytes_and_nothing_else(gateway: GatewayFixture, mia: Caller) -> None:
    job = await mia.portrait()
    made = await gateway.complete(await gateway.claim())
    image = await mia.get_image(job.image_id)
    async with aiohttp.ClientSession() as http:

        async def get(url: str) -> tuple[int, bytes]:
            async with http.get(url) as answer:
                return answer.status, await answer.read()

        assert await get(image.url) == (200, made[AssetKind.DISPLAY])
        assert await get(image.cdn_url) == (200, made[AssetKind.DISPLAY])
        assert await get(image.print_url) == (200, made[AssetKind.PRINT])
        assert await get(image.thumbnail_url) == (200, made[AssetKind.THUMBNAIL])
        key = image.print_url.split("/media/")[1].split("?")[0]
        shown = image.url.split("/media/")[1].split("?")[0]
        assert (await get(image.url.replace(shown, key)))[0] == 403
        assert (await get(image.url.replace("expires=1", "expires=9")))[0] == 403
        assert (await get(image.url[:-1]))[0] == 403


async def test_images_are_filtered_by_every_field(gateway: GatewayFixture, mia: Caller) -> None:
    tom, ida = await mia.create_character(name="Tom"), await mia.create_character(name="Ida")
    story, other = await mia.create_story("One.", "Two."), await mia.create_story("One.")
    portrait = await gateway.draw(await mia.portrait(tom.id))
    first = await gateway.draw(await mia.scene(story.id, 1, character_ids=[tom.id, ida.id]))
    second = await mia.scene(story.id, 2, character_ids=[ida.id])
    third = await mia.scene(other.id, 1)

    async def found(**filters: Any) -> list[str]:
        return ids((await mia.list_images(**filters)).images)

    done = image_pb2.IMAGE_STATUS_COMPLETED
    scene, portraits = image_pb2.IMAGE_TYPE_SCENE, image_pb2.IMAGE_TYPE_PORTRAIT
    assert await found() == [job.image_id for job in (third, second, first, portrait)]
    assert await found(story_id=story.id) == [second.image_id, first.image_id]
    assert await found(story_id=story.id, page_id=story.pages[1].id) == [second.image_id]
    assert await found(character_id=tom.id) == [first.image_id, portrait.image_id]
    assert await found(character_id=ida.id) == [second.image_id, first.image_id]
    assert await found(character_id=tom.id, type=portraits) == [portrait.image_id]
    assert await found(page_id=story.pages[1].id) == [second.image_id]
    assert await found(story_id=other.id, page_id=story.pages[1].id) == []
    assert await found(character_id=ida.id, story_id=story.id, status=done) == [first.image_id]
    assert await found(type=scene, status=done) == [first.image_id]
    assert await found(status=image_pb2.IMAGE_STATUS_FAILED) == []


async def test_pages_of_images_are_stable_while_new_ones_come(mia: Caller) -> None:
    character = await mia.create_character()
    images = [(await mia.portrait(character.id)).image_id for _ in range(4)]
    first = await mia.list_images(page_size=3)
    await mia.portrait(character.id)
    await mia.delete_image(images[3])
    second = await mia.list_images(page_size=3, page_token=first.next_page_token)
    assert ids([*first.images, *second.images]) == images[::-1]
    assert second.next_page_token == ""


@pytest.mark.parametrize("kind", KINDS)
async def test_every_asset_is_downloaded_whole(
    gateway: GatewayFixture, mia: Caller, kind: image_pb2.AssetKind.ValueType
) -> None:
    job = await mia.portrait()
    made = (await gateway.complete(await gateway.claim()))[KINDS[kind]]
    request = image_pb2.DownloadImageRequest(image_id=job.image_id, asset_kind=kind)
    first, *rest = [
        answer async for answer in mia.images.DownloadImage(request, metadata=mia.metadata)
    ]
    jpeg = KINDS[kind] in {AssetKind.PRINT, AssetKind.THUMBNAIL}
    assert first.header == image_pb2.AssetHeader(
        asset_kind=kind,
        content_type="image/jpeg" if jpeg else "image/png",
        size_bytes=len(made),
        sha256=hashlib.sha256(made).hexdigest(),
        picture_check=image_pb2.PICTURE_CHECK_NOT_CHECKED,
    )
    assert b"".join(answer.data for answer in rest) == made
    assert max(len(answer.data) for answer in rest) <= 256 * 1024
    assert len(rest) > 1
    assert not any(answer.HasField("header") for answer in rest)


@pytest.mark.parametrize("status", ["QUEUED", "FAILED"])
async def test_an_image_without_bytes_cannot_be_downloaded(
    gateway: GatewayFixture, mia: Caller, status: str
) -> None:
    job = await mia.portrait()
    if status == "FAILED":
        await gateway.fail(await gateway.claim())
    request = image_pb2.DownloadImageRequest(image_id=job.image_id)
    refused = await mia.refused(mia.images.DownloadImage, request)
    assert (refused.code, refused.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "IMAGE_NOT_READY",
    )
    assert refused.metadata == {"image_id": job.image_id, "status": status}
    assert "wait until its job is completed, or retry" in refused.message


async def test_a_deleted_image_is_gone_for_its_caller_at_once(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await gateway.draw(await mia.portrait())
    await mia.delete_image(job.image_id)
    for method, request in (
        (mia.images.GetImage, image_pb2.GetImageRequest(image_id=job.image_id)),
        (mia.images.DownloadImage, image_pb2.DownloadImageRequest(image_id=job.image_id)),
    ):
        refused = await mia.refused(method, request)
        assert refused.reason == "IMAGE_NOT_FOUND"
        assert refused.metadata == {"image_id": job.image_id}
    assert (await mia.list_images()).images == []
    assert (await mia.get_job(job.job_id)).status == job_pb2.JOB_STATUS_COMPLETED


async def test_the_addresses_of_a_deleted_image_end_at_once_and_no_others(
    gateway: GatewayFixture, mia: Caller
) -> None:
    drawn = [await gateway.draw(await mia.portrait()) for _ in range(2)]
    gone, stays = [await mia.get_image(job.image_id) for job in drawn]
    await mia.delete_image(gone.id)
    async with aiohttp.ClientSession() as http:

        async def status(url: str) -> int:
            async with http.get(url) as answer:
                return answer.status

        urls = (gone.url, gone.print_url, gone.thumbnail_url)
        assert [await status(url) for url in urls] == [404, 404, 404]
        assert await status(stays.url) == 200


async def test_deleting_an_image_stops_the_job_that_makes_it(
    gateway: GatewayFixture, mia: Caller
) -> None:
    running, waiting = await mia.portrait(), await mia.portrait()
    claim = await gateway.claim()
    async with asyncio.timeout(60):
        watch = mia.watch(waiting.job_id)
        await watch.read()
        await mia.delete_image(waiting.image_id)
        last = await watch.read()
    assert last.job.status == job_pb2.JOB_STATUS_CANCELLED
    await mia.delete_image(running.image_id)
    assert await gateway.store.leases.heartbeat([claim], LEASE) == {claim.job_id: True}


async def test_an_abandoned_download_ends_quietly(gateway: GatewayFixture, mia: Caller) -> None:
    job = await gateway.draw(await mia.portrait())
    request = image_pb2.DownloadImageRequest(image_id=job.image_id)
    async with asyncio.timeout(60):
        for _ in range(3):
            call = mia.images.DownloadImage(request, metadata=mia.metadata)
            await call.read()
            await call.read()
            call.cancel()
        while gateway.open_calls():
            await asyncio.sleep(0.01)
