"""Calls of providers, as traces show them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from actors.extractors import ModelFailed
from actors.providers.base import (
    CharacterReference,
    Content,
    ProviderFailed,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.wrapped import WrappedProvider
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


class TracedProvider(WrappedProvider):
    """A provider whose renders are traced."""

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
