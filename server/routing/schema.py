"""The form of a catalogue's file: which keys a row has, and what they may be."""

from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.domain.models import Format, Size
from server.domain.states import Lane, Quality
from server.routing.failover import Billed
from server.routing.formats import RATIOS
from server.routing.prices import FreePrice, PicturePrice, Price, TokenPrice
from server.routing.rows import Capability, Grade, Row

_SizeText = Annotated[str, Field(pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")]
_Micros = Annotated[int, Field(ge=0)]
_Rate = Annotated[Decimal, Field(ge=0, le=10_000, allow_inf_nan=False)]
_Tokens = Annotated[int, Field(ge=0, le=1_000_000)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Score = Annotated[float, Field(ge=0, le=5)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Free(_Table):
    kind: Literal["free"]

    def price(self) -> Price:
        return FreePrice()


class _ByPicture(_Table):
    """Micros by the provider's label, and by size where it differs; `reference` is added."""

    kind: Literal["picture"]
    qualities: dict[str, _Micros] = Field(min_length=1)
    sizes: dict[str, dict[_SizeText, _Micros]] = {}
    reference: _Micros = 0

    def price(self) -> Price:
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

    def price(self) -> Price:
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
        return TokenPrice(**fields)


class _GradeTable(_Table):
    label: str = Field(min_length=1)
    seconds: Annotated[float, Field(gt=0, le=3_600)]
    score: _Score


class RowTable(_Table):
    """A row of the file; its name is the key of its table."""

    provider: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    lane: Lane
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

    @model_validator(mode="after")
    def _whole(self) -> Self:
        unknown = [ratio for ratio in self.scenes if ratio not in RATIOS]
        if unknown:
            raise ValueError(f"scenes: {', '.join(unknown)}; use some of {', '.join(RATIOS)}")
        if self.price is not None and self.price.kind != "free" and self.as_of is None:
            raise ValueError("as_of: a price needs the date on which it was read")
        if (Capability.REFERENCES in self.capabilities) != (self.references > 0):
            raise ValueError("references: their number and their capability go together")
        return self

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
            lane=self.lane,
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
        )


class CatalogueTable(_Table):
    """A whole file, an operator's laid over the shipped one."""

    min_quality: dict[str, _Score]
    models: dict[str, RowTable]


def keys_of(place: tuple[str | int, ...]) -> list[str]:
    """Returns the keys that the table around a place of the file may have."""
    prices: dict[str, type[_Table]] = {"free": _Free, "picture": _ByPicture, "token": _ByToken}
    parents = [prices[str(part)] for part in place[:-1] if part in prices]
    if parents:
        table: type[_Table] = parents[-1]
    elif len(place) == 1:
        table = CatalogueTable
    else:
        table = _GradeTable if "quality" in place[2:-1] else RowTable
    return list(table.model_fields)


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return Size(int(width), int(height))
