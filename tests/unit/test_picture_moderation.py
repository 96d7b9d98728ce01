"""OpenAI's moderation as a classifier of pictures, against a server of its wire protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from PIL import Image
from pydantic import SecretStr

from actors.classifiers.base import ClassifierAway, PictureClassifier
from actors.classifiers.choice import open_picture_classifier
from actors.settings import ClassifierSettings, PictureSettings
from actors.testing.classifying import ScriptedPictures
from tests.wire.behaviours import Place, failing, slow
from tests.wire.contract import Operation
from tests.wire.errors import Reply
from tests.wire.server import WireServer, closed_url

ASKED = [Operation.MODERATION]
LOCAL = ScriptedPictures()


@asynccontextmanager
async def looking(wire: WireServer, **changes: object) -> AsyncIterator[PictureClassifier]:
    """Yields the classifier of a worker whose settings name the wire server."""
    moderation = ClassifierSettings.model_validate(
        {
            "moderation_api_key": SecretStr(wire.api_key),
            "moderation_base_url": wire.base_url,
            **changes,
        }
    )
    settings = PictureSettings(image_safety="openai")
    async with open_picture_classifier(settings, moderation, LOCAL) as classifier:
        assert classifier is not None
        yield classifier


def picture(colour: str, side: int = 64) -> bytes:
    """Returns a picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (side, side), colour).save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_picture_is_refused_for_what_is_flagged(wire: WireServer) -> None:
    async with looking(wire) as classifier:
        await classifier.check()
        assert await classifier.refused_for(picture("green")) == ()
        assert await classifier.refused_for(picture("red", 2048)) == ("sexual",)
        assert classifier.name == "openai-moderation"
    assert len(wire.journal.accepted) == 3


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"results": []}', b'{"results": [{}]}', b'{"results": [{"flagged": 0}]}'],
)
async def test_an_answer_without_a_verdict_is_no_pass(wire: WireServer, body: bytes) -> None:
    for _ in range(2):
        wire.script.then(failing(Reply(200, body)), on=ASKED)
    async with looking(wire) as classifier:
        with pytest.raises(ClassifierAway):
            await classifier.refused_for(picture("green"))
        with pytest.raises(ClassifierAway):
            await classifier.check()


async def test_a_failure_silence_and_nobody_are_no_pass(wire: WireServer) -> None:
    wire.script.then("server_error", on=ASKED)
    wire.script.then(slow(Place.BEFORE_HEADERS), on=ASKED)
    for changes in ({}, {"moderation_timeout_s": 0.3}, {"moderation_base_url": closed_url()}):
        async with looking(wire, **changes) as classifier:
            with pytest.raises(ClassifierAway):
                await classifier.refused_for(picture("green"))


async def test_a_model_that_knows_texts_alone_is_away(wire: WireServer) -> None:
    async with looking(wire, moderation_model="text-moderation-latest") as classifier:
        with pytest.raises(ClassifierAway, match="answered 400"):
            await classifier.check()


def bomb() -> bytes:
    """Returns a picture of 200 million pixels, which are some kB."""
    buffer = BytesIO()
    Image.new("1", (20_000, 10_000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data", [b"no picture", picture("green")[:80], bomb()], ids=["none", "cut off", "bomb"]
)
async def test_bytes_that_are_no_picture_are_no_pass(wire: WireServer, data: bytes) -> None:
    async with looking(wire) as classifier:
        with pytest.raises(ClassifierAway):
            await classifier.refused_for(data)
    assert not wire.journal.accepted


async def test_the_settings_name_the_classifier() -> None:
    none, moderation = PictureSettings(), ClassifierSettings()
    async with open_picture_classifier(none, moderation, LOCAL) as classifier:
        assert classifier is None
    local = PictureSettings.model_validate(
        {
            "image_safety": "local",
            "image_classifier": "owner/model",
            "image_classifier_labels": {"nsfw": {"category": "sexual", "threshold": 0.5}},
        }
    )
    async with open_picture_classifier(local, moderation, LOCAL) as classifier:
        assert classifier is LOCAL
    with pytest.raises(ValueError, match="IMGGEN_MODERATION_API_KEY: not set"):
        async with open_picture_classifier(
            PictureSettings(image_safety="openai"), moderation, LOCAL
        ):
            pass
