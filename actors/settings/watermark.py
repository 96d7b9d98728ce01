"""The settings of the watermark."""

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from actors.settings.values import CONFIG

_OPERATORS = 1024
_LEAST_KEY = 16


class WatermarkSettings(BaseSettings):
    """What is laid into the pixels of pictures that callers fetch."""

    model_config = CONFIG

    watermark: Literal["on", "off"] = Field(
        "on",
        description="Whether the display and print forms have an imperceptible mark by which "
        "`imggen[verify]` finds that they were generated, even without their metadata; the law of "
        "some places asks for one. See docs/finishing.md.",
    )
    watermark_operator: int = Field(
        0,
        ge=0,
        lt=_OPERATORS,
        description="A number of yours that the mark says, up to 1023; 0 says none.",
    )
    watermark_key: SecretStr | None = Field(
        None,
        description="A secret of 16 characters or more from which the mark is made, so that only "
        "who knows it finds the mark, or can take it out exactly. Unset for the public one, which "
        "anybody finds. Pictures of before a change are found by the key of before.",
    )

    @field_validator("watermark_key")
    @classmethod
    def _key_or_none(cls, value: SecretStr | None) -> SecretStr | None:
        found = value.get_secret_value().strip() if value else ""
        if not found:
            return None
        if len(found) < _LEAST_KEY:
            raise ValueError(
                f"has {len(found)} characters; use {_LEAST_KEY} or more, or leave it unset"
            )
        return SecretStr(found)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.watermark == "off" and (self.watermark_operator or self.watermark_key):
            raise ValueError(
                "IMGGEN_WATERMARK: off, but IMGGEN_WATERMARK_OPERATOR or IMGGEN_WATERMARK_KEY is "
                "set; leave them unset, or set IMGGEN_WATERMARK=on"
            )
        return self
