"""Streams and usages that a test scripts."""

import json
import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.unit.wire.calls import COMPLETED, PARTIAL, SMALL, STREAMED, events, generate, sdk
from tests.wire.server import WireServer
from tests.wire.usage import Usage, UsageFault

PROGRESS = ["image_generation.progress", "ping"]
STREAMS = [
    ("good", [PARTIAL, PARTIAL, COMPLETED]),
    ("stream_completed_early", [PARTIAL, COMPLETED, PARTIAL]),
    ("stream_completed_twice", [PARTIAL, PARTIAL, COMPLETED, COMPLETED]),
    ("stream_completed_late", [PARTIAL, PARTIAL, COMPLETED, PARTIAL, COMPLETED]),
    ("stream_no_completed", [PARTIAL, PARTIAL]),
    ("stream_fewer_partials", [PARTIAL, COMPLETED]),
    (
        "stream_unknown_events",
        [*PROGRESS, PARTIAL, *PROGRESS, PARTIAL, *PROGRESS, COMPLETED],
    ),
    ("stream_comments", [PARTIAL, PARTIAL, COMPLETED]),
    ("stream_error_event", [PARTIAL, PARTIAL, "error"]),
]


@pytest.mark.parametrize(("name", "types"), STREAMS)
async def test_a_stream_is_out_of_order(wire: WireServer, name: str, types: list[str]) -> None:
    wire.script.then(name)
    answer = await generate(wire, STREAMED)
    assert [event["type"] for event in events(answer)] == types
    assert (b": keepalive" in answer.body) == (name in ("stream_comments", "stream_completed_late"))
    (entry,) = wire.journal.accepted
    assert entry.usage
    if name not in ("stream_no_completed", "stream_error_event"):
        first = next(event for event in events(answer) if event["type"] == COMPLETED)
        assert first["usage"]["output_tokens"] == entry.usage.output


async def test_a_late_end_has_another_picture_and_another_usage(wire: WireServer) -> None:
    wire.script.then("stream_completed_late")
    first, last = (
        event for event in events(await generate(wire, STREAMED)) if event["type"] == COMPLETED
    )
    assert first["b64_json"] != last["b64_json"]
    assert last["usage"]["output_tokens"] == 2 * first["usage"]["output_tokens"]


def test_a_stream_ends_in_garbage(wire: WireServer) -> None:
    wire.script.then("stream_garbage_event")
    with sdk(wire) as client, pytest.raises(json.JSONDecodeError):
        list(client.images.generate(**SMALL, stream=True))


def test_an_error_in_a_stream_is_one_of_the_sdk(wire: WireServer) -> None:
    wire.script.then("stream_error_event")
    with sdk(wire) as client, pytest.raises(openai.APIError) as caught:
        list(client.images.generate(**SMALL, stream=True))
    assert caught.value.code == "moderation_blocked"


def numbers(value: object) -> Iterator[Any]:
    """Yields all that is no object, at any depth."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    else:
        yield value


def fits(fault: UsageFault, told: dict[str, Any], true: Usage) -> bool:
    """Returns whether an answer's usage is as the fault has it."""
    usage = told.get("usage")
    if fault is UsageFault.MISSING or fault is UsageFault.NULL:
        return usage is None and ("usage" in told) == (fault is UsageFault.NULL)
    if fault is UsageFault.NAN:
        return all(math.isnan(number) for number in numbers(usage))
    if fault is UsageFault.NEGATIVE:
        return all(int(number) < 0 for number in numbers(usage))
    if fault is UsageFault.STRINGS:
        return all(isinstance(number, str) for number in numbers(usage))
    assert isinstance(usage, dict)
    if fault is UsageFault.ZERO:
        return not any(numbers(usage))
    if fault is UsageFault.HUGE:
        return bool(usage["output_tokens"] == 100 * true.output)
    if fault is UsageFault.NO_DETAILS:
        return set(usage) == {"input_tokens", "output_tokens", "total_tokens"}
    details = usage["output_tokens_details"]
    if fault is UsageFault.EMPTY_OUTPUT_DETAILS:
        return bool(details == {} and usage["output_tokens"] == true.output)
    return bool(details["image_tokens"] == true.output)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("fault", UsageFault)
async def test_a_usage_is_wrong(wire: WireServer, fault: UsageFault, streamed: bool) -> None:
    wire.script.then(f"usage_{fault}")
    answer = await generate(wire, STREAMED if streamed else SMALL)
    told = events(answer)[-1] if streamed else answer.json
    (entry,) = wire.journal.accepted
    assert entry.usage
    assert entry.usage.output > 0
    assert fits(fault, told, entry.usage)
