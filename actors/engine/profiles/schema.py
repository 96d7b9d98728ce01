"""The form of a profile's file: which keys it has, and what they may be."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from actors.engine.profiles.profile import Profile, Tier
from actors.engine.render import EVERYWHERE, LoraWeight, Scheduler
from actors.prompts.dialect import Dialect
from actors.prompts.sdxl import SdxlDialect
from actors.prompts.storybook import StorybookDialect
from server.domain.models import Model
from server.domain.states import Quality

_DIALECTS: Mapping[str, Callable[[], Dialect]] = MappingProxyType(
    {"storybook": StorybookDialect, "sdxl": SdxlDialect}
)
_OWN = "own"
"""What a file calls the checkpoint's own scheduler."""


def _scheduler(value: object) -> Scheduler:
    names = {one.value or _OWN: one for one in Scheduler}
    found = names.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be one of {', '.join(names)}")
    return found


def _interval(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if not 0 <= low < high:
        raise ValueError("must be two noise levels (sigma), the lower one first, from 0 to inf")
    return value


_Number = Annotated[float, Strict()]
_Count = Annotated[int, Strict()]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _LoraTable(_Table):
    name: str = Field(pattern=r"^\w[\w .+()-]{0,127}\.safetensors$")
    weight: _Number = Field(1.0, ge=-4, le=4)


def _once(loras: tuple[_LoraTable, ...]) -> tuple[_LoraTable, ...]:
    names = [lora.name for lora in loras]
    if len(set(names)) < len(names):
        raise ValueError("must name each file once; give it one weight")
    return loras


class _TierTable(_Table):
    steps: _Count = Field(ge=1, le=500)
    guidance_scale: _Number = Field(ge=0, le=50)
    guidance_rescale: _Number = Field(0.0, ge=0, le=1)
    scheduler: Annotated[Scheduler, BeforeValidator(_scheduler)] = Scheduler.OWN
    loras: Annotated[tuple[_LoraTable, ...], AfterValidator(_once)] = Field((), max_length=8)
    guidance_interval: Annotated[tuple[_Number, _Number], AfterValidator(_interval)] = EVERYWHERE

    def tier(self) -> Tier:
        """Returns the tier as requests are made of it."""
        loras = tuple(LoraWeight(lora.name, lora.weight) for lora in self.loras)
        return Tier(
            self.steps,
            self.guidance_scale,
            self.guidance_rescale,
            self.scheduler,
            loras,
            self.guidance_interval,
        )


class _TiersTable(_Table):
    draft: _TierTable
    standard: _TierTable
    hd: _TierTable


class ProfileTable(_Table):
    """A whole file, an operator's laid over the shipped one."""

    dialect: Literal["storybook", "sdxl"]
    max_references: _Count = Field(ge=0, le=64)
    reference_scale: _Number = Field(ge=0, le=1)
    tiers: _TiersTable

    def profile(self, model: Model) -> Profile:
        """Returns the profile of a model of the catalogue."""
        tables = {quality: getattr(self.tiers, quality) for quality in Quality}
        return Profile(
            model,
            _DIALECTS[self.dialect](),
            MappingProxyType({quality: table.tier() for quality, table in tables.items()}),
            self.max_references,
            self.reference_scale,
        )


def keys_of(place: tuple[str | int, ...]) -> list[str]:
    """Returns the keys that the table around a place of the file may have."""
    depths: dict[int, type[_Table]] = {1: ProfileTable, 2: _TiersTable, 3: _TierTable}
    return list(depths.get(len(place), _LoraTable).model_fields)
