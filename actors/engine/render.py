"""Requests to a model and its answers: plain values, so that callers need no torch."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Protocol, Self

from imggen.v1.errors_pb2 import ErrorReason
from server.domain.joined import Joined
from server.errors import Internal, Unavailable


class Scheduler(StrEnum):
    """A scheduler by its name in profiles; OWN is the checkpoint's.

    EULER_TRAILING begins at the last time that the model was trained on, as the LoRA adapters of
    few steps do.
    """

    OWN = ""
    EULER = "euler"
    EULER_TRAILING = "euler_trailing"
    DPM_KARRAS = "dpm++2m_karras"
    DDIM = "ddim"


EVERYWHERE = (0.0, inf)
"""The interval of guidance that has every noise level."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A reference picture as an image encoder sees it: `data` is safetensors.

    `encoder` is the checksum of the encoder and of how its output is taken; it is also in the
    metadata of `data`, since no other encoder's embedding may reach a model.
    """

    encoder: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PlacedReference:
    """The reference of a character, and the column of the picture where the character stands.

    `embedding` is the data of an Embedding; `left` and `right` are parts of the width, 0 to 1.
    """

    embedding: bytes
    left: float = 0.0
    right: float = 1.0


@dataclass(frozen=True, slots=True)
class Origin:
    """A picture that a render begins from, PNG, JPEG or WebP, of the render's size.

    `strength`, above 0 to 1, is how much of it becomes noise, and which part of the steps is
    taken. Of a `mask` of the same size, what is white is drawn anew, and what is black stays; an
    empty one draws all of it anew.
    """

    picture: bytes
    strength: float
    mask: bytes = b""


@dataclass(frozen=True, slots=True)
class RecordPace:
    """How often a render hands out records: each `every` steps; 0 for never.

    Before it has taken `after_s` seconds there is none: it is begun again faster.
    """

    every: int = 0
    after_s: float = 0.0


NO_PACE = RecordPace()
"""The pace of renders that hand out no records."""


@dataclass(frozen=True, slots=True)
class LoraWeight:
    """A LoRA adapter by the name of its file in the folder of `IMGGEN_LORAS`, and its weight.

    A weight of 1 is the adapter as it was trained, and 0 leaves it out.
    """

    name: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A request for one picture.

    `width` and `height` are the model's own pixels. An empty `negative_prompt` means none.
    References count by `reference_scale`, from 0, which leaves it to the prompt, to 1.
    `previews` asks for small pictures of the model's prediction, once a second at most; with an
    `id` they can also be turned on while the render runs. Where it is `mirrored`, the picture and
    its previews are what the model draws in a mirror; the columns of references are the model's.
    `trace` is the `traceparent` of the call that the render is a part of; empty for none.
    `scheduler` leads the steps. Without an `origin` the picture begins as noise. `loras` change
    the model for this picture alone. Guidance works above the first and up to the second noise
    level of `guidance_interval` (arXiv 2404.07724), in sigma; at others the prompt leads alone.
    `records` are the pace of its records; a `record` is one that an earlier render of the same
    request handed out, after whose step it goes on.
    """

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    guidance_scale: float
    guidance_rescale: float
    seed: int
    references: tuple[PlacedReference, ...] = ()
    reference_scale: float = 0.0
    previews: bool = False
    id: str = ""
    mirrored: bool = False
    trace: str = ""
    scheduler: Scheduler = Scheduler.OWN
    origin: Origin | None = None
    loras: tuple[LoraWeight, ...] = ()
    guidance_interval: tuple[float, float] = EVERYWHERE
    records: RecordPace = NO_PACE
    record: bytes = b""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """The end of step `step` of `steps`, counted from 1; a preview is a JPEG.

    From a `record` a later render of the request goes on after this step.
    """

    step: int
    steps: int
    preview: bytes | None = None
    record: bytes | None = None


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
"""Called after every step in the thread that renders; RenderCancelled stops the render there."""


class RenderCancelled(Exception):
    """Raised when a render is stopped between two steps because nobody waits for it any more."""


class PictureBroken(Internal):
    """Raised for a picture that shows nothing: black, one colour, noise, or not made of numbers."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_PICTURE_BROKEN)


class PictureUnreadable(Internal):
    """Raised for a reference whose bytes are no picture, or whose embedding is not finite."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


class EncoderChanged(Unavailable):
    """Raised for an embedding by another encoder than the model's; a new attempt computes it."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


class LoraRefused(Internal):
    """Raised for a LoRA adapter that is missing, damaged, too large, or another model's."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


class LoraReplaced(Unavailable):
    """Raised for a LoRA adapter whose file was replaced while it was read."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


class LorasBusy(Unavailable):
    """Raised where other renders use all the memory that LoRA adapters may take."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


class ModelDiffers(Unavailable):
    """Raised for a render of another model than a replica holds."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)


class DeviceBroken(Unavailable):
    """Raised for work on a device that can compute nothing more: its process must end."""

    # One argument, since Ray pickles the errors of a replica.
    def __init__(self, message: str) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)

    @classmethod
    def by(cls, fault: BaseException) -> Self:
        """Returns what callers are told of a fault."""
        return cls(f"the device is broken ({fault}); the replica ends")


class Renderer(Protocol):
    """Draws pictures; several requests may be under way at once."""

    def stream(self, request: RenderRequest) -> AsyncGenerator[RenderEvent]:
        """Renders; yields each step as it is done, then the result.

        Closing the generator stops the render at the next step.
        """
        ...

    async def show_previews(self, render: str) -> None:
        """Turns on the previews of the render with that id, if it waits or runs."""
        ...


class ReferenceEncoder(Protocol):
    """Turns reference pictures into what a model's adapter reads."""

    async def encoder(self) -> str:
        """Returns the checksum of the encoder; empty where the model has no adapter."""
        ...

    async def encode(self, png: bytes) -> Embedding:
        """Returns the embedding of a picture.

        Raises PictureUnreadable for bytes that are no picture, and for an embedding that is not
        finite.
        """
        ...


class ReferenceRenderer(Renderer, ReferenceEncoder, Protocol):
    """Draws pictures, and reads the references that characters in them are drawn from."""

    async def joined(self) -> Joined:
        """Returns how many pictures it draws at once, and how much faster that is."""
        ...
