"""The settings of background removal."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from actors.settings.values import CONFIG


class BackgroundSettings(BaseSettings):
    """What tells a portrait's figure from its background."""

    model_config = CONFIG

    background_model: Path | None = Field(
        None,
        description="An ONNX file of U2-Net or IS-Net, or of a network that takes and gives the "
        "same, by which workers remove the background of portraits; it needs the extra "
        "`background`. Unset leaves it to OpenCV. All workers should have the same file; see "
        "docs/finishing.md.",
    )

    @field_validator("background_model", mode="before")
    @classmethod
    def _none_if_empty(cls, value: object) -> object:
        return None if value == "" else value
