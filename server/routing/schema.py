"""The form of a catalogue's file: which keys a row has, and what they may be."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from server.domain.models import Format, Size
from server.domain.states import Lane, Quality
from server.routing.failover import Billed
from server.routing.formats import RATIOS
from server.routing.prices import FreePrice, PicturePrice, Price, TokenPrice
from server.routing.rows import PROVIDERS, Capability, Grade, Row

_SizeText = Annotated[str, Field(pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")]
_Micros = Annotated[int, Field(ge=0)]
_Cost = Annotated[int, Field(gt=0)]
_Rate = Annotated[Decimal, Field(ge=0, le=10_000, allow_inf_nan=False)]
_Tokens = Annotated[int, Field(ge=0, le=1_000_000)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Score = Annotated[float, Field(ge=0, le=5)]

PRICE_KINDS = ("free", "picture", "token")
"""The kinds of prices."""

TOGETHER = "together"
"""The type of an error whose context has several `problems` of one table."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Free(_Table):
    """`on_purpose` is needed of hosted models, whose calls are on an invoice unless it says so."""

    kind: Literal["free"]
    on_purpose: bool = False

    def problems(self, provider: str, labels: Collection[str]) -> Iterator[str]:
        """Yields what is wrong with it for a row of a provider."""
        if PROVIDERS.get(provider) is Lane.HOSTED and not self.on_purpose:
            yield (
                f"price: {provider} sends an invoice, and what is free is neither held nor booked;"
                " give its price, or on_purpose = true for a service of your own"
            )

    def price(self) -> Price:
        """Returns the price of what costs nothing."""
        return FreePrice()


class _ByPicture(_Table):
    """Micros by the provider's label, and by size where it differs; `reference` is added."""

    kind: Literal["picture"]
    qualities: dict[str, _Cost] = Field(min_length=1)
    sizes: dict[str, dict[_SizeText, _Cost]] = {}
    reference: _Micros = 0

    def problems(self, provider: str, labels: Collection[str]) -> Iterator[str]:
        """Yields what is wrong with it for a row whose qualities have some labels."""
        yield from _unpriced("price.qualities", {*self.qualities, *self.sizes}, labels)
        for key, priced in (("qualities", self.qualities), ("sizes", self.sizes)):
            for label in sorted(priced.keys() - set(labels)):
                yield f"price.{key}.{label}: no quality has this label; use {_either(labels)}"

    def price(self) -> Price:
        """Returns the price by label and size."""
        sizes = {
            (label, size): micros
            for label, by_size in self.sizes.items()
            for size, micros in by_size.items()
        }
        return PicturePrice(
            MappingProxyType(self.qualities), MappingProxyType(sizes), self.reference
        )


class _ByToken(_Table):
    """Micros a token, and the tokens of a picture by the provider's label and size."""

    kind: Literal["token"]
    text_in: _Rate
    image_in: _Rate
    image_out: Annotated[Decimal, Field(gt=0, le=10_000, allow_inf_nan=False)]
    text_cached: _Rate
    image_cached: _Rate
    text_out: _Rate
    outputs: dict[str, dict[_SizeText, Annotated[int, Field(gt=0, le=1_000_000)]]]
    reference_tokens: _Tokens
    partial_tokens: _Tokens
    prompt_tokens: _Tokens

    def problems(self, provider: str, labels: Collection[str]) -> Iterator[str]:
        """Yields what is wrong with it for a row whose qualities have some labels.

        Other labels may have tokens, too: a provider lists more than a row uses.
        """
        yield from _unpriced("price.outputs", self.outputs, labels)

    def price(self) -> Price:
        """Returns the price by token."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
        return TokenPrice(**fields)


class _GradeTable(_Table):
    label: str = Field(min_length=1)
    seconds: Annotated[float, Field(gt=0, le=3_600)]
    score: _Score


class RowTable(_Table):
    """A row of the file; its name is the key of its table."""

    provider: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    lane: Literal["local", "hosted"]
    max_characters: Annotated[int, Field(ge=0, le=64)]
    portraits: dict[_SizeText, _SizeText] = Field(min_length=1)
    scenes: dict[str, _SizeText] = Field(min_length=1)
    quality: dict[Quality, _GradeTable] = Field(min_length=1)
    price: Annotated[_Free | _ByPicture | _ByToken, Field(discriminator="kind")] | None = None
    as_of: date | None = None
    retires_on: date | None = None
    known_as: str = ""
    capabilities: frozenset[Capability] = frozenset()
    references: Annotated[int, Field(ge=0, le=64)] = 0
    partials: Annotated[int, Field(ge=0, le=16)] = 0
    longest_prompt: Annotated[int, Field(ge=100)] = 4_000
    refusal_charged: Literal["yes", "no", "unknown"] = "unknown"
    canary: _Share = 0.0
    successor_of: tuple[str, ...] = ()
    drawn_styles: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if problems := tuple(self._problems()):
            raise PydanticCustomError(TOGETHER, "{problems}", {"problems": problems})
        return self

    def _problems(self) -> Iterator[str]:
        lane = PROVIDERS.get(self.provider)
        if lane is None:
            yield f'provider: "{self.provider}" is not known; use {_either(PROVIDERS)}'
        elif self.lane != lane:
            yield f'lane: {self.provider} draws in the lane "{lane}", not "{self.lane}"'
        unknown = [ratio for ratio in self.scenes if ratio not in RATIOS]
        if unknown:
            yield f"scenes: {', '.join(unknown)}; use some of {', '.join(RATIOS)}"
        if (Capability.REFERENCES in self.capabilities) != (self.references > 0):
            yield "references: their number and their capability go together"
        if self.price is None:
            return
        if self.price.kind != "free" and self.as_of is None:
            yield "as_of: a price needs the date on which it was read"
        if self.price.kind == "token" and self.price.prompt_tokens < self.longest_prompt:
            yield (
                f"price.prompt_tokens: {self.price.prompt_tokens} are fewer than a prompt of"
                f" {self.longest_prompt} bytes can take, and a hold must cover it;"
                " raise it, or lower longest_prompt"
            )
        labels = sorted({grade.label for grade in self.quality.values()})
        yield from self.price.problems(self.provider, labels)

    def row(self, name: str) -> Row:
        """Returns the row as the router reads it."""
        portraits = {
            shown: Format(_size(shown), _size(own)) for shown, own in self.portraits.items()
        }
        grades = {
            quality: Grade(grade.label, grade.seconds, grade.score)
            for quality, grade in self.quality.items()
        }
        return Row(
            name=name,
            provider=self.provider,
            lane=Lane(self.lane),
            max_characters=self.max_characters,
            portraits=MappingProxyType(portraits),
            scenes=MappingProxyType({ratio: _size(own) for ratio, own in self.scenes.items()}),
            grades=MappingProxyType(grades),
            price=None if self.price is None else self.price.price(),
            as_of=self.as_of,
            retires_on=self.retires_on,
            known_as=self.known_as or name,
            capabilities=self.capabilities,
            references=self.references,
            partials=self.partials,
            longest_prompt=self.longest_prompt,
            refusal_charged=Billed(self.refusal_charged),
            canary=self.canary,
            successor_of=self.successor_of,
            drawn_styles=MappingProxyType(self.drawn_styles),
        )


class _FloorTable(_Table):
    """The least scores, each as high as the one before or higher."""

    draft: _Score
    good: _Score
    fine: _Score
    best: _Score

    @model_validator(mode="after")
    def _rising(self) -> Self:
        problems = tuple(
            f"{above}: {high:g} is below {below}, {low:g}; a better label needs as high a score"
            for (below, low), (above, high) in pairwise(self)
            if high < low
        )
        if problems:
            raise PydanticCustomError(TOGETHER, "{problems}", {"problems": problems})
        return self


class CatalogueTable(_Table):
    """A whole file, an operator's laid over the shipped one."""

    min_quality: _FloorTable
    models: dict[str, RowTable]


def keys_of(place: tuple[str | int, ...]) -> list[str]:
    """Returns the keys that the table around a place of the file may have."""
    prices: dict[str, type[_Table]] = {"free": _Free, "picture": _ByPicture, "token": _ByToken}
    parents = [prices[str(part)] for part in place[:-1] if part in prices]
    if parents:
        table: type[_Table] = parents[-1]
    elif len(place) == 1:
        table = CatalogueTable
    elif place[0] == "min_quality":
        table = _FloorTable
    else:
        table = _GradeTable if "quality" in place[2:-1] else RowTable
    return list(table.model_fields)


def _unpriced(where: str, priced: Collection[str], labels: Collection[str]) -> Iterator[str]:
    for label in labels:
        if label not in priced:
            yield f"{where}.{label}: is missing; every quality's label needs a price"


def _either(names: Iterable[str]) -> str:
    return f"one of {', '.join(names)}"


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return Size(int(width), int(height))
