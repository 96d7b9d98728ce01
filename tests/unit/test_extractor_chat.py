"""The chat extractor against a server with the API's wire protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from actors.extractors import ExtractionFailed, FallbackExtractor, PlainExtractor, open_extractor
from actors.extractors.base import MAX_WORDS, SceneExtractor
from actors.extractors.chat import open_chat
from actors.settings import ExtractorSettings
from tests.unit.content import character

PAGE = 'Mia ran into the forest at night. "Wait!" cried Tom.'

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class ChatServer:
    """A server of /v1/chat/completions that keeps its requests."""

    content: str | None = "Mia runs through a dark forest."
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    choices: int = 1
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        self.keys.append(request.headers["Authorization"])
        if self.status != 200:
            error = {"error": {"message": "no", "type": "error", "code": None, "param": None}}
            return web.json_response(error, status=self.status, headers=self.headers)
        message = {"role": "assistant", "content": self.content, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": self.requests[-1]["model"],
            "choices": [choice] * self.choices,
            "usage": {"prompt_tokens": 90, "completion_tokens": 9, "total_tokens": 99},
        }
        return web.json_response(answer)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


@asynccontextmanager
async def asking(handler: Handler, timeout_s: float = 30.0) -> AsyncIterator[SceneExtractor]:
    async with (
        served(handler) as url,
        open_chat(base_url=url, api_key="k-1", model="small", timeout_s=timeout_s) as extractor,
    ):
        yield extractor


async def test_the_models_answer_is_the_scene() -> None:
    server = ChatServer()
    async with asking(server.complete) as extractor:
        assert await extractor.scene(PAGE, [character("Mia"), character("Tom")]) == server.content
    (request,) = server.requests
    assert request["model"] == "small"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert request["messages"][1]["content"] == f"Characters: Mia, Tom\n\nPage:\n{PAGE}"
    assert server.keys == ["Bearer k-1"]


async def test_an_empty_page_is_not_sent() -> None:
    server = ChatServer()
    async with asking(server.complete) as extractor:
        assert await extractor.scene(" \n", []) == ""
    assert server.requests == []


async def test_a_long_answer_is_cut_to_the_limit_of_a_scene() -> None:
    async with asking(ChatServer(content="word " * 500).complete) as extractor:
        assert len((await extractor.scene(PAGE, [])).split()) == MAX_WORDS


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_an_error_is_raised_after_one_call(status: int) -> None:
    server = ChatServer(status=status, headers={"Retry-After": "0"})
    async with asking(server.complete) as extractor:
        with pytest.raises(ExtractionFailed, match=f"answered {status}"):
            await extractor.scene(PAGE, [])
    assert len(server.requests) == 1


@pytest.mark.parametrize(("content", "choices"), [(None, 1), ("  ", 1), ("a scene", 0)])
async def test_an_answer_without_words_is_an_error(content: str | None, choices: int) -> None:
    async with asking(ChatServer(content=content, choices=choices).complete) as extractor:
        with pytest.raises(ExtractionFailed, match="has no text"):
            await extractor.scene(PAGE, [])


async def test_a_server_that_never_answers_times_out() -> None:
    release = asyncio.Event()

    async def stall(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    async with asking(stall, timeout_s=0.05) as extractor:
        with pytest.raises(ExtractionFailed, match="did not answer in time"):
            await extractor.scene(PAGE, [])
        release.set()


async def test_a_server_that_is_not_there_is_an_error() -> None:
    async with served(ChatServer().complete) as url:
        gone = url
    async with open_chat(base_url=gone, api_key="k", model="m", timeout_s=5.0) as extractor:
        with pytest.raises(ExtractionFailed, match="was not called"):
            await extractor.scene(PAGE, [])


async def test_the_plain_extractor_replaces_a_failing_model() -> None:
    async with asking(ChatServer(status=500).complete) as chat:
        extractor = FallbackExtractor(chat, PlainExtractor())
        assert await extractor.scene(PAGE, []) == "Mia ran into the forest at night."


async def test_the_settings_choose_the_extractor(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_extractor(ExtractorSettings()) as extractor:
        assert isinstance(extractor, PlainExtractor)
    server = ChatServer()
    async with served(server.complete) as url:
        monkeypatch.setenv("IMGGEN_EXTRACTOR", "chat")
        monkeypatch.setenv("IMGGEN_CHAT_API_KEY", "k-2")
        monkeypatch.setenv("IMGGEN_CHAT_BASE_URL", url)
        async with open_extractor(ExtractorSettings()) as extractor:
            assert await extractor.scene(PAGE, []) == server.content
    assert server.keys == ["Bearer k-2"]
