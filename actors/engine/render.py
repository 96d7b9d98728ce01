"""What a model is asked for and what it answers: plain values, so that callers need no torch."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """Asks for one picture.

    `width` and `height` are the model's own pixels. An empty `negative_prompt` means none.
    `previews` asks for small pictures of what the model has in mind, once a second at most;
    a render with an `id` may also be asked for them while it runs.
    """

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    guidance_scale: float
    guidance_rescale: float
    seed: int
    previews: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Says that step `step` of `steps` is done, counted from 1; a preview is a JPEG."""

    step: int
    steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class RenderResult:
    """A finished picture as the model gave it, a PNG.

    `scheduler` is the name of the class that led the steps.
    """

    png: bytes
    width: int
    height: int
    scheduler: str


RenderEvent = StepEvent | RenderResult
"""Is what a stream of a render yields: its steps in order, then its result."""

OnStep = Callable[[StepEvent], None]
"""Hears of every step in the thread that renders; what it raises stops the render there."""


class RenderCancelled(Exception):
    """Says that a render was stopped between two steps because nobody waits for it any more."""


class Renderer(Protocol):
    """Draws pictures, one at a time."""

    def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Closing the generator stops the render at the next step.
        """
        ...

    async def show_previews(self, render: str) -> None:
        """Makes previews of the render of that id from now on, if it waits or runs."""
        ...
