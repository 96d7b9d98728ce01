"""The interface of providers: a picture's content goes in, a picture with its cost comes out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from actors.engine.render import NO_PACE, RecordPace, ReferenceEncoder
from actors.prompts.dialect import CompiledPrompt
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId
from server.domain.jobs import Sampling
from server.domain.models import Format
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec
from server.errors import Unavailable
from server.routing.failover import FailureKind


@dataclass(frozen=True, slots=True)
class Content:
    """What a picture shows, before any provider's words are chosen.

    `scene` is what was read from the scene description or the page; `cast` are the characters of
    its figures, from left to right. Nothing in it names the user.
    """

    spec: RenderSpec
    scene: Scene
    cast: tuple[FrozenCharacter, ...]


@dataclass(frozen=True, slots=True)
class CharacterReference:
    """The reference of a character, and the column of the picture where the character stands.

    `data` is an Embedding's where the provider has an encoder, else the portrait's PNG. `left` and
    `right` are parts of the width, 0 to 1.
    """

    character_id: CharacterId
    data: bytes
    left: float = 0.0
    right: float = 1.0


@dataclass(frozen=True, slots=True)
class ReferenceReading:
    """How a provider reads references: `most` a picture, each counting by `scale`, 0 to 1.

    Without an `encoder` it is sent the portraits themselves.
    """

    most: int
    scale: float = 1.0
    encoder: ReferenceEncoder | None = None


class RenderRecords(Protocol):
    """Where a render keeps its records, for the attempt that may take its job over.

    Only providers whose renderer hands some out use it.
    """

    @property
    def pace(self) -> RecordPace:
        """How often records are wanted."""
        ...

    async def left(self) -> bytes:
        """Returns the newest record that an earlier attempt has left; empty for none."""
        ...

    def keep(self, record: bytes) -> None:
        """Keeps a record in place of the one before, soon and without waiting."""
        ...

    def went_on(self, step: int, steps: int) -> None:
        """Notes that the render has gone on after a step of an earlier one."""
        ...


class NoRecords:
    """Keeps no records."""

    pace = NO_PACE

    async def left(self) -> bytes:
        """Returns no record."""
        return b""

    def keep(self, record: bytes) -> None:
        """Drops a record."""

    def went_on(self, step: int, steps: int) -> None:
        """Does nothing."""


NO_RECORDS = NoRecords()


class RenderProgress(Protocol):
    """Where a provider reports its progress."""

    @property
    def records(self) -> RenderRecords:
        """Where the render keeps its records."""
        ...

    @property
    def watched(self) -> asyncio.Event:
        """Set once somebody wants previews; it may be set while the picture is drawn."""
        ...

    def step(self, step: int, steps: int, preview: bytes | None = None) -> None:
        """Reports that `step` of `steps` are done, with a JPEG of the unfinished picture."""
        ...


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """A picture as its provider gave it, a PNG, and what it took to draw it.

    `seed` is None where the provider takes none. `cost_micros` is exact unless `cost_estimated`,
    when it is the call's hold. `usage` is what the provider counted, by its own names.
    """

    png: bytes
    width: int
    height: int
    prompt: CompiledPrompt
    provider: str
    model: str
    seed: int | None
    cost_micros: int = 0
    cost_estimated: bool = False
    usage: Mapping[str, int] = field(default_factory=dict)
    request_id: str = ""
    sampling: Sampling | None = None


class ProviderFailed(Unavailable):
    """Raised for a call of a provider that gave no picture; `kind` decides what follows.

    `delay` is how long the provider asked to wait, `stage` and `categories` are why it refused a
    prompt or a picture. `cost_micros` is None unless the provider told what the call cost. The
    message has no part of the prompt, and no key.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        delay: timedelta | None = None,
        stage: str = "",
        categories: tuple[str, ...] = (),
        request_id: str = "",
        cost_micros: int | None = None,
    ) -> None:
        super().__init__(message, ErrorReason.ERROR_REASON_RENDER_FAILED)
        self.kind = kind
        self.delay = delay
        self.stage = stage
        self.categories = categories
        self.request_id = request_id
        self.cost_micros = cost_micros


class Provider(Protocol):
    """Draws pictures with one model of the catalogue."""

    @property
    def name(self) -> str:
        """The provider, for instance `local` or `openai`."""
        ...

    @property
    def model(self) -> str:
        """The model, by its name in the catalogue."""
        ...

    @property
    def references(self) -> ReferenceReading:
        """How it reads references; `most` of 0 where it reads none."""
        ...

    def told(self, content: Content) -> CompiledPrompt:
        """Returns what the model is told of a content; raises ValueError if it cannot draw it.

        What the words for references add is left out.
        """
        ...

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture in the model's native size of a format.

        Cancelling it ends the call: a local render at its next step, a hosted one by closing its
        connection, which may have been billed. Raises ProviderFailed, PictureBroken for a local
        picture that shows nothing, and Unavailable when a local model was lost.
        """
        ...

    async def probe(self) -> None:
        """Raises ProviderFailed while the provider would not draw; it costs nothing."""
        ...
