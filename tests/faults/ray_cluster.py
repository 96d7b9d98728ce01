"""A Ray cluster on a scenario's database and storage, and its commands."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.faults.builds import Build
from tests.faults.environment import FaultEnvironment, NeverHappened, until

START_S = 900.0


class RayCluster:
    """A serving cluster: a process that executes one command after the other."""

    def __init__(self, process: Process, folder: Path, config: dict[str, Any]) -> None:
        self._process = process
        self._folder = folder
        self._config = config

    async def kill_node(self) -> None:
        """Kills the node with the replicas; a new node replaces it."""
        await self._command("node")

    async def evict_node(self) -> None:
        """Ends the node with the replicas after a drain, as an eviction does; another is there."""
        await self._command("evict")

    async def lose_node(self) -> None:
        """Kills a node with the replicas on it; no other replaces it."""
        await self._command("lose")

    async def replace_head(self) -> None:
        """Kills the head; a new one takes over what it knew."""
        await self._command("new-head")

    async def kill_head(self) -> None:
        """Kills the head, and all of the cluster's state with it."""
        await self._command("head")

    async def kill_replica(self, deployment: str) -> None:
        """Kills a replica of a deployment."""
        await self._command(f"kill {deployment}")

    async def redeploy(self) -> None:
        """Replaces all replicas, as a new version does; returns once the new ones are healthy."""
        for deployment in self._config["applications"][0]["deployments"]:
            deployment["ray_actor_options"]["num_cpus"] /= 2
        config = self._folder / "changed.yaml"
        config.write_text(yaml.safe_dump(self._config))
        await self._command(f"deploy {config}")

    async def _command(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await _expect(self._process, "done")


@asynccontextmanager
async def ray_cluster(
    environment: FaultEnvironment, build: Build, *, nodes: int = 1
) -> AsyncIterator[RayCluster]:
    """Runs a cluster until the block ends; raises NeverHappened when it does not start to serve.

    Each of its `nodes` has a replica of each deployment.
    """
    config = _config(build.root, nodes)
    file = environment.folder / "serve.yaml"
    file.write_text(yaml.safe_dump(config))
    settings = build.environment() | environment.process_settings()
    with (environment.folder / "cluster.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.ray_cluster_process", str(file), str(nodes),
            env={**settings, "RAY_USAGE_STATS_ENABLED": "0"},
            cwd=build.root, stdin=PIPE, stdout=PIPE, stderr=log,
        )  # fmt: skip
    try:
        await _expect(process, "serving")
        yield RayCluster(process, environment.folder, config)
    except NeverHappened as never:
        raise NeverHappened(f"{never}; {log.name}: {_tail(log.name)}") from never
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def rendering(environment: FaultEnvironment) -> None:
    """Waits until a job is being rendered, past its first step."""

    async def is_rendering() -> bool:
        return bool(
            await environment.query(
                "SELECT FROM image_generation_jobs j JOIN job_progress p ON p.job_id = j.id"
                " WHERE j.status = 'processing' AND p.attempt = j.attempt AND p.step > 1"
            )
        )

    await until(is_rendering, "something renders", START_S)


async def _expect(process: Process, word: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        answer = (await process.stdout.readline()).decode().strip()
    if answer != word:
        raise NeverHappened(f"the cluster said {answer!r}, not {word!r}")


def _tail(log: str) -> str:
    return Path(log).read_text()[-4000:]


def _config(root: Path, nodes: int) -> dict[str, Any]:
    """Returns the embedded config with the scripted diffuser and a tenth of a core per replica."""
    config: dict[str, Any] = yaml.safe_load(
        Path(os.path.realpath(root / "cluster"), "serve", "embedded.yaml").read_text()
    )
    application = config["applications"][0]
    application["import_path"] = "tests.faults.scripted_app:build"
    # Its diffuser answers for the upscaler, too.
    del application["args"]
    application["deployments"] = [
        each for each in application["deployments"] if each["name"] != "upscaler"
    ]
    for deployment in application["deployments"]:
        deployment["ray_actor_options"] = {"num_cpus": 0.1, "resources": {"replicas": 0.1}}
        deployment |= {"num_replicas": nodes, "max_replicas_per_node": 1}
    return config
