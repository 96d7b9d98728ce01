"""Chat completions of the wire server."""

import json
from typing import Any

import pytest
from openai import InternalServerError

from tests.unit.wire.calls import post, sdk
from tests.wire.behaviours import saying
from tests.wire.chat import REASONING_TOKENS
from tests.wire.contract import Operation
from tests.wire.records import Outcome
from tests.wire.server import WireServer

CHAT = [Operation.CHAT]
PATH = "/v1/chat/completions"
MESSAGES: list[Any] = [
    {"role": "system", "content": "Describe."},
    {"role": "user", "content": "Page:\nMia runs."},
]
LEAST: dict[str, Any] = {"model": "gpt-5-mini", "messages": MESSAGES}
PROMPT_TOKENS = 3 + 4 + 9 // 4 + 4 + 15 // 4
WORDS = {"type": "array", "items": {"type": "string"}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "place": {"type": "string"},
        "mood": {"type": "string", "enum": ["", "sad"]},
        "props": WORDS,
    },
    "required": ["place", "mood", "props"],
    "additionalProperties": False,
}


def formatted(schema: object = SCHEMA, **more: object) -> dict[str, Any]:
    """Returns a response format with a schema."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "scene", "strict": True, "schema": schema, **more},
    }


def test_an_answer_has_words_and_its_usage(wire: WireServer) -> None:
    with sdk(wire) as client:
        answer = client.chat.completions.create(**LEAST, max_completion_tokens=500)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("Mia runs.", "stop")
    assert answer.usage
    assert answer.usage.prompt_tokens == PROMPT_TOKENS
    assert answer.usage.completion_tokens == REASONING_TOKENS + 2
    assert answer.usage.total_tokens == PROMPT_TOKENS + REASONING_TOKENS + 2
    (entry,) = wire.journal.accepted
    assert (entry.operation, entry.outcome) == (Operation.CHAT, Outcome.ANSWERED)
    assert entry.fields == {**LEAST, "max_completion_tokens": 500}


@pytest.mark.parametrize(
    ("most", "words"), [(REASONING_TOKENS + 1, "Mia"), (REASONING_TOKENS - 1, "")]
)
def test_reasoning_comes_first_of_the_most_tokens(wire: WireServer, most: int, words: str) -> None:
    with sdk(wire) as client:
        answer = client.chat.completions.create(**LEAST, max_completion_tokens=most)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (words, "length")
    assert answer.usage
    assert answer.usage.completion_tokens == most


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"max_tokens": 5}, "max_tokens", "unsupported_parameter"),
        ({"steps": 5}, "steps", "unknown_parameter"),
        ({"max_completion_tokens": "5"}, "max_completion_tokens", "invalid_type"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "integer_below_min_value"),
        ({"model": "gpt-9"}, "model", "model_not_found"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": []}, "messages", "missing_required_parameter"),
        ({"messages": "Mia"}, "messages", "invalid_type"),
        ({"messages": [{"role": "user"}]}, "messages[0]", "invalid_type"),
        ({"messages": [{"role": "cat", "content": ""}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content", "invalid_type"),
        ({"response_format": "json"}, "response_format", "invalid_type"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (
            {"response_format": formatted(name=None)},
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        (
            {"response_format": formatted(name="a scene")},
            "response_format.json_schema.name",
            "invalid_value",
        ),
        (
            {"response_format": formatted(strict="yes")},
            "response_format.json_schema.strict",
            "invalid_type",
        ),
        (
            {"response_format": formatted(None)},
            "response_format.json_schema.schema",
            "invalid_type",
        ),
    ],
    ids=str,
)
async def test_what_the_contract_lacks_is_refused(
    wire: WireServer, fields: dict[str, Any], param: str, code: str
) -> None:
    answer = await post(wire, PATH, {**LEAST, **fields})
    assert answer.status == (404 if code == "model_not_found" else 400)
    assert (answer.error["param"], answer.error["code"]) == (param, code)
    assert len(wire.journal.refused) == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"type": "array", "items": WORDS}, 'type: "object"'),
        ({"additionalProperties": True}, "'additionalProperties' is required"),
        ({"additionalProperties": None}, "'additionalProperties' is required"),
        ({"required": ["place"]}, "'required' is required"),
        ({"minProperties": 1}, "'minProperties' is not permitted"),
        ({"properties": {"place": {}}, "required": ["place"]}, "('properties', 'place'), schema"),
        ({"properties": {"a": {"type": "text"}}, "required": ["a"]}, "'text' is not valid"),
        ({"properties": {"a": {"type": "array"}}, "required": ["a"]}, "missing items"),
        (
            {"properties": {"a": {"type": "string", "enum": ["a"] * 1001}}, "required": ["a"]},
            "more than 1000 enum values",
        ),
    ],
    ids=str,
)
async def test_a_schema_that_strict_mode_does_not_know_is_refused(
    wire: WireServer, changes: dict[str, Any], fault: str
) -> None:
    format = formatted({**SCHEMA, **changes})
    answer = await post(wire, PATH, {**LEAST, "response_format": format})
    assert answer.status == 400
    assert (answer.error["param"], answer.error["code"]) == (
        "response_format",
        "invalid_json_schema",
    )
    assert fault in str(answer.error["message"])
    format["json_schema"]["strict"] = False
    assert (await post(wire, PATH, {**LEAST, "response_format": format})).status == 200


async def test_a_schema_nests_ten_levels_at_most(wire: WireServer) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for level in range(9):
        deep = {**SCHEMA, "properties": {"a": deep}, "required": ["a"]}
        answer = await post(wire, PATH, {**LEAST, "response_format": formatted(deep)})
        assert answer.status == 200, level
    deeper = {**SCHEMA, "properties": {"a": deep}, "required": ["a"]}
    answer = await post(wire, PATH, {**LEAST, "response_format": formatted(deeper)})
    assert "more than 10 levels" in str(answer.error["message"])


async def test_an_answer_fills_the_schema(wire: WireServer) -> None:
    answer = (await post(wire, PATH, {**LEAST, "response_format": formatted()})).json
    (choice,) = answer["choices"]
    assert json.loads(choice["message"]["content"]) == {
        "place": "Mia runs.",
        "mood": "",
        "props": [],
    }
    assert choice["finish_reason"] == "stop"


async def test_a_script_sets_what_an_answer_says(wire: WireServer) -> None:
    wire.script.then(saying("a b c"), on=CHAT)
    answer = (await post(wire, PATH, {**LEAST, "response_format": formatted()})).json
    assert answer["choices"][0]["message"]["content"] == "a b c"
    assert answer["usage"]["completion_tokens"] == REASONING_TOKENS + 3


@pytest.mark.parametrize(
    ("behaviour", "reason", "content", "refused"),
    [
        ("chat_refused", "stop", None, True),
        ("chat_filtered", "content_filter", "Mia ", False),
        ("chat_cut_short", "length", "Mia ", False),
    ],
)
async def test_an_answer_may_say_less(
    wire: WireServer, behaviour: str, reason: str, content: str | None, refused: bool
) -> None:
    wire.script.then(behaviour, on=CHAT)
    answer = (await post(wire, PATH, LEAST)).json
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == reason
    assert choice["message"]["content"] == content
    assert bool(choice["message"]["refusal"]) is refused


async def test_a_wrong_key_is_refused(wire: WireServer) -> None:
    answer = await post(wire, PATH, LEAST, headers={"authorization": "Bearer sk-wrong"})
    assert answer.status == 401
    assert [entry.operation for entry in wire.journal.refused] == CHAT


def test_a_script_of_pictures_leaves_chats_alone(wire: WireServer) -> None:
    wire.script.then("server_error")
    wire.script.then("overloaded", on=CHAT)
    with sdk(wire) as client:
        with pytest.raises(InternalServerError, match="overloaded"):
            client.chat.completions.create(**LEAST)
        assert client.chat.completions.create(**LEAST).choices
    assert wire.script.left == 1


@pytest.mark.parametrize(
    ("fault", "prompt_tokens"),
    [
        ("usage_missing", None),
        ("usage_zero", 0),
        ("usage_huge", 100 * PROMPT_TOKENS),
        ("usage_negative", -PROMPT_TOKENS - 1),
        ("usage_strings", f"{PROMPT_TOKENS} tokens"),
    ],
)
async def test_a_usage_may_be_wrong(wire: WireServer, fault: str, prompt_tokens: object) -> None:
    wire.script.then(fault, on=CHAT)
    answer = (await post(wire, PATH, LEAST)).json
    assert (answer.get("usage") or {}).get("prompt_tokens") == prompt_tokens
