"""A provider around another one: what it does not change is the other's."""

from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    ReferenceReading,
    RenderedPicture,
    RenderProgress,
)
from server.domain.models import Format


class WrappedProvider:
    """A provider that hands each call on to the one that it wraps."""

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
        return await self._provider.render(content, format, references, progress)

    async def probe(self) -> None:
        """Raises ProviderFailed while the provider would not draw."""
        await self._provider.probe()
