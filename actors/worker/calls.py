"""Calls of providers, as traces show them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from actors.extractors import ModelFailed
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
from server.domain.models import Format
from server.domain.money import CallName
from server.traces import Kind, Span, Value, child


@contextmanager
def provider_call(name: CallName, provider: str, model: str) -> Iterator[Span]:
    """Traces a block that calls a provider; of a failure it tells the kind, and no message."""
    about = {"imggen.provider": provider, "imggen.model": model}
    with child(f"call {name}", Kind.CLIENT, about) as span:
        try:
            yield span
        except (ProviderFailed, ModelFailed) as error:
            span.set(told_of(error.request_id, error.cost_micros))
            span.fail(error.kind)
            raise


def told_of(request_id: str, cost_micros: int | None) -> Mapping[str, Value]:
    """Returns what a provider told of a call, without what it did not tell."""
    told: dict[str, Value] = {}
    if request_id:
        told["imggen.provider_request_id"] = request_id
    if cost_micros is not None:
        told["imggen.cost_micros"] = cost_micros
    return told


class TracedProvider:
    """A provider whose renders are traced."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def name(self) -> str:
        """The provider."""
        return self._provider.name

    @property
    def model(self) -> str:
        """The model."""
        return self._provider.model

    @property
    def references(self) -> ReferenceReading:
        """How it reads references."""
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
        """Draws a picture."""
        with provider_call(CallName.RENDER, self.name, self.model) as call:
            picture = await self._provider.render(content, format, references, progress)
            call.set(told_of(picture.request_id, picture.cost_micros))
        return picture

    async def probe(self) -> None:
        """Raises ProviderFailed while the provider would not draw."""
        await self._provider.probe()
