"""The wire server's command, and its routes for another process."""

from typing import Any

import aiohttp
import pytest

from tests.unit.wire.calls import MIA, SMALL, edit, generate
from tests.wire.__main__ import main
from tests.wire.behaviours import BEHAVIOURS
from tests.wire.server import WireServer


async def admin(wire: WireServer, method: str, path: str, **options: Any) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {wire.api_key}"}
    async with (
        aiohttp.ClientSession(wire.origin, headers=headers) as http,
        http.request(method, f"/wire/{path}", **options) as response,
    ):
        return response.status, await response.json()


async def test_another_process_scripts_it(wire: WireServer) -> None:
    told = {"then": ["rate_limit"], "always": "no_quota", "model": "gpt-image-2"}
    assert await admin(wire, "POST", "behaviours", json=told) == (200, {"left": 1})
    two = SMALL | {"model": "gpt-image-2"}
    codes = [(await generate(wire, two)).error["code"] for _ in range(2)]
    assert codes == ["rate_limit_exceeded", "insufficient_quota"]
    assert await admin(wire, "DELETE", "behaviours") == (200, {"left": 0})
    assert (await generate(wire, two)).status == 200


@pytest.mark.parametrize(
    "told",
    [{"then": ["nonsense"]}, {"always": "x"}, {"on": ["dance"]}, {"never": 1}, [], {"then": 7}],
)
async def test_a_script_that_is_wrong_is_refused(wire: WireServer, told: Any) -> None:
    status, answer = await admin(wire, "POST", "behaviours", json=told)
    assert status == 400
    assert answer["error"]["message"]


async def test_another_process_reads_what_was_received(wire: WireServer) -> None:
    await edit(wire, list(SMALL.items()), [MIA])
    await generate(wire, SMALL | {"seed": 7})
    _, told = await admin(wire, "GET", "requests")
    (accepted,), (refused,) = told["accepted"], told["refused"]
    assert accepted["fields"] == SMALL
    assert accepted["parts"][0]["file_name"] == "mia.png"
    assert accepted["usage"]["input_tokens_details"]["image_tokens"] == 1000
    assert accepted["cost_micros"] == wire.journal.accepted[0].cost_micros > 8000
    assert refused["fields"]["seed"] == 7
    assert wire.api_key not in str(told)


async def test_another_process_reads_the_names(wire: WireServer) -> None:
    _, names = await admin(wire, "GET", "behaviours")
    assert names == {name: one.about for name, one in BEHAVIOURS.items()}


async def test_another_process_ends_a_pause(wire: WireServer) -> None:
    assert await admin(wire, "POST", "release") == (200, {})


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    told = capsys.readouterr().out
    assert "curl http://127.0.0.1:8123/v1/images/generations" in told
    assert all(name in told for name in BEHAVIOURS)


@pytest.mark.parametrize(
    "arguments", [["--then", "x"], ["--always", "gpt-image-2=x"], ["--port", "high"]]
)
def test_a_wrong_argument_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert arguments[-1].rpartition("=")[2] in capsys.readouterr().err


def test_a_port_in_use_is_told(wire: WireServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(wire.port)]) == 1
    assert f"port {wire.port}: " in capsys.readouterr().err
