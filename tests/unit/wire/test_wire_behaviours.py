"""What a test scripts: errors, garbage, pauses, cut connections, usage and streams."""

import base64
import binascii
import dataclasses

import aiohttp
import pytest
from PIL import UnidentifiedImageError

from tests.unit.wire.calls import MIA, SMALL, Answer, edit, generate, get, opened
from tests.wire import errors
from tests.wire.answers import NOT_BASE64
from tests.wire.behaviours import BEHAVIOURS, GOOD, Behaviour, Place, failing
from tests.wire.contract import Operation
from tests.wire.errors import Reply
from tests.wire.pictures import PictureFault
from tests.wire.records import Outcome
from tests.wire.script import HEADER
from tests.wire.server import WireServer
from tests.wire.usage import UsageFault

STREAMED = {**SMALL, "stream": True, "partial_images": 2}

ERRORS = [
    ("model_not_found", 404, "model_not_found", "gpt-image-2.5-flare"),
    ("model_retired", 400, "invalid_value", "does not exist."),
    ("moderation_input", 400, "moderation_blocked", "safety_violations=[violence, self-harm]"),
    ("moderation_output", 400, "moderation_blocked", "safety_violations=[sexual]"),
    ("moderation_unknown", 400, "moderation_blocked", "safety_violations=[hate]"),
    ("moderation_in_words", 400, "moderation_blocked", "safety_violations=[violence]"),
    ("content_policy", 400, "content_policy_violation", "safety system"),
    ("billing_limit", 400, "billing_hard_limit_reached", "Billing hard limit"),
    ("no_quota", 429, "insufficient_quota", "current quota"),
    ("rate_limit", 429, "rate_limit_exceeded", "Rate limit reached"),
    ("rate_limit_ms", 429, "rate_limit_exceeded", "Rate limit reached"),
    ("rate_limit_in_words", 429, "rate_limit_exceeded", "Please try again in 12s."),
    ("rate_limit_in_ms", 429, "rate_limit_exceeded", "Please try again in 345ms."),
    ("rate_limit_in_minutes", 429, "rate_limit_exceeded", "Please try again in 1.5m."),
    ("rate_limit_bare", 429, "rate_limit_exceeded", "Requested 1."),
    ("invalid_key", 401, "invalid_api_key", "sk-wire-************cdef"),
    ("key_in_full", 401, "invalid_api_key", "sk-wire-0123456789abcdef"),
    ("forbidden", 403, None, "verified"),
    ("request_timeout", 408, None, "timed out"),
    ("server_error", 500, None, "had an error"),
    ("overloaded", 503, None, "overloaded"),
    ("bad_request", 400, "invalid_value", "Invalid request."),
]


@pytest.mark.parametrize(("name", "status", "code", "message"), ERRORS)
async def test_an_error_is_replayed_once(
    wire: WireServer, name: str, status: int, code: str | None, message: str
) -> None:
    wire.script.then(name)
    answer = await edit(wire, list(SMALL.items()))
    assert (answer.status, answer.error["code"]) == (status, code)
    assert message in answer.error["message"]
    (entry,) = wire.journal.accepted
    assert (entry.status, entry.outcome, entry.usage) == (status, Outcome.ANSWERED, None)
    assert (await generate(wire, SMALL)).status == 200


@pytest.mark.parametrize(
    ("name", "stage", "categories"),
    [
        ("moderation_input", "input", ["violence", "self-harm"]),
        ("moderation_output", "output", ["sexual"]),
        ("moderation_unknown", "unknown", ["hate"]),
    ],
)
async def test_a_refusal_tells_its_stage(
    wire: WireServer, name: str, stage: str, categories: list[str]
) -> None:
    wire.script.then(name)
    error = (await generate(wire, SMALL)).error
    assert error["type"] == "image_generation_user_error"
    assert error["moderation_details"] == {"moderation_stage": stage, "categories": categories}


async def test_a_delay_is_in_a_header_or_in_the_message(wire: WireServer) -> None:
    names = ["rate_limit", "rate_limit_ms", "rate_limit_in_words"]
    wire.script.then(*names)
    answers = [await generate(wire, SMALL) for _ in names]
    assert [answer.headers.get("retry-after") for answer in answers] == ["7", None, None]
    assert [answer.headers.get("retry-after-ms") for answer in answers] == [None, "1500", None]


async def test_a_gateway_in_front_answers_with_html(wire: WireServer) -> None:
    wire.script.then("bad_gateway")
    answer = await generate(wire, SMALL)
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    assert answer.body.startswith(b"<html>")


async def test_an_answer_may_be_a_tests_own(wire: WireServer) -> None:
    reply = Reply(418, b"short and stout", {"x-pot": "tea"}, "text/plain")
    wire.script.then(failing(reply), failing(errors.rate_limit({"retry-after": "3600"})))
    pot, late = await generate(wire, SMALL), await generate(wire, STREAMED)
    assert (pot.status, pot.body, pot.headers["x-pot"]) == (418, b"short and stout", "tea")
    assert (late.status, late.headers["retry-after"]) == (429, "3600")


GARBAGE = ["not_json", "empty_body", "no_data", "null_data", "empty_data", "no_b64", "a_list"]


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_has_status_200_and_no_picture(wire: WireServer, name: str) -> None:
    wire.script.then(name)
    answer = await generate(wire, SMALL)
    assert answer.status == 200
    try:
        told = answer.json
    except ValueError:
        told = None
    assert not (isinstance(told, dict) and (told.get("data") or [{}])[0].get("b64_json"))


def drawn(answer: Answer) -> bytes:
    return base64.b64decode(answer.json["data"][0]["b64_json"], validate=True)


@pytest.mark.parametrize("fault", PictureFault)
async def test_a_picture_is_spoiled(wire: WireServer, fault: PictureFault) -> None:
    wire.script.then(f"picture_{fault}")
    answer = await generate(wire, SMALL)
    assert answer.json["usage"]["output_tokens"] > 0
    if fault is PictureFault.NOT_BASE64:
        assert answer.json["data"][0]["b64_json"] == NOT_BASE64
        with pytest.raises(binascii.Error):
            drawn(answer)
    elif fault is PictureFault.NO_PICTURE:
        with pytest.raises(UnidentifiedImageError):
            opened(drawn(answer))
    elif fault is PictureFault.TRUNCATED:
        with pytest.raises(OSError, match="truncated"):
            opened(drawn(answer))
    elif fault is PictureFault.WRONG_SIZE:
        assert opened(drawn(answer)).size == (512, 320)
    else:
        assert opened(drawn(answer)).format == "WEBP"


async def test_behaviours_combine(wire: WireServer) -> None:
    paused = dataclasses.replace(BEHAVIOURS["overloaded"], cut=Place.IN_BODY)
    wire.script.then(paused, Behaviour(usage=UsageFault.MISSING, picture=PictureFault.TRUNCATED))
    with pytest.raises(aiohttp.ClientError):
        await generate(wire, SMALL)
    assert "usage" not in (await generate(wire, SMALL)).json


async def test_a_queue_comes_before_what_is_always_so(wire: WireServer) -> None:
    wire.script.always("server_error", model="gpt-image-2")
    wire.script.always("overloaded", on=[Operation.EDIT])
    wire.script.then("rate_limit")
    wire.script.then("no_quota", model="gpt-image-2")
    wire.script.then("forbidden", on=[Operation.MODELS])
    two = SMALL | {"model": "gpt-image-2"}
    statuses = [
        (await get(wire, "/v1/models")).status,
        (await generate(wire, two)).status,
        (await generate(wire, two)).json["error"]["code"],
        (await generate(wire, two)).status,
        (await generate(wire, SMALL)).status,
        (await edit(wire, list(SMALL.items()), [MIA])).status,
        (await get(wire, "/v1/models")).status,
    ]
    assert statuses == [403, 429, "insufficient_quota", 500, 200, 503, 200]
    assert wire.script.left == 0
    wire.script.clear()
    assert (await generate(wire, two)).status == 200


async def test_a_script_does_not_hide_what_the_contract_forbids(wire: WireServer) -> None:
    wire.script.then("rate_limit")
    assert (await generate(wire, SMALL | {"seed": 7})).error["code"] == "unknown_parameter"
    assert wire.script.left == 1


@pytest.mark.parametrize("name", sorted(set(BEHAVIOURS) - {"good"}))
async def test_a_header_names_any_behaviour(wire: WireServer, name: str) -> None:
    assert BEHAVIOURS[name] != GOOD
    assert BEHAVIOURS[name].about != GOOD.about
    if name.startswith(("slow", "cut")):
        return
    answer = await generate(wire, SMALL, headers={HEADER: name})
    told = BEHAVIOURS[name].reply
    assert answer.status == (told.status if told else 200)


async def test_an_unknown_behaviour_is_refused(wire: WireServer) -> None:
    answer = await generate(wire, SMALL, headers={HEADER: "nonsense"})
    assert answer.status == 400
    assert "no such behaviour" in answer.error["message"]
    with pytest.raises(ValueError, match="no such behaviour"):
        wire.script.then("nonsense")
