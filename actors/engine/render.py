"""Requests to a model and its answers: plain values, so that callers need no torch."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

from imggen.v1.errors_pb2 import ErrorReason
from server.errors import Internal


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A request for one picture.

    `width` and `height` are the model's own pixels. An empty `negative_prompt` means none.
    `previews` asks for small pictures of the model's prediction, once a second at most; with an
    `id` they can also be turned on while the render runs.
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
    """The end of step `step` of `steps`, counted from 1; a preview is a JPEG."""

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
"""An event of a render's stream: its steps in order, then its result."""

OnStep = Callable[[StepEvent], None]
"""Called after every step in the thread that renders; an exception stops the render there."""


class RenderCancelled(Exception):
    """Raised when a render is stopped between two steps because nobody waits for it any more."""


class PictureBroken(Internal):
    """Raised for a picture that shows nothing: black, one colour, noise, or not made of numbers."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_PICTURE_BROKEN)


class Renderer(Protocol):
    """Draws pictures, one at a time."""

    def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Closing the generator stops the render at the next step.
        """
        ...

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it waits or runs."""
        ...
