"""Requests for images through the client: every option is sent."""

from collections.abc import AsyncIterator

import pytest

from imggen import Character, Client
from imggen.errors import InvalidRequest
from imggen.testing import FakeService
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GenerateSceneRequest,
    GenerationOptions,
    Modifications,
    RegenerateImageRequest,
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        yield client


async def test_every_option_of_a_portrait_is_sent(fake: FakeService, client: Client) -> None:
    with pytest.raises(InvalidRequest):
        await client.generate_portrait(
            "c",
            style="oil",
            story="s",
            model="m",
            size="1x1",
            quality="q",
            use_references=False,
            allow_reuse=True,
            metadata={"order": "1"},
            seed=0,
            priority=9,
            request_id="r",
        )
    assert fake.requests("GeneratePortrait") == [
        GeneratePortraitRequest(
            character_id="c",
            style="oil",
            story_id="s",
            size="1x1",
            options=GenerationOptions(
                model="m",
                quality="q",
                metadata={"order": "1"},
                use_references=False,
                allow_reuse=True,
            ),
            seed=0,
            priority=9,
            request_id="r",
        )
    ]


async def test_every_option_of_a_scene_is_sent(fake: FakeService, client: Client) -> None:
    with pytest.raises(InvalidRequest):
        await client.generate_scene(
            "s",
            "p",
            characters=["c", Character(id="d")],
            scene_description="a hill",
            style="oil",
            model="m",
            aspect_ratio="2:1",
            quality="q",
            use_references=False,
            allow_reuse=True,
            metadata={"order": "1"},
            seed=0,
            priority=9,
            request_id="r",
        )
    assert fake.requests("GenerateScene") == [
        GenerateSceneRequest(
            story_id="s",
            page_id="p",
            character_ids=["c", "d"],
            scene_description="a hill",
            style="oil",
            aspect_ratio="2:1",
            options=GenerationOptions(
                model="m",
                quality="q",
                metadata={"order": "1"},
                use_references=False,
                allow_reuse=True,
            ),
            seed=0,
            priority=9,
            request_id="r",
        )
    ]


async def test_every_option_of_a_regeneration_is_sent(fake: FakeService, client: Client) -> None:
    with pytest.raises(InvalidRequest):
        await client.regenerate(
            "i",
            style="",
            prompt="at night",
            model="m",
            quality="q",
            use_references=False,
            allow_reuse=True,
            metadata={"order": "1"},
            seed=0,
            priority=9,
            request_id="r",
        )
    assert fake.requests("RegenerateImage") == [
        RegenerateImageRequest(
            image_id="i",
            modifications=Modifications(style="", prompt="at night", seed=0),
            options=GenerationOptions(
                model="m",
                quality="q",
                metadata={"order": "1"},
                use_references=False,
                allow_reuse=True,
            ),
            priority=9,
            request_id="r",
        )
    ]
