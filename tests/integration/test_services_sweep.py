"""The sweep: unreachable bytes are removed, and nothing else."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server.app import open_gateway
from server.settings import GatewaySettings
from server.storage import StorageSettings
from server.storage.base import StorageUnavailable
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store import open_store
from server.upkeep.sweep import Sweeper, Swept
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class UnremovableFolder(FolderStorage):
    """A folder that fails to remove one object."""

    keeps = ""

    async def delete(self, key: str) -> None:
        if key == self.keeps:
            raise StorageUnavailable(f"delete {key}", "it is stuck")
        await super().delete(key)


async def test_the_bytes_of_a_deleted_image_are_swept(gateway: GatewayFixture, mia: Caller) -> None:
    kept, deleted = (
        await gateway.draw(await mia.portrait()),
        await gateway.draw(await mia.portrait()),
    )
    await mia.delete_image(deleted.image_id)
    assert len(await _keys(gateway)) == 8
    sweeper = Sweeper(gateway.store, gateway.storage)
    assert await sweeper.sweep() == Swept(images=1, orphans=0, failures=0)
    assert {key.split("/")[1] for key in await _keys(gateway)} == {kept.job_id}
    assert await sweeper.sweep() == Swept(images=0, orphans=0, failures=0)


async def test_an_image_whose_job_still_runs_is_swept_when_it_has_ended(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await mia.portrait()
    claim = await gateway.claim()
    await mia.delete_image(job.image_id)
    sweeper = Sweeper(gateway.store, gateway.storage)
    assert await sweeper.sweep() == Swept(images=0, orphans=0, failures=0)
    await gateway.complete(claim)
    assert await sweeper.sweep() == Swept(images=1, orphans=0, failures=0)
    assert await _keys(gateway) == []


async def test_only_old_unreferenced_objects_are_orphans(
    gateway: GatewayFixture, mia: Caller
) -> None:
    done = await gateway.draw(await mia.portrait())
    # Two attempts that stored but never committed: one long ago, one just now.
    await mia.portrait()
    first = await gateway.claim()
    old = [asset.storage_key for asset, _ in await gateway.store_assets(first)]
    await gateway.fail(first, retryable=True)
    second = await gateway.claim()
    fresh = [asset.storage_key for asset, _ in await gateway.store_assets(second)]
    for key in await _keys(gateway):
        if key not in fresh:
            _age(gateway, key)

    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, len(old), 0)
    left = await _keys(gateway)
    assert not set(left) & set(old)
    assert set(fresh) < set(left)
    assert sum(key.split("/")[1] == done.job_id for key in left) == 4


async def test_a_large_storage_is_searched_in_parts(gateway: GatewayFixture) -> None:
    for number in range(12):
        key = f"user/job/{number}/{number:064x}.png"
        await gateway.storage.put(key, b"lost", "image/png")
        _age(gateway, key)
    sweeper = Sweeper(gateway.store, gateway.storage, objects_a_sweep=5, objects_at_once=3)
    counts = []
    while await _keys(gateway):
        swept = await sweeper.sweep()
        assert swept is not None
        counts.append(swept.orphans)
    assert counts == [6, 6]


async def test_an_object_that_cannot_be_removed_blocks_no_other(
    gateway: GatewayFixture, mia: Caller, tmp_path: Path
) -> None:
    jobs = [await gateway.draw(await mia.portrait()) for _ in range(3)]
    for job in jobs:
        await mia.delete_image(job.image_id)
    storage = UnremovableFolder(tmp_path / "pixels", UrlSigner("x" * 32, "http://nowhere"))
    storage.keeps = (await _keys(gateway))[0]
    sweeper = Sweeper(gateway.store, storage)
    assert await sweeper.sweep() == Swept(images=2, orphans=0, failures=1)
    assert await _keys(gateway) == [storage.keeps]
    storage.keeps = ""
    assert await sweeper.sweep() == Swept(images=1, orphans=0, failures=0)
    assert await _keys(gateway) == []


async def test_one_gateway_sweeps_at_a_time(
    gateway: GatewayFixture, mia: Caller, database: str
) -> None:
    job = await gateway.draw(await mia.portrait())
    await mia.delete_image(job.image_id)
    async with open_store(database) as other:
        async with other.alone("sweep") as held:
            assert held is not None
            assert await Sweeper(gateway.store, gateway.storage).sweep() is None
            assert len(await _keys(gateway)) == 4
        swept = await Sweeper(gateway.store, gateway.storage).sweep()
    assert swept == Swept(images=1, orphans=0, failures=0)


async def test_the_sweep_runs_in_the_background_and_stops(
    gateway: GatewayFixture, mia: Caller
) -> None:
    job = await gateway.draw(await mia.portrait())
    async with asyncio.timeout(60), Sweeper(gateway.store, gateway.storage).running(0.05):
        await mia.delete_image(job.image_id)
        while await _keys(gateway):
            await asyncio.sleep(0.02)


async def test_a_gateway_sweeps(
    gateway: GatewayFixture, mia: Caller, database: str, tmp_path: Path
) -> None:
    job = await gateway.draw(await mia.portrait())
    await mia.delete_image(job.image_id)
    settings = GatewaySettings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "http_port": 0,
            "metrics_port": 0,
            "database_url": database,
            "sweep_interval_s": 0.05,
            "drain_s": 0.2,
        }
    )
    pixels = StorageSettings.model_validate(
        {
            "storage_url": f"file://{tmp_path}/pixels",
            "url_secret": "x" * 32,
            "public_url": "http://nowhere",
        }
    )
    async with asyncio.timeout(60), open_gateway(settings, pixels):
        while await _keys(gateway):
            await asyncio.sleep(0.02)


async def _keys(gateway: GatewayFixture) -> list[str]:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return sorted([found.key async for found in gateway.storage.list("", soon)])


def _age(gateway: GatewayFixture, key: str) -> None:
    moment = LONG_AGO.timestamp()
    os.utime(gateway.storage.path(key), (moment, moment))
