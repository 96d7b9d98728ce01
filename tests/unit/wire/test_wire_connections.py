"""Pauses and connections that a test scripts."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import openai
import pytest

from tests.unit.wire.calls import PARTIAL, SMALL, STREAMED, generate, sdk
from tests.wire.behaviours import Place, slow
from tests.wire.records import Journal, Outcome
from tests.wire.server import WireServer, closed_url


@pytest.mark.parametrize("fields", [SMALL, STREAMED], ids=["whole", "streamed"])
@pytest.mark.parametrize("place", Place)
async def test_a_connection_is_cut(wire: WireServer, place: Place, fields: Any) -> None:
    wire.script.then(f"cut_{place}")
    with pytest.raises(aiohttp.ClientError):
        await generate(wire, fields)
    (entry,) = wire.journal.accepted
    assert entry.outcome is Outcome.CUT
    assert (entry.usage is None) == (place is Place.BEFORE_HEADERS)


async def test_a_cut_after_the_first_events_leaves_them(wire: WireServer) -> None:
    wire.script.then("cut_between_events")
    with sdk(wire) as client:
        stream = client.images.generate(**SMALL, stream=True, partial_images=2)
        received: list[str] = []
        with pytest.raises(openai.APIConnectionError):
            received.extend(event.type for event in stream)
    assert received == [PARTIAL, PARTIAL]


async def until(wire: WireServer, holds: Callable[[Journal], bool]) -> None:
    """Waits without blocking the loop."""

    assert await asyncio.to_thread(wire.journal.wait, holds)


@pytest.mark.parametrize("fields", [SMALL, STREAMED], ids=["whole", "streamed"])
@pytest.mark.parametrize("place", Place)
async def test_a_pause_ends_once_it_is_released(
    wire: WireServer, place: Place, fields: Any
) -> None:
    wire.script.then(slow(place))
    call = asyncio.create_task(generate(wire, fields))
    await until(wire, lambda journal: bool(journal.accepted))
    (paused,) = wire.journal.accepted
    assert paused.outcome is Outcome.OPEN
    assert not call.done()
    wire.release()
    assert (await call).status == 200
    (ended,) = wire.journal.accepted
    assert ended.outcome is Outcome.ANSWERED


async def test_a_pause_lasts_until_then_while_others_are_answered(wire: WireServer) -> None:
    wire.script.then(slow(Place.BETWEEN_EVENTS))
    call = asyncio.create_task(generate(wire, SMALL))
    await until(wire, lambda journal: bool(journal.accepted))
    statuses = [(await generate(wire, SMALL)).status for _ in range(2)]
    outcomes = [entry.outcome for entry in wire.journal.accepted]
    wire.release()
    assert statuses == [200, 200]
    assert outcomes == [Outcome.OPEN, Outcome.ANSWERED, Outcome.ANSWERED]
    assert (await call).status == 200


async def test_a_pause_may_have_an_end_of_its_own(wire: WireServer) -> None:
    wire.script.then(slow(Place.IN_BODY, 0.01))
    assert (await generate(wire, SMALL)).status == 200


async def test_a_client_that_leaves_is_noted(wire: WireServer) -> None:
    wire.script.then(slow(Place.BEFORE_HEADERS))
    call = asyncio.create_task(generate(wire, SMALL))
    await until(wire, lambda journal: bool(journal.accepted))
    call.cancel()
    await until(wire, lambda journal: journal.accepted[0].outcome is Outcome.CLIENT_LEFT)


def test_a_clients_timeout_is_met_before_the_headers(wire: WireServer) -> None:
    wire.script.then(slow(Place.BEFORE_HEADERS))
    with sdk(wire) as client, pytest.raises(openai.APITimeoutError):
        client.images.generate(**SMALL, timeout=0.05)


async def test_an_answer_is_sent_twice(wire: WireServer) -> None:
    wire.script.then("twice")
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    body = json.dumps(SMALL).encode()
    head = [
        "POST /v1/images/generations HTTP/1.1",
        f"host: 127.0.0.1:{wire.port}",
        f"authorization: Bearer {wire.api_key}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    first, again = [await one_answer(reader) for _ in range(2)]
    assert first == again
    assert json.loads(first)["data"]
    writer.close()
    await writer.wait_closed()


async def one_answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(line for line in head.splitlines() if line.startswith("content-length:"))
    return await reader.readexactly(int(length.partition(":")[2]))


async def test_a_closed_port_refuses_connections() -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(closed_url())
