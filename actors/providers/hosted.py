"""Hosted providers: what each needs to know of a model, and the choice of those configured."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from actors.providers.base import Provider
from actors.providers.fake import FakeProvider
from actors.settings import OpenAiSettings
from server.domain.states import Quality
from server.routing.prices import Price
from server.routing.rows import Row

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A hosted model: its name in the catalogue, its name at the provider, and its price.

    `qualities` are the provider's labels. A picture takes `most_references` pictures at most;
    `partials` unfinished ones are asked for where somebody watches, each at its price.
    `prompt_limit` is in bytes. `asks_bytes` is the field by which the model is asked for a
    picture's bytes: for `dall-e-3`, where a service still has it, it is `response_format`.
    """

    name: str
    sent_as: str
    price: Price
    qualities: Mapping[Quality, str]
    most_references: int = 16
    partials: int = 0
    prompt_limit: int = 32_000
    asks_bytes: tuple[str, str] = ("output_format", "png")


def hosted_model(row: Row) -> HostedModel:
    """Returns what a provider needs to know of a row; raises ValueError for one without a price."""
    if row.price is None:
        raise ValueError(f"{row.name}: a model without a known price draws nothing")
    return HostedModel(
        name=row.name,
        sent_as=row.known_as or row.name,
        price=row.price,
        qualities={quality: grade.label for quality, grade in row.grades.items()},
        most_references=row.references,
        partials=row.partials,
        prompt_limit=row.longest_prompt,
    )


@asynccontextmanager
async def open_providers(
    rows: Sequence[Row], openai: OpenAiSettings
) -> AsyncIterator[tuple[Provider, ...]]:
    """Yields a provider for each hosted row of a catalogue that has a price.

    Raises ValueError for a row whose provider is not configured, or has no module here.
    """
    theirs = [row for row in rows if row.provider == "openai"]
    for row in theirs:
        if row.price is None:  # the router refuses it by name, and the others go on
            fields = {"provider": row.provider, "model": row.name}
            _log.warning("model without a price", extra=fields)
    ours = [hosted_model(row) for row in theirs if row.price is not None]
    if ours and openai.openai_api_key is None:
        names = ", ".join(model.name for model in ours)
        raise ValueError(f"IMGGEN_MODELS names {names}; set IMGGEN_OPENAI_API_KEY, too")
    strange = [row for row in rows if row.provider not in ("local", "openai", "fake")]
    if strange:
        raise ValueError(f"{strange[0].name}: no module draws for provider {strange[0].provider}")
    fakes = [FakeProvider() for row in rows if row.provider == "fake"]
    async with open_hosted(openai, ours) as drawing:
        yield (*drawing, *fakes)


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
