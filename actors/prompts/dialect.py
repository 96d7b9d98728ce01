"""What a dialect is: one model's way of being told what to draw."""

from dataclasses import dataclass
from typing import Protocol

from server.domain.spec import RenderSpec


@dataclass(frozen=True, slots=True)
class CompiledPrompt:
    """Is what a model is told, and the words of the content that it has no word for."""

    prompt: str
    negative_prompt: str
    unknown: tuple[str, ...] = ()


class Dialect(Protocol):
    """Turns content into a prompt. The same content gives the same prompt."""

    def compile(self, spec: RenderSpec, scene: str) -> CompiledPrompt:
        """Returns the prompt of a spec; `scene` is what the picture shows, perhaps empty."""
        ...
