"""The gateway's process as a config of a cluster starts it, on what its image has."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.images import IMAGES, lay_out, stages
from tests.integration.swift import Swift


def here(environment: Mapping[str, str], database: str, swift: Swift) -> dict[str, str]:
    """Returns the settings of a config with this machine's servers, and ports that are free.

    Its bucket is made, if it is not there.
    """
    host = environment["IMGGEN_LISTEN"].rpartition(":")[0]
    client = swift.session.client("s3", endpoint_url=swift.endpoint_url)
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=urlsplit(environment["IMGGEN_STORAGE_URL"]).netloc)
    client.close()
    return {
        **environment,
        "IMGGEN_DATABASE_URL": database,
        "IMGGEN_LISTEN": f"{host}:0",
        "IMGGEN_HTTP_PORT": "0",
        "IMGGEN_METRICS_PORT": "0",
        "IMGGEN_STORAGE_ENDPOINT_URL": swift.endpoint_url,
        "AWS_ACCESS_KEY_ID": swift.access_key,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


async def start_and_stop(
    environment: Mapping[str, str], folder: Path
) -> tuple[int, list[dict[str, str]]]:
    """Runs the gateway on what its image has, asks for its health, and stops it.

    Returns its exit status and its log; a line that is no JSON is the event of one.
    """
    app, ready = folder / "app", folder / "ready.json"
    lay_out(stages((IMAGES / "Dockerfile").read_text())["gateway"], app)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--ready-file", str(ready),
        env={**environment, "PYTHONPATH": f"{app}:{app / 'client'}"}, cwd=app, stderr=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
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
