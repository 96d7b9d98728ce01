"""The interface of dialects: how one model is told what to draw."""

from dataclasses import dataclass
from typing import Protocol

from server.domain.spec import RenderSpec


@dataclass(frozen=True, slots=True)
class CompiledPrompt:
    """A model's prompt, and the words of the content that the model does not know."""

    prompt: str
    negative_prompt: str
    unknown: tuple[str, ...] = ()


class Dialect(Protocol):
    """Turns content into a prompt. The same content gives the same prompt."""

    def compile(self, spec: RenderSpec, scene: str) -> CompiledPrompt:
        """Returns the prompt of a spec; `scene` is what the picture shows, possibly empty."""
        ...
