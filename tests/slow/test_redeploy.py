"""A redeploy of the whole application while jobs run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster.embedded.local import EMBEDDED, Local
from cluster.embedded.node import deploy
from imggen import Client, Page
from tests.integration.local_ray import local_imggen, replicas


@pytest.fixture
def local() -> Iterator[Local]:
    with local_imggen() as local:
        yield local


async def test_a_redeploy_under_load_loses_nothing_and_spends_no_retry(
    local: Local, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.yaml"
    config = yaml.safe_load(EMBEDDED.read_text())
    for deployment in config["applications"][0]["deployments"]:
        deployment["ray_actor_options"]["num_cpus"] /= 2
    changed.write_text(yaml.safe_dump(config))
    async with Client(local.address, token=local.token) as client:
        mia = await client.create_character(name="Mia", age=7, hair="red hair")
        story = await client.create_story(
            title="The Forest",
            style="cartoon",
            pages=[Page(text="Mia walked into the forest.", character_ids=[mia.id])],
        )
        jobs = [await client.generate_scene(story, 1) for _ in range(8)]
        async for snapshot in client.watch(jobs[0]):
            if snapshot.job.step:
                break
        before = set(replicas("worker") + replicas("diffuser"))
        await asyncio.to_thread(deploy, changed)
        for job in jobs:
            await client.wait(job, timeout=300)
        ended = [await client.get_job(job) for job in jobs]
    assert not before & set(replicas("worker") + replicas("diffuser"))
    assert [job.retry_count for job in ended] == [0] * len(jobs)
