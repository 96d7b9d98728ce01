"""OpenAI's provider passes the suite of every provider at the service itself.

It draws with the account of the settings, `IMGGEN_OPENAI_API_KEY` and `IMGGEN_OPENAI_BASE_URL`, in
the cheapest quality and the smallest size: `make live`. What only a scripted server can do is in
`tests/unit/test_openai_suite.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    ProviderFailed,
    ReferenceReading,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.hosted import hosted_model, open_hosted
from actors.settings import OpenAiSettings
from actors.testing.stored import draw_pictures
from server.domain.ids import CharacterId
from server.domain.models import Format, Size
from server.routing.catalogue import KNOWN
from server.routing.failover import FailureKind
from server.routing.settings import RoutingSettings
from tests.provider_suite import CAST, Bench, ProviderSuite
from tests.wire.server import closed_url

CHEAPEST = "low"
SMALLEST = Size(1024, 640)
"""Of the fewest pixels that the API draws."""


class PatientProvider:
    """A provider that waits where the account's limit by the minute is reached."""

    def __init__(self, provider: Provider) -> None:
        self.name, self.model = provider.name, provider.model
        self._provider = provider

    @property
    def references(self) -> ReferenceReading:
        return self._provider.references

    def told(self, content: Content) -> CompiledPrompt:
        """Returns what the model is told of a content."""
        return self._provider.told(content)

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        while True:
            try:
                return await self._provider.render(content, format, references, progress)
            except ProviderFailed as error:
                if error.kind is not FailureKind.RATE_LIMITED or error.delay is None:
                    raise
                await asyncio.sleep(error.delay.total_seconds())

    async def probe(self) -> None:
        await self._provider.probe()


@pytest.mark.live
class TestOpenAi(ProviderSuite):
    """The provider of the first of OpenAI's models that the settings name."""

    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        settings = OpenAiSettings()
        if settings.openai_api_key is None:
            pytest.skip("IMGGEN_OPENAI_API_KEY: not set; the key of the account that pays for it")
        offered = RoutingSettings().catalogue().models
        named = [row for row in offered if row.provider == "openai"]
        row = (named or [KNOWN["gpt-image-2.5-flare"]])[0]
        grades = {quality: replace(grade, label=CHEAPEST) for quality, grade in row.grades.items()}
        row = replace(
            row,
            grades=MappingProxyType(grades),
            portraits=MappingProxyType({str(SMALLEST): Format(SMALLEST, SMALLEST)}),
            scenes=MappingProxyType({"16:9": SMALLEST}),
        )
        async with AsyncExitStack() as stack:

            async def by(known_as: str = row.known_as, **changes: Any) -> Provider:
                account = settings.model_copy(update=changes)
                model = hosted_model(replace(row, known_as=known_as))
                [opened] = await stack.enter_async_context(open_hosted(account, [model]))
                return PatientProvider(opened)

            nowhere = await by(openai_base_url=closed_url())
            stranger = OpenAiSettings.model_validate({"openai_api_key": "sk-nobodys"})
            yield Bench(
                provider=await by(),
                row=row,
                arrived=lambda: 0,
                running=lambda: 0,  # only the service knows
                reference=draw_pictures(1, 512)[0],
                takes_seed=False,
                turns_previews_on=False,
                hook=0,
                failing={
                    FailureKind.NOT_CONNECTED: nowhere,
                    FailureKind.ACCOUNT_STOPPED: await by(openai_api_key=stranger.openai_api_key),
                    FailureKind.MODEL_GONE: await by("gpt-image-0-nobodys"),
                },
                down=nowhere,
                deadline_s=600,
            )

    async def test_it_reads_references_up_to_its_most(self, bench: Bench) -> None:
        """Sends one, which costs less, and is seen in the usage."""
        name = "input_tokens_details.image_tokens"
        reference = CharacterReference(CharacterId(CAST[0].id), bench.reference)
        assert (await bench.draw()).usage.get(name, 0) == 0
        assert (await bench.draw(references=(reference,))).usage[name] > 0
