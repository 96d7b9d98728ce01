"""A worker process killed in mid-story: no job is lost, and few pictures are drawn twice."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from imggen.v1 import batch_pb2, story_pb2
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.story_worker import SLOTS

pytestmark = pytest.mark.timeout(300)
PAGES = 8


@asynccontextmanager
async def a_worker(
    gateway: GatewayFixture, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs a worker process, and kills it after the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.story_worker"),
        *(gateway.settings.database_url, str(folder)),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_worker_killed_in_mid_story_loses_nothing(
    gateway: GatewayFixture, mia: Caller, tmp_path: Path
) -> None:
    character = (await mia.create_character()).id
    pages = [
        story_pb2.Page(text=f"Mia walks on, page {number}.", character_ids=[character])
        for number in range(PAGES)
    ]
    story = await mia.create_story(pages=pages)
    batch = await mia.generate_story(story.id)
    call = mia.watch_batch(batch.batch_id)
    # The folder from which the test's gateway serves images.
    folder = tmp_path / "pixels"
    async with a_worker(gateway, folder) as process:
        await _until(call, lambda shot: shot.batch.completed_images >= 3)
        await _until(call, lambda shot: shot.batch.processing_images > 0)
        process.kill()
        await process.wait()
        before = await gateway.store.database.fetch(
            "SELECT id FROM image_generation_jobs WHERE status = 'completed'"
        )
    async with a_worker(gateway, folder):
        last = await _until(
            call, lambda shot: shot.batch.status != batch_pb2.BATCH_STATUS_PROCESSING
        )
    assert last.batch.status == batch_pb2.BATCH_STATUS_COMPLETED
    assert last.batch.completed_images == last.batch.total_images == PAGES + 1
    attempts = await gateway.store.database.fetch("SELECT job_id, outcome FROM attempts")
    outcomes = [row["outcome"] for row in attempts]
    assert outcomes.count("completed") == PAGES + 1
    # Only pictures in flight are drawn again.
    assert outcomes.count("lost") == len(attempts) - (PAGES + 1) <= SLOTS
    again = {row["job_id"] for row in attempts if row["outcome"] == "lost"}
    assert not again & {row["id"] for row in before}
    assert await gateway.count("assets") == 4 * (PAGES + 1)


async def _until(call: object, fits: object) -> batch_pb2.WatchBatchResponse:
    async with asyncio.timeout(200):
        while not fits(shot := await call.read()):  # type: ignore[operator, attr-defined]
            pass
    return shot  # type: ignore[no-any-return]
