"""Hosted providers: what each needs to know of a model, and the choice of those configured."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from actors.providers.base import Provider
from actors.settings import OpenAiSettings
from server.domain.states import Quality
from server.routing.prices import Price


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A hosted model: its name in the catalogue, its name at the provider, and its price.

    `qualities` are the provider's labels. A picture takes `most_references` pictures at most;
    `partials` unfinished ones are asked for where somebody watches, each at its price.
    `asks_bytes` is the field by which the model is asked for a picture's bytes: for `dall-e-3`,
    where a service still has it, it is `response_format`.
    """

    name: str
    sent_as: str
    price: Price
    qualities: Mapping[Quality, str]
    most_references: int = 16
    partials: int = 0
    prompt_limit: int = 32_000
    asks_bytes: tuple[str, str] = ("output_format", "png")


@asynccontextmanager
async def open_hosted(
    settings: OpenAiSettings, models: Sequence[HostedModel]
) -> AsyncIterator[tuple[Provider, ...]]:
    """Yields a provider for each model of OpenAI's; none without a key."""
    if settings.openai_api_key is None or not models:
        yield ()
        return
    # The SDK takes half a second to import, and installations without a key do without it.
    from actors.providers.openai import open_openai

    async with open_openai(settings, models) as providers:
        yield providers
