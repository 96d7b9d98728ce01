"""A gateway whose clock is wrong: nobody who calls notices, and operators are told."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from actors.testing.scripted import ScriptedRenderer
from cluster.embedded.processes import free_port
from imggen import Client
from server.identity.tokens import mint_token
from server.settings import DEVELOPMENT_SECRET
from tests.exported import value
from tests.faketime import FakeTime
from tests.integration.job_queue import open_job_queue, until
from tests.markdown import ROOT

NEAR = timedelta(minutes=10)


@dataclass(frozen=True)
class Wrong:
    """A running gateway whose clock is wrong, and its addresses."""

    process: Process
    grpc: str
    media: str
    metrics: str

    def client(self, ttl_s: float = 60) -> Client:
        """Returns a client with a token that is valid for so long by the real time."""
        token = mint_token(
            DEVELOPMENT_SECRET, issuer="imggen-dev", audience="imggen", subject="mia", ttl_s=ttl_s
        )
        return Client(self.grpc, token=token)

    async def skew_s(self) -> float:
        """Returns how far its clock is ahead, as it tells Prometheus."""
        async with aiohttp.ClientSession() as http:
            page = await (await http.get(f"http://{self.metrics}/metrics")).text()
        found = value(page, "imggen_clock_skew_seconds")
        assert found is not None
        return found


@asynccontextmanager
async def _gateway(database: str, folder: Path, fake: FakeTime) -> AsyncIterator[Wrong]:
    ready, port = folder / "ready.json", free_port()
    plain = {key: value for key, value in os.environ.items() if not key.startswith("IMGGEN_")}
    settings = {
        "IMGGEN_LISTEN": "127.0.0.1:0",
        "IMGGEN_HTTP_PORT": str(port),
        "IMGGEN_METRICS_PORT": "0",
        "IMGGEN_DATABASE_URL": database,
        "IMGGEN_STORAGE_URL": f"file://{folder}/pixels",
        "IMGGEN_URL_SECRET": "a-secret-of-the-tests-with-enough-bytes",
        "IMGGEN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "IMGGEN_HEALTH_INTERVAL_S": "0.1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--ready-file", str(ready),
        env={**plain, **settings, **fake.environment}, cwd=ROOT, stderr=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not ready.exists():
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.02)
        yield Wrong(process, **json.loads(ready.read_text()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _expect_right_times(gateway: Wrong) -> None:
    """Draws a picture and looks at every time that its caller gets."""
    async with gateway.client() as client, aiohttp.ClientSession() as http:
        mia = await client.create_character(name="Mia")
        soon = datetime.now(UTC) + NEAR
        job = await client.generate_portrait(mia, style="anime", complete_by=soon)
        ends = job.estimated_completion_time.ToDatetime(UTC)
        assert job.created_at.ToDatetime(UTC) < ends < soon
        image = await client.wait(job)
        expires = image.urls_expire_at.ToDatetime(UTC)
        assert abs(expires - image.completed_at.ToDatetime(UTC) - timedelta(hours=1)) < NEAR
        async with http.get(image.url) as answer:
            assert (answer.status, len(await answer.read()) > 0) == (200, True)
            assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
async def test_callers_of_a_gateway_whose_clock_is_an_hour_off_do_not_notice(
    database: str, tmp_path: Path, offset: str
) -> None:
    fake = FakeTime(tmp_path)
    fake.set_to(offset)
    seconds = float(f"{offset[0]}3600")
    async with (
        asyncio.timeout(90),
        open_job_queue(database, tmp_path / "pixels") as queue,
        queue.worker(ScriptedRenderer()),
        _gateway(database, tmp_path, fake) as gateway,
    ):
        await _expect_right_times(gateway)
        assert abs(await gateway.skew_s() - seconds) < 60
        # While it runs the clock is set right, and then wrong in the other direction.
        for again in ("+0h", f"{'-' if offset[0] == '+' else '+'}1h"):
            fake.set_to(again)
            await _expect_right_times(gateway)

        async def noticed() -> bool:
            return abs(await gateway.skew_s() + seconds) < 60

        await until(noticed)
        gateway.process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(gateway.process.communicate(), 30)
    lines = [json.loads(line) for line in log.decode().splitlines()]
    told = [line for line in lines if line["event"].startswith("clock is")]
    assert [line["event"] for line in told[:1]] == ["clock is off"]
    assert abs(told[0]["ahead_s"] - seconds) < 60
    assert len(told) <= 3
