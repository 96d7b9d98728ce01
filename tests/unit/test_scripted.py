"""The scripted model's references: it reads them as a diffuser does, without an encoder."""

import pytest

from actors.engine.embedding import encoder_of
from actors.engine.render import (
    EncoderChanged,
    PictureUnreadable,
    PlacedReference,
    RenderRequest,
    RenderResult,
)
from actors.testing.scripted import ScriptedRenderer
from actors.testing.stored import StoredRenderer, draw_pictures

PNG = draw_pictures(1, 8)[0]


def request(*references: bytes) -> RenderRequest:
    placed = tuple(PlacedReference(each) for each in references)
    return RenderRequest("a fox", "", 8, 8, 1, 1.0, 0.0, 7, references=placed, reference_scale=1.0)


async def test_references_are_encoded_and_drawn_from() -> None:
    renderer = ScriptedRenderer(encoder="first")
    embedding = await renderer.encode(PNG)
    assert await renderer.encoder() == embedding.encoder == encoder_of(embedding.data) == "first"
    assert renderer.encoded == [PNG]
    events = [event async for event in renderer.stream(request(embedding.data))]
    assert isinstance(events[-1], RenderResult)


async def test_bytes_that_are_no_picture_are_not_encoded() -> None:
    renderer = ScriptedRenderer(encoder="first")
    with pytest.raises(PictureUnreadable, match="3 bytes are no PNG"):
        await renderer.encode(b"GIF")
    assert renderer.encoded == []


@pytest.mark.parametrize("encoder", ["", "second"])
async def test_a_reference_by_another_encoder_is_refused(encoder: str) -> None:
    data = (await ScriptedRenderer(encoder="first").encode(PNG)).data
    with pytest.raises(EncoderChanged):
        _ = [event async for event in ScriptedRenderer(encoder=encoder).stream(request(data))]


async def test_models_without_an_adapter_encode_nothing() -> None:
    for renderer in (ScriptedRenderer(), StoredRenderer([PNG], render_s=0, at_once=1)):
        assert await renderer.encoder() == ""
        with pytest.raises(EncoderChanged):
            await renderer.encode(PNG)


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"\x02" + bytes(7) + b"{}", PNG])
def test_bytes_that_are_no_embedding_are_by_no_encoder(data: bytes) -> None:
    assert encoder_of(data) == ""
