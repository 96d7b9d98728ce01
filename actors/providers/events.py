"""Server-sent events, which hosted providers stream their pictures with."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any]]:
    """Yields the events whose data is a JSON object, each with its name as `type`.

    An event's own `type` counts more. Comments, the end mark and data that is not JSON are left
    out, so that one damaged event does not lose the picture after it. The format is that of
    https://html.spec.whatwg.org/multipage/server-sent-events.html with line feeds.
    """
    name = ""
    data: list[bytes] = []
    async with aclosing(_lines(chunks)) as lines:
        async for line in lines:
            key, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if key == b"event":
                name = value.decode(errors="replace")
            elif key == b"data":
                data.append(value)
            elif not line:
                if (event := _event(name, data)) is not None:
                    yield event
                name, data = "", []
    # Some servers leave out the blank line at the end.
    if (event := _event(name, data)) is not None:
        yield event


def read_object(data: bytes) -> dict[str, Any] | None:
    """Returns the JSON object that bytes hold; None where they hold none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _event(name: str, data: list[bytes]) -> dict[str, Any] | None:
    value = read_object(b"\n".join(data))
    return None if value is None else {"type": name, **value}


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yields lines without their ends; a picture's line of some MiB comes in many chunks."""
    begun: list[bytes] = []
    async for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield b"".join([*begun, line]).rstrip(b"\r")
            begun = []
        begun.append(rest)
    if last := b"".join(begun).rstrip(b"\r"):
        yield last
