"""Hosted providers: what each needs to know of a model, and the choice of those configured."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

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


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts at hosted providers, read from the environment unless given."""

    openai: OpenAiSettings = field(default_factory=OpenAiSettings)


Opener = Callable[[Sequence[Row], Accounts], AbstractAsyncContextManager[tuple[Provider, ...]]]
"""Opens the providers of rows that have a price; raises ValueError without an account for them."""


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
        asks_bytes=_asks_bytes(row.known_as or row.name),
    )


def _asks_bytes(sent_as: str) -> tuple[str, str]:
    old = sent_as.startswith("dall-e-")
    return ("response_format", "b64_json") if old else ("output_format", "png")


@asynccontextmanager
async def open_providers(
    rows: Sequence[Row], accounts: Accounts
) -> AsyncIterator[tuple[Provider, ...]]:
    """Yields a provider for each hosted row of a catalogue that has a price.

    Raises ValueError for a row whose provider is not configured, or has no module here.
    """
    hosted = [row for row in rows if row.provider != "local" and _priced(row)]
    opened: list[Provider] = []
    async with AsyncExitStack() as stack:
        for name in dict.fromkeys(row.provider for row in hosted):
            theirs = [row for row in hosted if row.provider == name]
            if name not in OPENERS:
                raise ValueError(f"{theirs[0].name}: no module draws for provider {name}")
            opened += await stack.enter_async_context(OPENERS[name](theirs, accounts))
        yield tuple(opened)


def _priced(row: Row) -> bool:
    if row.price is None:  # the router refuses it by name, and the others go on
        fields = {"provider": row.provider, "model": row.name}
        _log.warning("model without a price", extra=fields)
    return row.price is not None


@asynccontextmanager
async def _open_openai(
    rows: Sequence[Row], accounts: Accounts
) -> AsyncIterator[tuple[Provider, ...]]:
    if accounts.openai.openai_api_key is None:
        raise _unconfigured(rows, "IMGGEN_OPENAI_API_KEY")
    async with open_hosted(accounts.openai, [hosted_model(row) for row in rows]) as providers:
        yield providers


@asynccontextmanager
async def _open_fakes(
    rows: Sequence[Row], accounts: Accounts
) -> AsyncIterator[tuple[Provider, ...]]:
    yield tuple(FakeProvider() for _ in rows)


def _unconfigured(rows: Sequence[Row], setting: str) -> ValueError:
    names = ", ".join(row.name for row in rows)
    return ValueError(f"IMGGEN_MODELS names {names}; set {setting}, too")


OPENERS: Mapping[str, Opener] = MappingProxyType({"openai": _open_openai, "fake": _open_fakes})
"""How the providers of each name are opened, but for the local one, which needs a diffuser."""


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
