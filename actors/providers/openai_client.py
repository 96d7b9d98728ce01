"""The client of OpenAI's APIs: whatever it is asked, it sends once, to one host."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
import openai

# The SDK passes on what its transport raises while a body is read.
BROKEN_OFF = (openai.OpenAIError, httpx2.HTTPError, anyio.EndOfStream, OSError)
"""What a call raises that gets no whole answer of status 200."""


@asynccontextmanager
async def open_client(
    base_url: str, api_key: str, *, timeout_s: float, connect_timeout_s: float
) -> AsyncIterator[openai.AsyncOpenAI]:
    """Yields a client that never retries, since every call costs money."""
    timeout = httpx2.Timeout(timeout_s, connect=connect_timeout_s, pool=connect_timeout_s)
    # A connection serves one call: on a second one, an answer that was sent twice would be taken
    # for the next caller's (httpx2 2.16), and a call after the server's own timeout would be lost.
    limits = httpx2.Limits(max_keepalive_connections=0)
    # No redirects: they would carry prompts and portraits to another host.
    async with (
        httpx2.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False) as http,
        openai.AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0, http_client=http
        ) as client,
    ):
        # The SDK takes these from OPENAI_ORG_ID and OPENAI_PROJECT_ID; a key has its own already.
        client.organization = client.project = None
        yield client
