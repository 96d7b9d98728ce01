"""Rows of the catalogue: models with their prices, and what may be expected of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from server.domain.models import Model
from server.domain.states import Lane, Quality
from server.routing.failover import Billed
from server.routing.prices import Price

PROVIDERS: Mapping[str, Lane] = MappingProxyType(
    {"local": Lane.LOCAL, "openai": Lane.HOSTED, "fake": Lane.HOSTED}
)
"""The providers that `actors/providers` has a module for, and the lane in which each draws."""


class Capability(StrEnum):
    """What a model can do; a request that names a seed needs a model that takes one."""

    REFERENCES = "references"  # pictures of the characters are drawn from
    TRANSPARENCY = "transparency"  # noted only: no request asks for it
    NEGATIVE_PROMPT = "negative_prompt"  # noted only
    SEED = "seed"


@dataclass(frozen=True, slots=True)
class Grade:
    """A quality of requests as a model has it.

    `label` is its name at the provider. `seconds` and `score`, 0 to 5, are what to expect of a
    picture before any was measured.
    """

    label: str
    seconds: float
    score: float


@dataclass(frozen=True, slots=True)
class Row(Model):
    """A model as the catalogue lists it.

    A `price` of None is not known, and such a row draws nothing. `known_as` is the model's name
    at its provider. It draws from `references` pictures of characters at most, sends `partials`
    unfinished ones back, and reads `longest_prompt` bytes of UTF-8. A `canary` share of the jobs
    that it could draw is sent to it, whatever it costs, and no others while there is another
    offer. It also draws what is asked of the models that it is the `successor_of`.
    `drawn_styles` are the styles that it does not know, each with the one that it draws instead.
    """

    grades: Mapping[Quality, Grade]
    price: Price | None
    as_of: date | None = None
    retires_on: date | None = None
    known_as: str = ""
    capabilities: frozenset[Capability] = frozenset()
    references: int = 0
    partials: int = 0
    longest_prompt: int = 4_000
    refusal_charged: Billed = Billed.UNKNOWN
    canary: float = 0.0
    successor_of: tuple[str, ...] = ()
    drawn_styles: Mapping[str, str] = field(default_factory=dict)

    def retired(self, now: datetime) -> bool:
        """Returns whether its provider has retired it."""
        return self.retires_on is not None and now.date() >= self.retires_on
