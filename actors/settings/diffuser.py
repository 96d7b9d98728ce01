"""The settings of a diffuser."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from actors.settings.profiles import ProfileSettings
from actors.settings.values import CONFIG
from actors.storybook import CHECKPOINT, UPSCALER

_SIZE = re.compile(r"[1-9]\d{1,3}x[1-9]\d{1,3}")
_SOURCES = {
    "storybook": str(CHECKPOINT),
    "sdxl": "stabilityai/stable-diffusion-xl-base-1.0",
}
_ADAPTERS = {
    "storybook": ("ip_adapter/ip_adapter.safetensors", ""),
    "sdxl": ("sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors", "models/image_encoder"),
}
"""The files of an adapter by model: its weights, and its encoder unless it is the checkpoint's."""


class DiffuserSettings(ProfileSettings):
    """A diffuser's model, and where it runs."""

    model_config = CONFIG

    model: Literal["storybook", "sdxl"] = Field(
        "storybook", description="The model, by its name in the catalogue."
    )
    model_path: str = Field(
        "",
        description="A folder in diffusers' layout, one file of safetensors, or a repository of "
        "the hub; empty for the shipped checkpoint (`storybook`) or "
        "stabilityai/stable-diffusion-xl-base-1.0 (`sdxl`).",
    )
    single_file_configs: str = Field(
        _SOURCES["sdxl"],
        description="Where a model in one file has its configurations and tokenizers: a folder in "
        "diffusers' layout, whose weights are not read, or a repository of the hub.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where the model runs; `auto` takes a GPU where there is one."
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="What it computes in; `auto` is float16 on a GPU, float32 on a CPU."
    )
    torch_threads: int = Field(
        0, ge=0, description="The CPU threads of torch; 0 leaves the choice to torch."
    )
    diffuser_rows: int = Field(
        0,
        ge=0,
        description="How many rows one step of the model draws at most: two for a picture with "
        "guidance, so that 8 draws four pictures at once. 0 measures at the start how many make "
        "it no faster.",
    )

    preview_interval_s: float = Field(
        1.0,
        ge=0,
        description="How many seconds there are at least between two previews of a picture that "
        "somebody watches; 0 makes one after each step.",
    )

    channels_last: bool = Field(
        False,
        description="Whether convolutions have their channels last in memory, for GPUs with "
        "tensor cores; the picture is the same up to rounding.",
    )
    fused_qkv: bool = Field(
        False,
        description="Whether one product makes the query, key and value of an attention, where "
        "three did: fewer and larger kernels, and the picture is the same up to rounding. A layer "
        "that a LoRA adapter changes has three.",
    )
    compile: Literal["off", "blocks"] = Field(
        "off",
        description="Whether `torch.compile` makes kernels of the UNet's transformer blocks before "
        "the diffuser is ready, which takes minutes the first time and needs a C++ compiler; the "
        "picture is the same up to rounding. Where it fails, one line in the log says so, and the "
        "model draws as with `off`.",
    )
    warm_sizes: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="The sizes of which a diffuser draws a picture of two steps before it is "
        "ready, `1024x1024,1344x768`, in the model's own pixels and multiples of 8, the usual one "
        "first. Empty for all that the shipped catalogue has of the model; name them where a "
        "catalogue of your own has others, or where the start may not take so long.",
    )

    upscaler: str = Field(
        "auto",
        description="A safetensors file of an upscaler that spandrel loads, which enlarges the "
        "pictures of `IMGGEN_MODEL` by more than a quarter before they are finished; `auto`, or "
        "empty, is the shipped one for `storybook` and none for others. Lanczos enlarges all "
        "other pictures, hosted models' too, and with `none` these. Published weights (`.pth`) are "
        "converted by `python -m actors.finishing.convert`; see docs/finishing.md.",
    )
    upscaler_tile: int = Field(
        512,
        ge=128,
        le=4096,
        multiple_of=128,
        description="The side of the tiles in which the upscaler works, in pixels of the picture "
        "before it: larger ones need more memory. Where that runs out, a picture is begun anew in "
        "tiles of half the side, down to 128, and is then enlarged by Lanczos.",
    )

    adapter: str = Field(
        "auto",
        description="The IP-Adapter that draws characters from their references: a folder or a "
        "repository of the hub, like `h94/IP-Adapter`; `auto`, or empty, is the checkpoint's "
        "own for `storybook` and none for others, `none` leaves characters to words.",
    )
    adapter_weights: str = Field(
        "",
        description="The safetensors file of the adapter in there; empty for "
        "`ip_adapter/ip_adapter.safetensors` (`storybook`) or "
        "`sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors` (`sdxl`).",
    )
    adapter_encoder: str = Field(
        "",
        description="The folder of the image encoder in there; empty for the checkpoint's own "
        "(`storybook`) or `models/image_encoder` (`sdxl`).",
    )

    loras: str = Field(
        "",
        description="A folder of LoRA adapters, safetensors files that a request names and weighs; "
        "empty for none.",
    )
    lora_cache_bytes: int = Field(
        8 * 1024**3,
        ge=1,
        description="The most memory of the device that LoRA adapters take: for each set of them "
        "with its weights, a copy of the model's weights that it changes, up to 6.8 GB for SDXL in "
        "float16. Sets that no render uses make room for others.",
    )

    @field_validator("warm_sizes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("warm_sizes")
    @classmethod
    def _are_sizes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not _SIZE.fullmatch(text) or any(int(side) % 8 for side in text.split("x")):
                raise ValueError(
                    f'"{text[:60]}" is no size; use width x height in multiples of 8, 1024x1024'
                )
        return value

    @property
    def upscaler_file(self) -> Path | None:
        """The file of the upscaler's weights; None for no upscaler."""
        match self.upscaler:
            case "none":
                return None
            case "auto" | "":
                return UPSCALER if self.model == "storybook" else None
            case _:
                return Path(self.upscaler)

    @property
    def source(self) -> str:
        """The folder or the repository of the hub to load from."""
        return self.model_path or _SOURCES[self.model]

    @property
    def lora_folder(self) -> Path | None:
        """The folder of LoRA adapters; None for none."""
        return Path(self.loras) if self.loras else None

    @property
    def adapter_files(self) -> tuple[str, str]:
        """The adapter's weights and the folder of its encoder; empty for the checkpoint's own."""
        weights, encoder = _ADAPTERS[self.model]
        return self.adapter_weights or weights, self.adapter_encoder or encoder
