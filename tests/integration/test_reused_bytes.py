"""The bytes that images share stay until the last of them is deleted, whatever comes first."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from uuid import UUID

import pytest

from imggen.v1 import job_pb2
from server.admission.reuse import copies_of
from server.domain.ids import CharacterId, ImageId
from server.domain.jobs import Placement
from server.domain.reuse import Reuse
from server.domain.spec import RenderSpec
from server.storage.base import StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.upkeep.sweep import Sweeper, Swept
from tests.builders import new_job
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import until
from tests.integration.old_objects import LONG_AGO, in_use
from tests.integration.test_money_movements import waits
from tests.integration.test_services_reuse import REUSE, a_portrait, download, reused


class StuckFolder(FolderStorage):
    """A folder that removes nothing."""

    async def delete(self, key: str) -> None:
        raise StorageUnavailable(f"delete {key}", "it is stuck")


async def an_origin_and_copies(gateway: GatewayFixture, mia: Caller, copies: int) -> list[str]:
    """Returns the images of a drawn portrait and of requests that it answers."""
    character = (await mia.create_character()).id
    drawn = await a_portrait(gateway, mia, character_id=character)
    again = [await mia.portrait(character, seed=7, options=REUSE) for _ in range(copies)]
    assert {reused(job) for job in again} == {drawn.image_id}
    return [drawn.image_id, *(job.image_id for job in again)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_bytes_go_with_the_last_image(
    gateway: GatewayFixture, mia: Caller, order: tuple[int, ...]
) -> None:
    images = await an_origin_and_copies(gateway, mia, 2)
    sweeper = Sweeper(gateway.store, gateway.storage)
    for gone, place in enumerate(order, start=1):
        await mia.delete_image(images[place])
        assert await sweeper.sweep() == Swept(images=1, orphans=0, failures=0)
        assert len(await _keys(gateway)) == (4 if gone < 3 else 0)
        for left in order[gone:]:
            assert await download(mia, images[left])
    assert await sweeper.sweep() == Swept(images=0, orphans=0, failures=0)


async def test_images_that_are_deleted_together_are_swept_together(
    gateway: GatewayFixture, mia: Caller, tmp_path: Path
) -> None:
    images = await an_origin_and_copies(gateway, mia, 1)
    for image in images:
        await mia.delete_image(image)
    stuck = StuckFolder(tmp_path / "pixels", UrlSigner("x" * 32, "http://nowhere"))
    assert await Sweeper(gateway.store, stuck).sweep() == Swept(images=0, orphans=0, failures=4)
    sweeper = Sweeper(gateway.store, gateway.storage)
    assert await sweeper.sweep() == Swept(images=2, orphans=0, failures=0)
    assert await _keys(gateway) == []


async def test_old_bytes_that_only_a_copy_names_are_no_orphans(
    gateway: GatewayFixture, mia: Caller
) -> None:
    origin, copy = await an_origin_and_copies(gateway, mia, 1)
    await mia.delete_image(origin)
    sweeper = Sweeper(gateway.store, gateway.storage)
    await sweeper.sweep()
    await in_use(gateway.store, LONG_AGO)
    for key in await _keys(gateway):
        os.utime(gateway.storage.path(key), (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    assert await sweeper.sweep() == Swept(images=0, orphans=0, failures=0)
    assert await download(mia, copy)


async def test_an_origin_that_is_being_reused_is_deleted_after_that(
    gateway: GatewayFixture, mia: Caller
) -> None:
    drawn = await a_portrait(gateway, mia)
    spec = RenderSpec.from_json((await gateway.spec(drawn))["spec"])
    place = Placement(character_id=CharacterId(spec.characters[0].id))
    new = new_job(mia.user_id, spec=spec, placement=place, reuse=Reuse(seed=7))
    sweeper = Sweeper(gateway.store, gateway.storage)
    async with gateway.store.transaction() as tx:
        copies = await copies_of(tx, [new], checked=False)
        deleting = asyncio.create_task(mia.delete_image(drawn.image_id))
        await until(lambda: waits(gateway.store))
        assert await sweeper.sweep() == Swept(images=0, orphans=0, failures=0)
        assert await tx.reuses.copy(copies) == [new.id]
    await deleting
    assert await sweeper.sweep() == Swept(images=1, orphans=0, failures=0)
    assert await download(mia, str(new.image_id))


async def test_an_origin_that_is_being_deleted_is_not_reused(
    gateway: GatewayFixture, mia: Caller
) -> None:
    character = (await mia.create_character()).id
    drawn = await a_portrait(gateway, mia, character_id=character)
    async with gateway.store.transaction() as tx:
        await tx.images.delete(mia.user_id, ImageId(UUID(drawn.image_id)))
        asking = asyncio.create_task(mia.portrait(character, seed=7, options=REUSE))
        await until(lambda: waits(gateway.store))
    assert (await asking).status == job_pb2.JOB_STATUS_QUEUED


async def test_whatever_is_deleted_reused_and_swept_at_once_no_image_lacks_its_bytes(
    gateway: GatewayFixture, mia: Caller
) -> None:
    for _ in range(12):
        images = await an_origin_and_copies(gateway, mia, 2)
        [character] = (await mia.get_image(images[0])).character_ids
        sweeper = Sweeper(gateway.store, gateway.storage)
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(mia.portrait(character, seed=7, options=REUSE)) for _ in range(4)
            ]
            for image in images:
                group.create_task(mia.delete_image(image))
            group.create_task(sweeper.sweep())
        await sweeper.sweep()
        for job in (task.result() for task in asking):
            if reused(job):
                assert await download(mia, job.image_id)
            else:
                await mia.cancel(job.job_id)


async def _keys(gateway: GatewayFixture) -> list[str]:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return [found.key async for found in gateway.storage.list("", soon)]
