"""The interfaces of extractors: those that cost nothing, and those that ask a paid model."""

from dataclasses import dataclass
from typing import Protocol

from actors.extractors.pages import Page
from server.domain.money import Bill
from server.domain.scenes import Scene
from server.routing.failover import FailureKind


class ExtractionFailed(Exception):
    """Raised when an extractor finds no scene; another one may still succeed."""


class ModelFailed(ExtractionFailed):
    """Raised when a paid model was asked in vain; `kind` decides whether the call is billed.

    `cost_micros` is None unless the provider told what the call cost. The message has no part of
    the page, and no key.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        request_id: str = "",
        cost_micros: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.request_id = request_id
        self.cost_micros = cost_micros


class SceneExtractor(Protocol):
    """Reads what the picture of a page shows."""

    async def read(self, page: Page) -> Scene:
        """Returns the scene of a page, an empty one for an empty text; raises ExtractionFailed."""
        ...


@dataclass(frozen=True, slots=True)
class AskedScene:
    """A scene, and the bill of the call that found it."""

    scene: Scene
    bill: Bill


class PaidExtractor(Protocol):
    """Asks a model for the scene of a page, once; who calls it pays for it."""

    @property
    def provider(self) -> str:
        """Whose budget pays, for instance `openai`."""
        ...

    @property
    def model(self) -> str:
        """The model that is asked."""
        ...

    def most_micros(self, page: Page) -> int:
        """Returns the most that asking for a page can cost: its hold; 0 where it is free."""
        ...

    async def ask(self, page: Page) -> AskedScene:
        """Returns the scene of a page, with its bill; raises ModelFailed."""
        ...
