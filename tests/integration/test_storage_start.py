"""The gateway's start on storages that do not work: it ends, or waits, and says why."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.swift import ACCESS_KEY, Swift
from tests.small_disk import fill, small_disk

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0


async def closed_port() -> int:
    """Returns a port at which nothing listens."""
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        return int(server.sockets[0].getsockname()[1])


async def start(database: str, storage: Mapping[str, str]) -> Process:
    """Starts a gateway."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server"),
        env={
            **own,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}",
            "IMGGEN_DATABASE_URL": database,
            "IMGGEN_LISTEN": "127.0.0.1:0",
            "IMGGEN_HTTP_PORT": "0",
            "IMGGEN_METRICS_PORT": "0",
            **storage,
        },
        cwd=ROOT,
        stderr=PIPE,
    )


async def ended(process: Process) -> tuple[int, list[str]]:
    """Returns the exit status of a gateway, and its lines, once it has ended by itself."""
    try:
        _, log = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, log.decode().splitlines()


def bucket(endpoint_url: str, name: str = "none", **changes: str) -> dict[str, str]:
    return {
        "IMGGEN_STORAGE_URL": f"s3://{name}/live",
        "IMGGEN_STORAGE_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        **changes,
    }


def folder(root: Path) -> dict[str, str]:
    return {
        "IMGGEN_STORAGE_URL": root.as_uri(),
        "IMGGEN_URL_SECRET": "s" * 32,
        "IMGGEN_PUBLIC_URL": "http://127.0.0.1:8080",
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "404: there is no such bucket; create it, or correct IMGGEN_STORAGE_URL"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
        ({"AWS_ACCESS_KEY_ID": ""}, "NoCredentialsError"),
    ],
)
async def test_a_bucket_that_refuses_ends_the_start_with_one_line(
    database: str, swift: Swift, tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    none = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "no")}
    settings = bucket(swift.endpoint_url, **none, **changes)
    if not settings["AWS_ACCESS_KEY_ID"]:
        del settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
    status, lines = await ended(await start(database, settings))
    [line] = lines
    assert status == 2
    assert line.startswith(f"error: storage: could not use s3://none/live at {swift.endpoint_url}")
    assert why in line


async def test_a_full_disk_ends_the_start_and_is_no_wrong_setting(
    database: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        fill(disk)
        status, lines = await ended(await start(database, folder(disk)))
    [line] = lines
    assert status == 1
    assert "No space left on device); make room" in line


async def test_a_server_that_is_away_is_waited_for_until_the_gateway_is_stopped(
    database: str,
) -> None:
    process = await start(database, bucket(f"http://127.0.0.1:{await closed_port()}"))
    assert process.stderr is not None
    line = await asyncio.wait_for(process.stderr.readline(), DEADLINE_S)
    assert b"waiting for the storage" in line
    assert b"EndpointConnectionError" in line
    process.send_signal(signal.SIGTERM)
    status, lines = await ended(process)
    assert status == 0
    assert "listening" not in "".join(lines)
    assert "stopped" in lines[-1]
