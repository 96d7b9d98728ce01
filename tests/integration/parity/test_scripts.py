"""Scripts of calls that depend on each other, on both sides."""

from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from imggen.status import error_of
from imggen.testing import FakeService
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.parity import drawing_scripts, library_scripts, routing_scripts
from tests.integration.parity.comparison import Script, differences
from tests.integration.parity.sides import FakeSide, RealSide, Seen, Side

SCRIPTS = (*library_scripts.SCRIPTS, *drawing_scripts.SCRIPTS, *routing_scripts.SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
async def test_both_services_say_the_same(database: str, tmp_path: Path, script: Script) -> None:
    found = await differences(database, tmp_path, script)
    assert not found, "\n".join(found)


async def test_both_services_refuse_a_call_without_a_token_and_an_unknown_method(
    gateway: GatewayFixture,
) -> None:
    async with FakeService(token="secret") as fake:
        sides: list[Side] = [RealSide(gateway), FakeSide(fake)]
        seen = []
        for side in sides:
            side.metadata = ()
            script = Seen(side)
            await script.call("StyleService.ListStyles")
            side.metadata = (("authorization", "Basic secret"),)
            await script.call("JobService.WatchJob")
            unknown: Any = side.channel.unary_unary("/imggen.v1.StyleService/Paint")
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await unknown(b"")
            error = error_of(raised.value, method="Paint", target="", timeout=None)
            script.note("Paint", (error.message, error.reason, error.metadata))
            seen.append(script.answers)
        await sides[1].channel.close()
    assert seen[0] == seen[1]
