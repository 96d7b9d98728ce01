"""What tests of hosted providers share: a model with its price, content and a progress."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.providers.base import (
    NO_RECORDS,
    CharacterReference,
    Content,
    Provider,
    RenderedPicture,
    RenderRecords,
)
from actors.providers.hosted import HostedModel, open_hosted
from actors.settings import OpenAiSettings
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.models import Format, Size
from server.domain.scenes import Scene
from server.domain.states import ImageType, Quality
from server.routing.prices import TokenPrice
from tests.unit.content import character, render_spec

KEY = "sk-test-0123456789"
SQUARE = Size(1024, 1024)
FORMAT = Format(SQUARE, SQUARE)
PRICE = TokenPrice(
    text_in=Decimal(5),
    image_in=Decimal(8),
    image_out=Decimal(30),
    text_cached=Decimal("1.25"),
    image_cached=Decimal(2),
    text_out=Decimal(30),
    outputs={"high": {"1024x1024": 1756}, "medium": {"1024x1024": 439}},
    reference_tokens=1100,
    partial_tokens=100,
    prompt_tokens=8000,
)
FLARE = HostedModel(
    name="flare",
    sent_as="gpt-image-2.5-flare",
    price=PRICE,
    qualities={Quality.HD: "high", Quality.STANDARD: "medium", Quality.DRAFT: "low"},
    partials=2,
)
MIA = FrozenCharacter(UUID(int=1), 1, character("Mia", age=7, hair="red").description)
TOM = FrozenCharacter(UUID(int=2), 1, character("Tom Ä. O'Neil", age=8).description)


@dataclass
class Progress:
    """Keeps what a provider reports."""

    records: RenderRecords = NO_RECORDS
    watched: asyncio.Event = field(default_factory=asyncio.Event)
    steps: list[tuple[int, int, bool]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        self.steps.append((step, steps, preview is not None))
        if preview is not None:
            self.previews.append(preview)


def watched() -> Progress:
    """Returns the progress of a call that somebody watches as it begins."""
    progress = Progress()
    progress.watched.set()
    return progress


def content(
    *cast: FrozenCharacter, quality: Quality = Quality.HD, scene: str = "Mia runs.", **more: Any
) -> Content:
    """Returns the content of a scene."""
    spec = render_spec(cast, ImageType.SCENE, model="flare", quality=quality)
    return Content(spec, Scene(told=scene), tuple(cast), **more)


def reference(one: FrozenCharacter, data: bytes) -> CharacterReference:
    """Returns a character's reference."""
    return CharacterReference(CharacterId(one.id), data)


def settings(url: str, **changes: Any) -> OpenAiSettings:
    """Returns the settings of an account at a test server."""
    fields = {"openai_api_key": KEY, "openai_base_url": url, **changes}
    return OpenAiSettings.model_validate(fields)


@asynccontextmanager
async def provider(url: str, model: HostedModel = FLARE, **changes: Any) -> AsyncIterator[Provider]:
    """Yields a provider of one model at a test server."""
    async with open_hosted(settings(url, **changes), [model]) as (opened,):
        yield opened


async def draw(
    url: str,
    *references: CharacterReference,
    progress: Progress | None = None,
    what: Content | None = None,
    model: HostedModel = FLARE,
    **changes: Any,
) -> RenderedPicture:
    """Draws a picture at a test server."""
    async with provider(url, model, **changes) as drawing:
        return await drawing.render(
            what or content(MIA), FORMAT, references, progress or Progress()
        )
