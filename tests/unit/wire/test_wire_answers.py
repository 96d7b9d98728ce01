"""Good answers of the wire server, as OpenAI's SDK reads them."""

import base64
import hashlib
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types import ImagesResponse

from tests.unit.wire.calls import LEAST, MODEL, PNG, SMALL, encoded, generate, get, opened, sdk
from tests.wire.contract import Operation
from tests.wire.records import Outcome
from tests.wire.server import WireServer

HIGH: Any = {"size": "1536x864", "quality": "high", "safety_identifier": "9f86d081"}


def picture(answer: ImagesResponse, index: int = 0) -> bytes:
    assert answer.data
    return base64.b64decode(answer.data[index].b64_json or "", validate=True)


def test_a_generation_has_a_picture_and_its_usage(wire: WireServer) -> None:
    with sdk(wire) as client:
        answer = client.images.generate(model=MODEL, prompt="A hill at noon", **HIGH)
    assert opened(picture(answer)).size == (1536, 864)
    assert opened(picture(answer)).format == "PNG"
    assert (answer.size, answer.quality, answer.background) == ("1536x864", "high", "opaque")
    assert answer.safety_identifier == "9f86d081"
    usage = answer.usage
    assert usage
    assert usage.output_tokens_details
    assert usage.input_tokens_details.text_tokens == usage.input_tokens == 4
    assert usage.output_tokens_details.image_tokens == usage.output_tokens == 1078
    assert usage.total_tokens == 1082
    (entry,) = wire.journal.accepted
    assert entry.cost_micros == 4 * 5 + 1078 * 30


@pytest.mark.parametrize(("format", "mode"), [("png", "RGBA"), ("webp", "RGBA")])
def test_a_background_may_be_transparent(wire: WireServer, format: Any, mode: str) -> None:
    with sdk(wire) as client:
        answer = client.images.generate(**SMALL, output_format=format, background="transparent")
    drawn = opened(picture(answer))
    assert drawn.mode == mode
    assert drawn.getpixel((4, 4)) == (0, 0, 0, 0)
    assert answer.background == "transparent"


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_a_picture_has_the_format_asked_for(wire: WireServer, format: Any) -> None:
    with sdk(wire) as client:
        answer = client.images.generate(**SMALL, output_format=format)
    assert opened(picture(answer)).format == format.upper()
    assert answer.output_format == format


def test_compression_makes_a_jpeg_smaller(wire: WireServer) -> None:
    with sdk(wire) as client:
        best = client.images.generate(**SMALL, output_format="jpeg")
        small = client.images.generate(**SMALL, output_format="jpeg", output_compression=30)
    assert len(picture(small)) < len(picture(best))


def test_several_pictures_differ_and_each_is_counted(wire: WireServer) -> None:
    with sdk(wire) as client:
        answer = client.images.generate(**SMALL, n=2)
        alone = client.images.generate(**SMALL)
    assert picture(answer, 0) == picture(alone)
    assert picture(answer, 0) != picture(answer, 1)
    assert answer.usage
    assert alone.usage
    assert answer.usage.output_tokens == 2 * alone.usage.output_tokens


def test_an_edit_shows_its_references(wire: WireServer) -> None:
    files = [("mia.png", PNG, "image/png"), ("tom.jpg", encoded("JPEG"), "image/jpeg")]
    with sdk(wire) as client:
        answer = client.images.edit(image=files, **SMALL)
    assert answer.usage
    assert answer.usage.input_tokens_details.image_tokens == 2000
    assert opened(picture(answer)).getpixel((10, 10)) == (90, 0, 0)


def test_an_edit_is_recorded_as_it_was_sent(wire: WireServer) -> None:
    files = [("mia.png", PNG, "image/png"), ("tom.webp", encoded("WEBP"), "image/webp")]
    with sdk(wire) as client:
        client.images.edit(
            image=files, mask=("mask.png", encoded("PNG", "LA"), "image/png"), **SMALL
        )
    (entry,) = wire.journal.accepted
    assert entry.operation is Operation.EDIT
    assert entry.fields == SMALL
    assert [(part.name, part.file_name, part.media_type) for part in entry.parts] == [
        ("image[]", "mia.png", "image/png"),
        ("image[]", "tom.webp", "image/webp"),
        ("mask", "mask.png", "image/png"),
    ]
    assert entry.parts[0].sha256 == hashlib.sha256(PNG).hexdigest()
    assert [part.data for part in entry.parts[:2]] == [data for _, data, _ in files]
    assert sorted(entry.order) == sorted([*SMALL, "image[]", "image[]", "mask"])
    assert entry.headers["authorization"] == f"Bearer {wire.api_key}"
    assert entry.headers["content-type"].startswith("multipart/form-data")


def test_a_generation_is_recorded_as_it_was_sent(wire: WireServer) -> None:
    with sdk(wire) as client:
        raw = client.images.with_raw_response.generate(**SMALL, n=1, moderation="low")
    (entry,) = wire.journal.accepted
    assert entry.fields == {**SMALL, "n": 1, "moderation": "low"}
    assert entry.parts == ()
    assert (entry.status, entry.outcome) == (200, Outcome.ANSWERED)
    assert raw.headers["x-request-id"] == entry.request_id


@pytest.mark.parametrize("partials", [0, 1, 3])
def test_a_stream_has_partial_pictures_and_an_end(wire: WireServer, partials: int) -> None:
    with sdk(wire) as client:
        stream = client.images.generate(**SMALL, stream=True, partial_images=partials)
        *before, end = list(stream)
        whole = client.images.generate(**SMALL)
    indices = []
    for event in before:
        assert event.type == "image_generation.partial_image"
        assert opened(base64.b64decode(event.b64_json)).size == (1024, 640)
        indices.append(event.partial_image_index)
    assert indices == list(range(partials))
    assert end.type == "image_generation.completed"
    assert base64.b64decode(end.b64_json) == picture(whole)
    assert whole.usage
    assert end.usage.output_tokens == whole.usage.output_tokens + 100 * partials
    assert not hasattr(end.usage, "output_tokens_details")


async def test_an_edit_streams_to_an_asynchronous_client(wire: WireServer) -> None:
    async with AsyncOpenAI(api_key=wire.api_key, base_url=wire.base_url, max_retries=0) as client:
        stream = await client.images.edit(
            image=[("mia.png", PNG, "image/png")], **SMALL, stream=True, partial_images=2
        )
        events = [event async for event in stream]
    assert [event.type for event in events] == [
        "image_edit.partial_image",
        "image_edit.partial_image",
        "image_edit.completed",
    ]
    (entry,) = wire.journal.accepted
    assert entry.fields["partial_images"] == "2"
    assert entry.usage
    assert entry.usage.images == 1000


def test_models_are_listed_and_told(wire: WireServer) -> None:
    with sdk(wire) as client:
        listed = {model.id for model in client.models.list()}
        told = client.models.retrieve("gpt-image-1.5")
    assert {"gpt-image-2", MODEL, "gpt-image-2.6-sunburst"} <= listed
    assert "dall-e-3" not in listed
    assert told.shutdown_date == "2026-12-01"
    assert len(wire.journal.probes) == 2
    assert wire.journal.accepted == []


async def test_what_may_be_null_counts_as_left_out(wire: WireServer) -> None:
    answer = await generate(wire, {**SMALL, "background": None, "n": None})
    assert answer.status == 200


def test_a_retired_model_may_still_be_served() -> None:
    with WireServer(serves=["dall-e-3"]) as wire, sdk(wire) as client:
        answer = client.images.generate(
            model="dall-e-3", prompt="A hill", quality="hd", size="1792x1024", style="vivid",
            response_format="b64_json",
        )  # fmt: skip
        linked = client.images.generate(model="dall-e-3", prompt="A hill")
    assert opened(picture(answer)).size == (1792, 1024)
    assert answer.usage is None
    assert linked.data
    assert (linked.data[0].url or "").startswith(wire.origin)
    assert linked.data[0].revised_prompt == "A hill"


async def test_a_picture_by_address_can_be_had() -> None:
    with WireServer(serves=["dall-e-3"]) as wire:
        answer = await generate(wire, {"model": "dall-e-3", "prompt": "A hill"})
        got = await get(wire, answer.json["data"][0]["url"].removeprefix(wire.origin))
    assert opened(got.body).size == (1024, 1024)


async def test_every_answer_has_a_request_id_of_its_own(wire: WireServer) -> None:
    answers = [
        await get(wire, "/v1/models"),
        await get(wire, "/v1/models", key="wrong"),
        await get(wire, "/v1/nothing"),
        await generate(wire, SMALL),
        await generate(wire, {**LEAST, "colour": "red"}),
        await generate(wire, SMALL, headers={"x-wire-behaviour": "server_error"}),
    ]
    assert [answer.status for answer in answers] == [200, 401, 404, 200, 400, 500]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(id.startswith("req_") for id in ids)
