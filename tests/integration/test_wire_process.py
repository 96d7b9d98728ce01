"""`python -m tests.wire` as a demonstration runs it, in a process of its own."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
LEAST = {"model": "gpt-image-2.5-flare", "prompt": "A hill", "size": "1024x640"}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_told_to_end(
    tmp_path: Path, end: signal.Signals
) -> None:
    command = [sys.executable, "-m", "tests.wire", "--api-key", "sk-own", "--then", "overloaded"]
    command += ["--port-file", str(tmp_path / "port")]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    assert process.stdout
    line = (await process.stdout.readline()).decode()
    url = (re.findall(r"http://\S+/v1", line) or [""])[0]
    assert f":{(tmp_path / 'port').read_text().strip()}/" in url
    headers = {"authorization": "Bearer sk-own"}
    async with aiohttp.ClientSession(headers=headers) as http:
        statuses = []
        for _ in range(2):
            async with http.post(f"{url}/images/generations", json=LEAST) as response:
                statuses.append(response.status)
    process.send_signal(end)
    assert await process.wait() == 0
    assert statuses == [503, 200]
