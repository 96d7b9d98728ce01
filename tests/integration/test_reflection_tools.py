"""What grpcurl and buf read of a running gateway: the contract with its comments, first time."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from server.edge.reflection import NAMES
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture
from tests.load_configs import ROOT

SERVICES = {
    *NAMES,
    "grpc.health.v1.Health",
    *(
        f"imggen.v1.{noun}Service"
        for noun in (
            *("Admin", "Batch", "Budget", "Character", "Event", "Generation", "Image", "Job"),
            *("Routing", "Story", "Style"),
        )
    ),
}


@pytest.fixture
def grpcurl() -> str:
    at_hand = str(ROOT / ".tools" / "go" / "bin")
    found = shutil.which("grpcurl", path=at_hand) or shutil.which("grpcurl")
    if found is None:
        pytest.skip("skipped: there is no grpcurl; `make load-tools` builds it, with Go")
    return found


@pytest.fixture
def buf() -> Path:
    found = ROOT / ".tools" / "protos" / "bin" / "buf"
    if not found.exists():
        pytest.skip("skipped: there is no buf; `make setup` installs it")
    return found


async def run(*command: str | Path) -> str:
    """Runs a tool, and returns what it printed."""
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


def unimplemented(gateway: GatewayFixture) -> list[str]:
    """Returns the counters of calls that the gateway did not know."""
    page = gateway.metrics.page().decode().splitlines()
    return [line for line in page if "UNIMPLEMENTED" in line]


def header(caller: Caller) -> str:
    [(key, value)] = caller.metadata
    return f"{key}: {value}"


async def test_grpcurl_lists_and_describes_with_comments(
    gateway: GatewayFixture, grpcurl: str
) -> None:
    listed = await run(grpcurl, "-plaintext", gateway.address, "list")
    service = await run(
        grpcurl, "-plaintext", gateway.address, "describe", "imggen.v1.JobService.RetryJob"
    )
    message = await run(grpcurl, "-plaintext", gateway.address, "describe", "imggen.v1.Job")

    assert set(listed.split()) == SERVICES
    assert "// Queues a failed or cancelled job again, with all its retries." in service
    assert "// Output only. The number of times a worker has started it." in message
    assert "field_behavior" in message
    assert unimplemented(gateway) == []


@pytest.mark.parametrize("name", NAMES)
async def test_grpcurl_describes_reflection_itself(
    name: str, gateway: GatewayFixture, grpcurl: str
) -> None:
    described = await run(grpcurl, "-plaintext", gateway.address, "describe", name)
    package = name.rpartition(".")[0]
    assert f"stream .{package}.ServerReflectionRequest" in described


async def test_grpcurl_calls_with_nothing_but_a_token(
    gateway: GatewayFixture, mia: Caller, grpcurl: str
) -> None:
    answer = await run(
        *(grpcurl, "-plaintext", "-H", header(mia)),
        *(gateway.address, "imggen.v1.StyleService/ListStyles"),
    )
    assert json.loads(answer)["styles"]
    assert unimplemented(gateway) == []


@pytest.mark.parametrize("protocol", ["grpc-v1", "grpc-v1alpha"])
async def test_buf_curl_calls_with_either_version(
    protocol: str, gateway: GatewayFixture, mia: Caller, buf: Path
) -> None:
    answer = await run(
        *(buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge"),
        *("--reflect-protocol", protocol, "--header", header(mia)),
        f"http://{gateway.address}/imggen.v1.StyleService/ListStyles",
    )
    assert json.loads(answer)["styles"]
    assert unimplemented(gateway) == []
