"""The settings of routing, which gateways and workers read alike."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.routing.catalogue import Catalogue
from server.routing.conditions import GpuCost
from server.routing.listing import read_listing


class RoutingSettings(BaseSettings):
    """What pictures may be routed to, and what counts for the choice."""

    model_config = SettingsConfigDict(
        env_prefix="IMGGEN_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    catalogue_file: Path | None = Field(
        None,
        description="A TOML file whose rows change or add to those of "
        "`server/routing/catalogue.toml`, and have its form.",
    )
    models: Annotated[tuple[str, ...], NoDecode] = Field(
        ("storybook",),
        min_length=1,
        description="The models that requests may be routed to, separated by commas. Of those "
        "that cost nothing, the first that is good enough draws.",
    )
    fake_provider: bool = Field(
        False,
        description="Whether the model `fake` may draw: its simple pictures have a price and cost "
        "nothing. For tests and development, never in production.",
    )
    gpu_usd_per_hour: Annotated[float, Field(ge=0, le=100_000)] = Field(
        0.0,
        description="What a machine that draws costs, for the choice alone: no budget counts it. "
        "0 where machines are paid for whether they draw or not.",
    )
    gpu_utilisation: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="The share of the paid time in which those machines draw."
    )

    @field_validator("models", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("catalogue_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        try:
            read_listing(value)
        except OSError as error:
            raise ValueError(f"cannot be read: {error}") from None
        return value

    @field_validator("models")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "catalogue_file" in info.data:  # else it is refused itself
            Catalogue.read(value, info.data["catalogue_file"])
        return value

    @model_validator(mode="after")
    def _fake_on_purpose(self) -> Self:
        if "fake" in self.models and not self.fake_provider:
            raise ValueError(
                "IMGGEN_MODELS names fake, which draws only where IMGGEN_FAKE_PROVIDER is true"
            )
        return self

    def catalogue(self) -> Catalogue:
        """Returns the models that the settings name."""
        return Catalogue.read(self.models, self.catalogue_file)

    @property
    def gpu_cost(self) -> GpuCost:
        """What the cluster's own machines cost."""
        return GpuCost(self.gpu_usd_per_hour, self.gpu_utilisation)


def unknown_name(settings: RoutingSettings, provider: str, model: str = "") -> str:
    """Returns why a provider, or a model of it, is none that is known; empty if it is one."""
    rows = read_listing(settings.catalogue_file).rows.values()
    providers = dict.fromkeys(row.provider for row in rows)
    if provider not in providers:
        return f'"{provider}" is not a provider; use one of {", ".join(providers)}'
    models = [row.name for row in rows if row.provider == provider]
    if model and model not in models:
        return f'"{model}" is not a model of {provider}; use one of {", ".join(models)}'
    return ""
