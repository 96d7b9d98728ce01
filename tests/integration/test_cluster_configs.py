"""The gateway starts with the settings that each config of a cluster gives it, and no other."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.compose import secrets, services
from tests.images import IMAGES, lay_out, stages

GATEWAY = stages((IMAGES / "Dockerfile").read_text())["gateway"]


def compose() -> dict[str, str]:
    """Returns the gateway's environment in `cluster/compose.yaml`."""
    return {
        name: str(value) for name, value in services(secrets())["gateway"]["environment"].items()
    }


@pytest.mark.parametrize("environment", [pytest.param(compose(), id="compose")])
async def test_the_gateway_starts_with_the_settings_of_a_config(
    environment: dict[str, str], database: str, tmp_path: Path
) -> None:
    lay_out(GATEWAY, tmp_path / "app")
    status, lines = await _start_and_stop(
        here(environment, database), tmp_path / "app", tmp_path / "ready.json"
    )

    assert status == 0, lines
    assert [line["event"] for line in lines if line["event"] == "listening"] == ["listening"]
    unchecked = [line for line in lines if line["event"] == "pictures not checked"]
    assert bool(unchecked) == (environment["IMGGEN_IMAGE_SAFETY"] == "none")


@pytest.mark.parametrize(
    "name", ["IMGGEN_JWT_SECRET", "IMGGEN_SERVE_UNCHECKED_PICTURES", "IMGGEN_STORAGE_URL"]
)
async def test_the_gateway_does_not_start_without_one_of_them(
    name: str, database: str, tmp_path: Path
) -> None:
    lay_out(GATEWAY, tmp_path / "app")
    environment = here(compose(), database)
    del environment[name]
    status, lines = await _start_and_stop(environment, tmp_path / "app", tmp_path / "ready.json")

    assert status == 2
    assert any(name in line["event"] for line in lines)


def here(environment: Mapping[str, str], database: str) -> dict[str, str]:
    """Returns the settings of a config with this machine's database, and ports that are free."""
    host = environment["IMGGEN_LISTEN"].rpartition(":")[0]
    return {
        **environment,
        "IMGGEN_DATABASE_URL": database,
        "IMGGEN_LISTEN": f"{host}:0",
        "IMGGEN_HTTP_PORT": "0",
        "IMGGEN_METRICS_PORT": "0",
    }


async def _start_and_stop(
    environment: Mapping[str, str], app: Path, ready: Path
) -> tuple[int, list[dict[str, str]]]:
    """Runs the gateway as its image does, asks for its health, and returns how it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--ready-file", str(ready),
        env={**environment, "PYTHONPATH": f"{app}:{app / 'client'}"}, cwd=app, stderr=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not ready.exists() and process.returncode is None:
                await asyncio.sleep(0.02)
        if ready.exists():
            await _expect_serving(json.loads(ready.read_text())["grpc"])
            process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, [_line(line) for line in log.decode().splitlines()]


async def _expect_serving(address: str) -> None:
    port = address.rpartition(":")[2]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def _line(text: str) -> dict[str, str]:
    line: dict[str, str] = json.loads(text) if text.startswith("{") else {"event": text}
    return line
