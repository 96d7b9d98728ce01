"""What the wire server refuses, field by field, over plain HTTP."""

from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from tests.unit.wire.calls import LEAST, MIA, MODEL, PNG, File, edit, encoded, generate, get
from tests.wire.records import Outcome
from tests.wire.server import WireServer

GPT_2 = {"model": "gpt-image-2"}
GPT_2_6 = {"model": "gpt-image-2.6-flare"}
STREAM = {"stream": True}
FORM = [("model", MODEL), ("prompt", "A hill"), ("size", "1024x640"), ("quality", "low")]

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"colour": "red"}, "unknown_parameter", "colour"),
    ({"seed": 7}, "unknown_parameter", "seed"),
    ({"negative_prompt": "rain"}, "unknown_parameter", "negative_prompt"),
    ({"response_format": "b64_json"}, "unknown_parameter", "response_format"),
    ({"style": "vivid"}, "unknown_parameter", "style"),
    ({"user": "mia"}, "unknown_parameter", "user"),
    ({"input_fidelity": "high"}, "unknown_parameter", "input_fidelity"),
    ({"frame_count": 4}, "unknown_parameter", "frame_count"),
    ({"svg": {"model": "gpt-6"}}, "unknown_parameter", "svg"),
    ({"model": None}, "missing_required_parameter", "model"),
    ({"model": ""}, "missing_required_parameter", "model"),
    ({"prompt": None}, "missing_required_parameter", "prompt"),
    ({"prompt": " "}, "invalid_value", "prompt"),
    ({"prompt": 7}, "invalid_type", "prompt"),
    ({"prompt": "m" * 32_001}, "string_above_max_length", "prompt"),
    ({"size": "1000x1024"}, "invalid_value", "size"),
    ({"size": "1024x1000"}, "invalid_value", "size"),
    ({"size": "2400x640"}, "invalid_value", "size"),
    ({"size": "640x2400"}, "invalid_value", "size"),
    ({"size": "800x800"}, "invalid_value", "size"),
    ({"size": "3856x1600"}, "invalid_value", "size"),
    ({"size": "2176x2176"}, "invalid_value", "size"),
    ({"size": "large"}, "invalid_value", "size"),
    ({"size": "1024x1024 "}, "invalid_value", "size"),
    ({"size": 1024}, "invalid_value", "size"),
    ({"size": "1536x864", "model": "gpt-image-1.5"}, "invalid_value", "size"),
    ({"quality": "standard"}, "invalid_value", "quality"),
    ({"quality": "hd"}, "invalid_value", "quality"),
    ({"quality": "xhigh", **GPT_2}, "invalid_value", "quality"),
    ({"quality": "max", **GPT_2}, "invalid_value", "quality"),
    ({"quality": "max", "model": "gpt-image-1-mini"}, "invalid_value", "quality"),
    ({"n": 0}, "integer_below_min_value", "n"),
    ({"n": 11}, "integer_above_max_value", "n"),
    ({"n": "1"}, "invalid_type", "n"),
    ({"n": True}, "invalid_type", "n"),
    ({"n": 2, **STREAM}, "invalid_value", "n"),
    ({"stream": "true"}, "invalid_type", "stream"),
    ({"partial_images": 1}, "invalid_value", "partial_images"),
    ({"partial_images": 1, "stream": False}, "invalid_value", "partial_images"),
    ({"partial_images": 4, **STREAM}, "integer_above_max_value", "partial_images"),
    ({"partial_images": -1, **STREAM}, "integer_below_min_value", "partial_images"),
    ({"output_format": "gif"}, "invalid_value", "output_format"),
    ({"output_format": "svg"}, "invalid_value", "output_format"),
    ({"output_format": "jpg"}, "invalid_value", "output_format"),
    ({"output_compression": 80}, "invalid_value", "output_compression"),
    (
        {"output_compression": 80, "output_format": "png"}, "invalid_value", "output_compression"
    ),
    (
        {"output_compression": 101, "output_format": "jpeg"},
        "integer_above_max_value",
        "output_compression",
    ),
    ({"background": "transparent", "output_format": "jpeg"}, "invalid_value", "background"),
    ({"background": "blue"}, "invalid_value", "background"),
    ({"moderation": "none"}, "invalid_value", "moderation"),
    ({"complexity": "low"}, "unsupported_parameter", "complexity"),
    ({"complexity": "low", **GPT_2}, "unsupported_parameter", "complexity"),
    ({"complexity": "huge", **GPT_2_6}, "invalid_value", "complexity"),
    ({"safety_identifier": 7}, "invalid_type", "safety_identifier"),
]  # fmt: skip


def name(value: object) -> str:
    return str(value)[:60]


@pytest.mark.parametrize(("fields", "code", "param"), REFUSED, ids=name)
async def test_a_generation_is_refused(
    wire: WireServer, fields: dict[str, Any], code: str, param: str
) -> None:
    answer = await generate(wire, LEAST | fields)
    assert answer.status == 400
    assert (answer.error["code"], answer.error["param"]) == (code, param)
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["message"]
    assert wire.journal.accepted == []
    (entry,) = wire.journal.refused
    assert (entry.outcome, entry.status) == (Outcome.REFUSED, 400)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": "3072x1024"},
        {"size": "640x1024"},
        {"size": "auto", "quality": "auto"},
        {"quality": "max"},
        {"quality": "xhigh", **GPT_2_6},
        {"complexity": "low", **GPT_2_6},
        {"prompt": "m" * 32_000},
        {"output_compression": 0, "output_format": "webp"},
        {"background": "transparent", "output_format": "webp"},
        {"moderation": "low"},
        {"partial_images": 0, **STREAM},
    ],
    ids=name,
)
async def test_a_generation_at_the_limits_is_accepted(
    wire: WireServer, fields: dict[str, Any]
) -> None:
    assert (
        await generate(wire, {"size": "1024x640", "quality": "low"} | LEAST | fields)
    ).status == 200
    assert len(wire.journal.accepted) == 1


FORMS: list[tuple[list[tuple[str, str]], str, str]] = [
    ([("colour", "red")], "unknown_parameter", "colour"),
    ([("moderation", "low")], "unknown_parameter", "moderation"),
    ([("response_format", "b64_json")], "unknown_parameter", "response_format"),
    ([("user", "mia")], "unknown_parameter", "user"),
    ([("input_fidelity", "high")], "unsupported_parameter", "input_fidelity"),
    ([("n", "0")], "integer_below_min_value", "n"),
    ([("n", "two")], "invalid_type", "n"),
    ([("n", "1"), ("n", "1")], "invalid_value", "n"),
    ([("partial_images", "2")], "invalid_value", "partial_images"),
    ([("stream", "yes")], "invalid_type", "stream"),
    ([("prompt[]", "A hill")], "unknown_parameter", "prompt[]"),
]


@pytest.mark.parametrize(("fields", "code", "param"), FORMS, ids=name)
async def test_a_field_of_an_edit_is_refused(
    wire: WireServer, fields: list[tuple[str, str]], code: str, param: str
) -> None:
    answer = await edit(wire, [*FORM, *fields])
    assert answer.status == 400
    assert (answer.error["code"], answer.error["param"]) == (code, param)
    assert wire.journal.accepted == []


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2.6-sunburst"])
async def test_newer_models_take_no_fidelity(wire: WireServer, model: str) -> None:
    fields = [("model", model), ("prompt", "A hill"), ("input_fidelity", "low")]
    assert (await edit(wire, fields)).error["code"] == "unsupported_parameter"


async def test_an_older_model_takes_fidelity(wire: WireServer) -> None:
    old, mini = (
        [("model", model), ("prompt", "A hill"), ("input_fidelity", "high")]
        for model in ("gpt-image-1.5", "gpt-image-1-mini")
    )
    assert (await edit(wire, old)).status == 200
    assert (await edit(wire, mini)).error["code"] == "invalid_value"


MASK = File("mask", "mask.png", "image/png", encoded("PNG", "LA"))
MARKUP = File("markup", "markup.png", "image/png", encoded("PNG", "LA"))
FILES: list[tuple[Sequence[File], str]] = [
    ([], "missing_required_parameter"),
    ([MIA] * 17, "array_above_max_length"),
    ([File("image", data=PNG)] * 2, "invalid_value"),
    ([File("image", data=PNG), MIA], "invalid_value"),
    ([File("picture", data=PNG)], "unknown_parameter"),
    ([File(file_name=None, data=PNG)], "invalid_value"),
    ([File(file_name="mia", data=PNG)], "invalid_value"),
    ([File(file_name="mia.jpg", data=PNG)], "invalid_value"),
    ([File(media_type=None, data=PNG)], "unsupported_file_mimetype"),
    ([File(media_type="application/octet-stream", data=PNG)], "unsupported_file_mimetype"),
    ([File(media_type="image/gif", file_name="a.gif", data=PNG)], "unsupported_file_mimetype"),
    ([File(data=b"not a picture")], "invalid_image_file"),
    ([File(data=b"")], "invalid_image_file"),
    ([File(data=PNG[:70])], "invalid_image_file"),
    ([File(data=encoded("JPEG"))], "invalid_image_file"),
    ([File(data=encoded(size=(300, 300)) + bytes(5000))], "invalid_value"),
    ([MIA, MASK, MASK], "invalid_value"),
    ([MIA, MASK, MARKUP], "invalid_value"),
    ([MIA, File("mask", "m.png", "image/png", PNG)], "invalid_image_file"),
    ([MIA, File("mask", "m.jpg", "image/jpeg", encoded("JPEG"))], "invalid_image_file"),
    (
        [MIA, File("mask", "m.png", "image/png", encoded("PNG", "LA", (32, 64)))], "invalid_value"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "code"), FILES)
async def test_files_of_an_edit_are_refused(files: Sequence[File], code: str) -> None:
    with WireServer(most_picture_bytes=5000) as wire:
        answer = await edit(wire, FORM, files)
        assert wire.journal.accepted == []
    assert (answer.status, answer.error["code"]) == (400, code)


@pytest.mark.parametrize(
    "files",
    [[MIA] * 16, [File("image", data=PNG)], [MIA, MASK], [MIA, MARKUP]],
    ids=["sixteen", "one", "mask", "markup"],
)
async def test_files_of_an_edit_are_accepted(wire: WireServer, files: Sequence[File]) -> None:
    assert (await edit(wire, FORM, files)).status == 200
    (entry,) = wire.journal.accepted
    assert [part.data for part in entry.parts] == [file.data for file in files]


async def test_markup_is_for_the_models_that_take_it(wire: WireServer) -> None:
    answer = await edit(wire, [("model", "gpt-image-2"), ("prompt", "A hill")], [MIA, MARKUP])
    assert answer.error["code"] == "unsupported_parameter"


@pytest.mark.parametrize("model", ["dall-e-3", "gpt-image-1", "midjourney"])
async def test_a_model_that_is_not_offered_is_not_found(wire: WireServer, model: str) -> None:
    answer = await generate(wire, {"model": model, "prompt": "A hill", "style": "vivid"})
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert model in answer.error["message"]
    assert (await get(wire, f"/v1/models/{model}")).status == 404


async def test_a_retired_model_may_be_an_invalid_value() -> None:
    with WireServer(retired_is_invalid=True) as wire:
        answer = await generate(wire, {"model": "dall-e-3", "prompt": "A hill"})
        unknown = await generate(wire, {"model": "midjourney", "prompt": "A hill"})
    assert (answer.status, answer.error["code"]) == (400, "invalid_value")
    assert answer.error["type"] == "image_generation_user_error"
    assert answer.error["message"] == "The model 'dall-e-3' does not exist."
    assert unknown.status == 404


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-image-2", "/wire/requests"])
async def test_a_wrong_key_is_refused(wire: WireServer, path: str) -> None:
    answer = await get(wire, path, key="sk-wrong-abcdefghijkl")
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert b"sk-wrong-abcdefghijkl" not in answer.body


@pytest.mark.parametrize("header", ["", "Bearer", "Basic KEY", "Bearer "])
async def test_a_request_without_a_key_is_refused(wire: WireServer, header: str) -> None:
    answer = await generate(
        wire, LEAST, headers={"authorization": header.replace("KEY", wire.api_key)}
    )
    assert answer.status == 401
    assert wire.journal.accepted == []
    assert len(wire.journal.refused) == 1


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"n": 1, "n": 1, "model": "gpt-image-2", "prompt": "A hill"}', "application/json"),
        (b'{"model": "gpt-image-2", "prompt": "A hill"}', "text/plain"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(
    wire: WireServer, body: bytes, media_type: str
) -> None:
    headers = {"authorization": f"Bearer {wire.api_key}", "content-type": media_type}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{wire.base_url}/images/generations", data=body) as response,
    ):
        assert response.status == 400
        assert "error" in await response.json()


@pytest.mark.parametrize("path", ["/v1/images/variations", "/v1/completions", "/"])
async def test_other_addresses_are_unknown(wire: WireServer, path: str) -> None:
    answer = await get(wire, path)
    assert answer.status == 404
    assert path in answer.error["message"]
