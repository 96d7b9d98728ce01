"""Errors of OpenAI: each is one kind of failure, as the table of failover has them."""

import asyncio
import socket
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from actors.providers.base import ProviderFailed
from actors.providers.delays import UNTOLD
from server.routing.failover import FailureKind
from tests.unit.hosted import FLARE, draw, provider, watched
from tests.unit.images_server import (
    Answering,
    answering,
    event,
    refusing,
    serving,
    stalling,
    streaming,
)

MODEL = FLARE.sent_as
HTML = "<html><body>502 Bad Gateway</body></html>"
BLOCKED: dict[str, Any] = {
    "message": "Your request was rejected by the safety system. safety_violations=[violence].",
    "type": "image_generation_user_error",
    "code": "moderation_blocked",
}
LIMITED: dict[str, Any] = {
    "message": "Rate limit reached for gpt-image-2 on input-images per min: Limit 5, Used 5, "
    "Requested 1. Please try again in 12s.",
    "type": "input-images",
    "code": "rate_limit_exceeded",
}
GONE: dict[str, Any] = {
    "message": f"The model '{MODEL}' does not exist.",
    "type": "image_generation_user_error",
    "code": "invalid_value",
}


async def failed_by(answer: Answering, *, streamed: bool = False) -> ProviderFailed:
    async with serving(answer) as server:
        with pytest.raises(ProviderFailed) as failed:
            await draw(server.url, progress=watched() if streamed else None)
    return failed.value


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, BLOCKED, FailureKind.MODERATED_OUTPUT),
        (400, {"code": "content_policy_violation"}, FailureKind.MODERATED_OUTPUT),
        (400, {"code": "contentFilter"}, FailureKind.MODERATED_OUTPUT),
        (400, {"code": "billing_hard_limit_reached"}, FailureKind.ACCOUNT_STOPPED),
        (429, {"code": "insufficient_quota"}, FailureKind.ACCOUNT_STOPPED),
        (429, {"type": "insufficient_quota"}, FailureKind.ACCOUNT_STOPPED),
        (401, {"code": "invalid_api_key"}, FailureKind.ACCOUNT_STOPPED),
        (401, {}, FailureKind.ACCOUNT_STOPPED),
        (402, {}, FailureKind.ACCOUNT_STOPPED),
        (403, {"code": "unsupported_country_region_territory"}, FailureKind.ACCOUNT_STOPPED),
        (403, {"code": "model_not_found"}, FailureKind.MODEL_GONE),
        (404, {"code": "model_not_found"}, FailureKind.MODEL_GONE),
        (400, {"code": "model_not_found"}, FailureKind.MODEL_GONE),
        (400, GONE, FailureKind.MODEL_GONE),
        (400, GONE | {"param": "model", "message": f"Bad '{MODEL}'"}, FailureKind.MODEL_GONE),
        (404, GONE | {"code": None}, FailureKind.MODEL_GONE),
        (400, GONE | {"param": "size"}, FailureKind.REFUSED),
        (400, GONE | {"message": "Invalid value: '1x1'"}, FailureKind.REFUSED),
        (400, GONE | {"message": f"1x1 is too small for {MODEL}"}, FailureKind.REFUSED),
        (404, {}, FailureKind.REFUSED),
        (400, {}, FailureKind.REFUSED),
        (409, {}, FailureKind.REFUSED),
        (413, {}, FailureKind.REFUSED),
        (422, {}, FailureKind.REFUSED),
        (429, LIMITED, FailureKind.RATE_LIMITED),
        (429, {}, FailureKind.RATE_LIMITED),
        (408, {}, FailureKind.OUTCOME_UNKNOWN),
        (500, {}, FailureKind.OUTCOME_UNKNOWN),
        (500, BLOCKED, FailureKind.OUTCOME_UNKNOWN),
        (502, {}, FailureKind.OUTCOME_UNKNOWN),
        (503, {"code": "insufficient_quota"}, FailureKind.OUTCOME_UNKNOWN),
        (529, {}, FailureKind.OUTCOME_UNKNOWN),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_an_error_has_one_kind(
    status: int, error: dict[str, Any], kind: FailureKind, streamed: bool
) -> None:
    failed = await failed_by(refusing(status, **error), streamed=streamed)
    assert failed.kind is kind
    assert failed.request_id == "req_1"
    assert str(status) in str(failed)
    assert failed.cost_micros is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.REFUSED),
        (401, FailureKind.ACCOUNT_STOPPED),
        (403, FailureKind.ACCOUNT_STOPPED),
        (404, FailureKind.REFUSED),
        (429, FailureKind.RATE_LIMITED),
        (502, FailureKind.OUTCOME_UNKNOWN),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        *(HTML, b"", b"\xff\x00", b"{", b"[1]", b"null", {}, {"error": None}, {"error": "no"}),
        {"error": {"message": 7, "code": ["x"], "type": {}, "param": 1, "moderation_details": 3}},
    ],
)
async def test_a_body_that_is_no_error_leaves_the_status(
    status: int, kind: FailureKind, body: object
) -> None:
    assert (await failed_by(answering(body, status))).kind is kind


@pytest.mark.parametrize(
    ("details", "kind", "stage", "categories"),
    [
        (
            {"moderation_stage": "input", "categories": ["violence/graphic", "self-harm"]},
            FailureKind.MODERATED,
            "input",
            ("violence/graphic", "self-harm"),
        ),
        (
            {"moderation_stage": "output", "categories": ["sexual"]},
            FailureKind.MODERATED_OUTPUT,
            "output",
            ("sexual",),
        ),
        (
            {"moderation_stage": "unknown", "categories": []},
            FailureKind.MODERATED_OUTPUT,
            "unknown",
            (),
        ),
        ({"moderation_stage": 7}, FailureKind.MODERATED_OUTPUT, "unknown", ("violence",)),
        (None, FailureKind.MODERATED_OUTPUT, "unknown", ("violence",)),
        (
            {"moderation_stage": "input", "categories": ["a prompt with spaces", 7, "hate"]},
            FailureKind.MODERATED,
            "input",
            ("hate",),
        ),
    ],
)
async def test_moderation_says_its_stage_and_categories(
    details: object, kind: FailureKind, stage: str, categories: tuple[str, ...]
) -> None:
    failed = await failed_by(refusing(400, **BLOCKED, moderation_details=details))
    assert (failed.kind, failed.stage, failed.categories) == (kind, stage, categories)


@pytest.mark.parametrize(
    ("headers", "message", "delay"),
    [
        ({"retry-after-ms": "40"}, "", timedelta(milliseconds=40)),
        ({"retry-after": "7"}, "try again in 12s", timedelta(seconds=7)),
        (
            {"x-ratelimit-reset-images": "6m0s", "x-ratelimit-remaining-images": "0"},
            "",
            timedelta(minutes=6),
        ),
        ({}, "Please try again in 12s.", timedelta(seconds=12)),
        ({}, "", UNTOLD),
    ],
)
async def test_a_limit_says_how_long_to_wait(
    headers: dict[str, str], message: str, delay: timedelta
) -> None:
    failed = await failed_by(refusing(429, headers, **LIMITED | {"message": message}))
    assert (failed.kind, failed.delay) == (FailureKind.RATE_LIMITED, delay)


async def test_only_a_limit_has_a_delay() -> None:
    assert (await failed_by(refusing(503, {"retry-after": "7"}))).delay is None


async def test_a_request_that_is_our_fault_is_logged_as_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await failed_by(refusing(400, code="invalid_value", param="size", message="the prompt"))
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert (record.message, vars(record)["status"]) == ("request refused", 400)
    assert (vars(record)["code"], vars(record)["param"]) == ("invalid_value", "size")
    assert vars(record)["request_id"] == "req_1"
    caplog.clear()
    await failed_by(refusing(429))
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BLOCKED | {"moderation_details": {"moderation_stage": "input"}}, FailureKind.MODERATED),
        (BLOCKED, FailureKind.MODERATED_OUTPUT),
        ({"code": "insufficient_quota"}, FailureKind.ACCOUNT_STOPPED),
        ({"code": "model_not_found"}, FailureKind.MODEL_GONE),
        (LIMITED, FailureKind.RATE_LIMITED),
        ({"code": "server_error", "message": "oops"}, FailureKind.OUTCOME_UNKNOWN),
        ({"message": "oops"}, FailureKind.OUTCOME_UNKNOWN),
        ("oops", FailureKind.OUTCOME_UNKNOWN),
    ],
)
async def test_an_error_inside_a_good_answer_has_its_kind(error: Any, kind: FailureKind) -> None:
    for parts in (event("error", error=error), event("image_generation.failed", error=error)):
        assert (await failed_by(streaming(parts), streamed=True)).kind is kind
    assert (await failed_by(answering({"error": error}))).kind is kind


async def test_an_error_event_may_be_flat() -> None:
    flat = event("error", code="moderation_blocked", message="no")
    assert (await failed_by(streaming(flat), streamed=True)).kind is FailureKind.MODERATED_OUTPUT


async def test_a_closed_port_was_never_sent_to() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderFailed, match="nothing was sent") as failed:
            await draw(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert failed.value.kind is FailureKind.NOT_CONNECTED


async def test_a_host_that_does_not_exist_was_never_sent_to() -> None:
    with pytest.raises(ProviderFailed) as failed:
        await draw("http://no-such-host.invalid/v1")
    assert failed.value.kind is FailureKind.NOT_CONNECTED


async def test_a_failed_handshake_was_never_sent_to() -> None:
    async with serving(answering({})) as server:
        with pytest.raises(ProviderFailed) as failed:
            await draw(server.url.replace("http://", "https://"))
    assert failed.value.kind is FailureKind.NOT_CONNECTED
    assert server.requests == []


async def test_a_handshake_that_never_ends_was_never_sent_to() -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        writer.close()
        gone.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(ProviderFailed) as failed:
            await draw(f"https://127.0.0.1:{port}/v1", openai_connect_timeout_s=0.05)
        await gone.wait()
    assert failed.value.kind is FailureKind.NOT_CONNECTED


@pytest.mark.parametrize("streamed", [False, True])
async def test_silence_after_the_request_has_an_unknown_outcome(streamed: bool) -> None:
    left = asyncio.Event()
    async with serving(stalling(left)) as server:
        progress = watched() if streamed else None
        with pytest.raises(ProviderFailed, match="may be billed") as failed:
            await draw(server.url, progress=progress, openai_timeout_s=0.3)
        # On a busy machine the caller may leave before its request is read.
        if server.requests:
            await left.wait()
    assert failed.value.kind is FailureKind.OUTCOME_UNKNOWN


async def test_a_stream_that_only_keeps_alive_ends_in_time() -> None:
    async def chatter(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b": keep-alive\n\n")
            await asyncio.sleep(0.01)

    async with serving(chatter) as server:
        with pytest.raises(ProviderFailed) as failed:
            await draw(server.url, progress=watched(), openai_timeout_s=0.3)
    assert failed.value.kind is FailureKind.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusing(401), FailureKind.ACCOUNT_STOPPED),
        (refusing(404, code="model_not_found"), FailureKind.MODEL_GONE),
        (refusing(503), FailureKind.OUTCOME_UNKNOWN),
        (answering(HTML), FailureKind.OUTCOME_UNKNOWN),
    ],
)
async def test_a_probe_fails_as_a_call_would(answer: Answering, kind: FailureKind) -> None:
    async with serving(answer) as server, provider(server.url) as drawing:
        with pytest.raises(ProviderFailed) as failed:
            await drawing.probe()
    assert failed.value.kind is kind
