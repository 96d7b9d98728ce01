"""The interface of dialects: how one model is told what to draw."""

from dataclasses import dataclass
from typing import Protocol

from server.domain.scenes import NotDrawn, Scene
from server.domain.spec import RenderSpec


@dataclass(frozen=True, slots=True)
class CompiledPrompt:
    """A model's prompt, and the parts of the content that its picture will not show as told.

    Where it is `mirrored`, the prompt says what a mirror shows of the picture: who is on its left
    is on the right of what the model draws.
    """

    prompt: str
    negative_prompt: str
    not_drawn: tuple[NotDrawn, ...] = ()
    mirrored: bool = False


class Dialect(Protocol):
    """Turns content into a prompt. The same content gives the same prompt."""

    def compile(self, spec: RenderSpec, scene: Scene) -> CompiledPrompt:
        """Returns the prompt of a spec, whose characters are the scene's figures in their order."""
        ...
