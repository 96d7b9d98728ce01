"""The setting of profiles, which workers and diffusers read alike."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from actors.settings.values import CONFIG


class ProfileSettings(BaseSettings):
    """How local models are used."""

    model_config = CONFIG

    profiles: Path | None = Field(
        None,
        description="A folder of TOML files, `storybook.toml` or `sdxl.toml`, whose keys change "
        "those of `actors/engine/profiles/`: steps, guidance, scheduler and LoRA adapters of each "
        "quality. Workers and diffusers need the same.",
    )
