"""Diffusers that Serve scales on what waits in the database."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray import serve

from cluster.embedded.guardian import guarded_folder
from cluster.embedded.local import Local, running
from cluster.embedded.processes import ROOT
from imggen import Client, Job

pytestmark = pytest.mark.timeout(600)

JOBS, MOST, HEARTBEAT_S = 200, 4, 1
BENCH = ROOT / "cluster" / "serve" / "bench.yaml"
SCALED = {
    "min_replicas": 1,
    "max_replicas": MOST,
    "upscale_delay_s": 0,
    "downscale_delay_s": 1,
    "policy": {
        "policy_function": "actors.serve.scaling:BacklogPolicy",
        "policy_kwargs": {"drawn_within_s": 10, "poll_s": 0.5},
    },
}
ASLEEP = {**SCALED, "min_replicas": 0}


def scaled(config: Path, scaling: dict[str, Any]) -> Path:
    """Writes the config of load tests with diffusers that are scaled, and draw one at a time."""
    written = yaml.safe_load(BENCH.read_text())
    application = written["applications"][0]
    application["args"] |= {"render_s": 0.25, "at_once": 1}
    [diffuser] = [one for one in application["deployments"] if one["name"] == "diffuser"]
    del diffuser["num_replicas"]
    diffuser |= {"autoscaling_config": scaling, "ray_actor_options": {"num_cpus": 0.1}}
    config.write_text(yaml.safe_dump(written))
    return config


@pytest.fixture
def scaling(request: pytest.FixtureRequest) -> Any:
    """Returns how diffusers are scaled."""
    return getattr(request, "param", SCALED)


@pytest.fixture
def local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scaling: dict[str, Any]
) -> Iterator[Local]:
    monkeypatch.setenv("IMGGEN_HEARTBEAT_S", str(HEARTBEAT_S))
    monkeypatch.setenv("IMGGEN_MODEL_SLEEPS", str(scaling is ASLEEP))
    # By these requests alone, Serve's own policy would want half as many.
    monkeypatch.setenv("IMGGEN_SLOTS", json.dumps({"local": MOST}))
    config = scaled(tmp_path / "scaled.yaml", scaling)
    with (
        guarded_folder("imggen-local-") as folder,
        running(folder, print, serve_config=config) as local,
    ):
        yield local


def wanted() -> int:
    """Returns how many diffusers Serve runs or starts, without those that it stops."""
    states = serve.status().applications["imggen"].deployments["diffuser"].replica_states
    return sum(number for state, number in states.items() if state != "STOPPING")


@pytest.fixture
async def seen() -> AsyncIterator[list[int]]:
    """Notes how many diffusers there are, several times a second."""
    found: list[int] = []

    async def look() -> None:
        while True:
            found.append(await asyncio.to_thread(wanted))
            await asyncio.sleep(0.2)

    looking = asyncio.create_task(look())
    yield found
    looking.cancel()


async def test_replicas_come_with_the_backlog_and_go_without_redrawing(
    local: Local, seen: list[int]
) -> None:
    async with Client(local.address, token=local.token) as client:
        mia = await client.create_character(name="Mia", age=7, hair="red hair")
        jobs = [await client.generate_portrait(mia, style="cartoon") for _ in range(JOBS)]
        ended = [await drawn(client, job) for job in jobs]
    assert {(job.attempt, job.retry_count) for job in ended} == {(1, 0)}
    assert max(seen) == MOST
    async with asyncio.timeout(120):
        await until(seen, 1)


@pytest.mark.parametrize("scaling", [ASLEEP], indirect=True)
async def test_a_model_that_sleeps_wakes_for_a_picture_and_for_no_look(
    local: Local, seen: list[int]
) -> None:
    async with Client(local.address, token=local.token) as client, asyncio.timeout(240):
        mia = await client.create_character(name="Mia", age=7, hair="red hair")
        await until(seen, 0)
        # The worker looks at the model once a heartbeat, and a look wakes nobody.
        asleep = len(seen)
        await asyncio.sleep(3 * HEARTBEAT_S)
        assert set(seen[asleep:]) == {0}
        job = await drawn(client, await client.generate_portrait(mia, style="cartoon"))
        assert (job.attempt, job.retry_count) == (1, 0)


async def until(seen: Sequence[int], diffusers: int) -> None:
    """Waits until there are so many diffusers."""
    while not seen or seen[-1] != diffusers:
        await asyncio.sleep(0.2)


async def drawn(client: Client, job: Job) -> Job:
    await client.wait(job, timeout=300)
    return await client.get_job(job)
