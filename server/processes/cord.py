"""The cord between a supervisor and one of its processes: a JSON object a line."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

LONGEST_LINE = 64 * 1024 * 1024


async def said(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """Yields what the other end says, until it has ended.

    A line that it was killed in the middle of is not whole, and is left out.
    """
    with suppress(OSError):  # as its end is told where something was not read
        while (line := await reader.readline()).endswith(b"\n"):
            yield json.loads(line)
