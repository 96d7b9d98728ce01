"""The sweep: unreachable bytes are removed, and nothing else."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.app import open_gateway
from server.metrics import GatewayMetrics
from server.settings import GatewaySettings
from server.storage import StorageSettings, object_key
from server.storage.base import StorageUnavailable, StoredObject
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store import open_store
from server.upkeep.by_hand import Wanted, sweep_by_hand
from server.upkeep.orphans import Findings, Search
from server.upkeep.sweep import Sweeper, Swept
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.old_objects import HOUR, LONG_AGO, age, all_keys, in_use, lost_object


class UnremovableFolder(FolderStorage):
    """A folder that fails to remove one object."""

    keeps = ""

    async def delete(self, key: str) -> None:
        if key == self.keeps:
            raise StorageUnavailable(f"delete {key}", "it is stuck")
        await super().delete(key)


class WrongClock(FolderStorage):
    """A folder whose file server has a clock that is ahead, or behind by a negative time."""

    ahead = timedelta(0)

    async def list(self, prefix: str, older_than: datetime) -> AsyncGenerator[StoredObject, None]:
        ever = datetime.max.replace(tzinfo=UTC)
        async for found in super().list(prefix, ever):
            dated = replace(found, modified=found.modified + self.ahead)
            if dated.modified < older_than:
                yield dated


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
    await in_use(gateway.store, LONG_AGO)
    for key in await _keys(gateway):
        if key not in fresh:
            _age(gateway, key)

    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, len(old), 0)
    left = await _keys(gateway)
    assert not set(left) & set(old)
    assert set(fresh) < set(left)
    assert sum(key.split("/")[1] == done.job_id for key in left) == 4


async def test_the_record_of_a_render_is_swept_once_its_attempt_has_ended(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await mia.portrait()
    claim = await gateway.claim()
    record, kind = b"a record", "application/octet-stream"
    key = object_key(claim.user_id, claim.job_id, claim.attempt, record, kind)
    await gateway.storage.put(key, record, kind)
    await in_use(gateway.store, LONG_AGO)
    _age(gateway, key)
    sweeper = Sweeper(gateway.store, gateway.storage)
    assert await sweeper.sweep() == Swept(0, 0, 0)
    await gateway.fail(claim, retryable=True)
    assert await sweeper.sweep() == Swept(0, 1, 0)
    assert await _keys(gateway) == []


async def test_a_large_storage_is_searched_in_parts(gateway: GatewayFixture) -> None:
    await in_use(gateway.store, LONG_AGO)
    for _ in range(12):
        await lost_object(gateway.storage)
    sweeper = Sweeper(gateway.store, gateway.storage, objects_a_sweep=5, objects_at_once=3)
    counts = []
    while await _keys(gateway):
        swept = await sweeper.sweep()
        assert swept is not None
        counts.append(swept.orphans)
    # Whether they are too many is known once all were seen.
    assert counts == [0, 0, 12]


async def test_what_was_stored_while_the_database_was_not_in_use_stays(
    gateway: GatewayFixture,
) -> None:
    before, within, after = [await lost_object(gateway.storage) for _ in range(3)]
    hour = timedelta(hours=1)
    await in_use(gateway.store, LONG_AGO)
    age(gateway.storage, before, LONG_AGO - 2 * hour)
    age(gateway.storage, after, LONG_AGO + 2 * hour)
    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, 1, 0)
    assert await _keys(gateway) == sorted([before, after])
    assert within not in await _keys(gateway)


@pytest.mark.parametrize("hours", [1, -1, 30, -30])
async def test_a_storage_whose_clock_is_wrong_loses_nothing(
    gateway: GatewayFixture, tmp_path: Path, caplog: pytest.LogCaptureFixture, hours: int
) -> None:
    storage = WrongClock(tmp_path / "pixels", UrlSigner("x" * 32, "http://nowhere"))
    storage.ahead = timedelta(hours=hours)
    await in_use(gateway.store, LONG_AGO - 40 * HOUR, until=LONG_AGO + 40 * HOUR)
    within = await lost_object(storage)
    # By the storage's clock this one is from a time of use.
    outside = await lost_object(storage, LONG_AGO - storage.ahead / abs(hours) * (40 + 0.5))
    fresh = await lost_object(storage, datetime.now(UTC) - timedelta(minutes=1))
    await in_use(gateway.store, datetime.now(UTC) - 90 * HOUR, until=datetime.now(UTC) + HOUR)
    assert await Sweeper(gateway.store, storage).sweep() == Swept(0, 1, 0)
    assert await _keys(gateway) == sorted([outside, fresh])
    assert within not in await _keys(gateway)
    [said] = [each for each in caplog.records if each.message == "storage's clock differs"]
    assert round(vars(said)["ahead_s"] / 3600, 1) == hours


async def test_a_search_in_parts_ends_soon_though_sweeps_are_rare(
    gateway: GatewayFixture,
) -> None:
    await in_use(gateway.store, LONG_AGO)
    for _ in range(12):
        await lost_object(gateway.storage)
    search = Search(gateway.storage, 3)
    async with gateway.store.alone("sweep") as statements:
        assert statements is not None
        assert await search.go_on(statements, 5) is None
        begun = search.under_way
        while (found := await search.go_on(statements, 5)) is None:
            pass
        assert len(found.orphans) == 12
        assert (begun, search.under_way) == (True, False)
        # What takes long is not begun again at once.
        assert await search.go_on(statements, 5) is None
        assert not search.under_way


async def test_two_gateways_that_follow_each_other_leave_no_gap(gateway: GatewayFixture) -> None:
    key = await lost_object(gateway.storage)
    hour = timedelta(hours=1)
    await in_use(gateway.store, LONG_AGO - hour, until=LONG_AGO + timedelta(seconds=1))
    await in_use(gateway.store, LONG_AGO, until=LONG_AGO + hour)
    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, 1, 0)
    assert key not in await _keys(gateway)


async def test_too_many_orphans_are_all_left_and_said(
    gateway: GatewayFixture, caplog: pytest.LogCaptureFixture
) -> None:
    await in_use(gateway.store, LONG_AGO)
    metrics = GatewayMetrics()
    sweeper = Sweeper(gateway.store, gateway.storage, metrics)
    for _ in range(21):
        await lost_object(gateway.storage)
    assert await sweeper.sweep() == Swept(0, 0, 0)
    assert len(await _keys(gateway)) == 21
    assert "orphans kept" in caplog.text
    assert b"imggen_kept_orphans 21.0" in metrics.page()
    await gateway.storage.delete((await _keys(gateway))[0])
    assert await sweeper.sweep() == Swept(0, 20, 0)
    assert b"imggen_kept_orphans 0.0" in metrics.page()


async def test_sweeps_of_one_day_remove_no_more_together(gateway: GatewayFixture) -> None:
    await in_use(gateway.store, LONG_AGO)
    for _ in range(15):
        await lost_object(gateway.storage)
    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, 15, 0)
    for _ in range(6):
        await lost_object(gateway.storage)
    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, 0, 0)
    await gateway.store.database.execute(
        "UPDATE orphan_removals SET removed_at = removed_at - interval '1 day'"
    )
    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, 6, 0)


def test_of_many_objects_one_in_a_hundred_may_go() -> None:
    assert Findings(listed=4_000).most == 40
    assert Findings(listed=100).most == 20


async def test_foreign_files_stay_and_stop_no_sweep(
    gateway: GatewayFixture, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "pixels"
    await in_use(gateway.store, LONG_AGO)
    await lost_object(gateway.storage)
    foreign = [
        "README.md",
        "thumbs.db",
        "user/job/1/a.png",
        "böse name.png",
        os.fsdecode(b"not \xff text.png"),
    ]
    for name in foreign:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not ours")
        os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    (root / "circle.png").symlink_to("circle.png")
    sweeper = Sweeper(gateway.store, gateway.storage)
    assert await sweeper.sweep() == Swept(0, 1, 0)
    assert await sweeper.sweep() == Swept(0, 0, 0)
    [said] = [record for record in caplog.records if record.message == "foreign objects"]
    assert vars(said)["objects"] == len(foreign)
    assert all((root / name).exists() for name in foreign)


async def test_what_a_running_attempt_has_stored_long_ago_is_no_orphan(
    gateway: GatewayFixture, mia: Caller
) -> None:
    await in_use(gateway.store, LONG_AGO)
    await mia.portrait()
    claim = await gateway.claim()
    await gateway.store_assets(claim)
    stored = await _keys(gateway)
    for key in stored:
        age(gateway.storage, key)
    assert await Sweeper(gateway.store, gateway.storage).sweep() == Swept(0, 0, 0)
    assert await _keys(gateway) == stored


async def test_a_sweep_by_hand_tells_and_removes_what_it_is_told_to(
    gateway: GatewayFixture, database: str, tmp_path: Path
) -> None:
    await in_use(gateway.store, LONG_AGO)
    for _ in range(30):
        await lost_object(gateway.storage)
    lost = await lost_object(gateway.storage, LONG_AGO + timedelta(days=1))
    pixels = _pixels(tmp_path)
    told = await sweep_by_hand(database, pixels, Wanted(removes=False))
    assert [line.partition(" ")[0] for line in told] == ["31", "30", "1", "nothing"]
    assert len(await _keys(gateway)) == 31
    told = await sweep_by_hand(database, pixels, Wanted(removes=True))
    assert told[-1] == "30 objects were removed"
    assert await _keys(gateway) == [lost]
    told = await sweep_by_hand(database, pixels, Wanted(removes=True, unrecorded=True))
    assert told[-1] == "1 objects were removed"
    assert await _keys(gateway) == []


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
    async with asyncio.timeout(60), open_gateway(settings, _pixels(tmp_path)):
        while await _keys(gateway):
            await asyncio.sleep(0.02)


async def _keys(gateway: GatewayFixture) -> list[str]:
    return await all_keys(gateway.storage)


def _age(gateway: GatewayFixture, key: str) -> None:
    age(gateway.storage, key)


def _pixels(tmp_path: Path) -> StorageSettings:
    return StorageSettings.model_validate(
        {
            "storage_url": f"file://{tmp_path}/pixels",
            "url_secret": "x" * 32,
            "public_url": "http://nowhere",
        }
    )
