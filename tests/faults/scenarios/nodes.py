"""Nodes of the Ray cluster that are lost: a worker's, and then the head."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.faults.builds import Build
from tests.faults.report import Report, reported
from tests.faults.site import NeverHappened, Site, site, until

_START_S = 900.0


async def lost_nodes(server: str, build: Build, quick: bool) -> Report:
    """Kills the node with the replicas, then the head; a new cluster takes over."""
    problems: list[str] = []
    recovered = None
    async with site(server, build, IMGGEN_DRAIN_S="5") as place:
        caller = await place.caller((await place.gateway()).port)
        try:
            async with _cluster(place, build) as first:
                await caller.submit()
                await caller.submit()
                await _rendering(place)
                await _order(first, "node")
                await place.everything_ends()
                await caller.submit()
                await _rendering(place)
                await _order(first, "head")
                killed = time.monotonic()
                for _ in range(3):
                    await caller.submit()
            async with _cluster(place, build):
                recovered = await place.everything_ends() - killed
        except (NeverHappened, TimeoutError) as never:
            problems.append(str(never) or "the cluster did not start")
    problems += place.history.failed_calls
    return reported(
        "Ray: node removed, head killed",
        "1 node, 1 head",
        place.history,
        recovered,
        problems,
    )


async def _rendering(place: Site) -> None:
    async def is_rendering() -> bool:
        return bool(
            await place.query(
                "SELECT FROM image_generation_jobs j JOIN job_progress p ON p.job_id = j.id"
                " WHERE j.status = 'processing' AND p.attempt = j.attempt AND p.step > 1"
            )
        )

    await until(is_rendering, "something renders", _START_S)


async def _order(cluster: Process, order: str) -> None:
    assert cluster.stdin is not None
    cluster.stdin.write(f"{order}\n".encode())
    await _hear(cluster, "done")


async def _hear(cluster: Process, word: str) -> None:
    assert cluster.stdout is not None
    async with asyncio.timeout(_START_S):
        heard = (await cluster.stdout.readline()).decode().strip()
    if heard != word:
        raise NeverHappened(f"the cluster said {heard!r}, not {word!r}")


@asynccontextmanager
async def _cluster(place: Site, build: Build) -> AsyncIterator[Process]:
    """Runs a cluster on the site's database and storage."""
    config = place.folder / "serve.yaml"
    config.write_text(yaml.safe_dump(_config(build.root)))
    with (place.folder / "cluster.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.cluster_process", str(config),
            env={**build.environment(), **place.environment(), "RAY_USAGE_STATS_ENABLED": "0"},
            cwd=build.root, stdin=PIPE, stdout=PIPE, stderr=log,
        )  # fmt: skip
    try:
        try:
            await _hear(process, "serving")
        except NeverHappened as never:
            raise NeverHappened(f"{never}; {log.name}: {_tail(log.name)}") from never
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _tail(log: str) -> str:
    return Path(log).read_text()[-4000:]


def _config(root: Path) -> dict[str, Any]:
    """Returns the embedded config with the scripted diffuser, and next to no cores."""
    config: dict[str, Any] = yaml.safe_load(
        Path(os.path.realpath(root / "cluster"), "serve", "embedded.yaml").read_text()
    )
    application = config["applications"][0]
    application["import_path"] = "tests.faults.scripted_app:build"
    for deployment in application["deployments"]:
        deployment["ray_actor_options"] = {"num_cpus": 0.1, "resources": {"replicas": 0.1}}
    return config
