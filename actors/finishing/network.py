"""Networks that enlarge: which files of weights are taken, and what is known of their networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import load_file
from spandrel import (
    ImageModelDescriptor,
    ModelLoader,
    ModelTiling,
    SizeRequirements,
    UnsupportedModelError,
)
from torch import Tensor, nn
from torch.nn import functional

from actors.engine.checkpoint import CHECKSUMS, verify_file
from actors.engine.headers import read_header
from actors.engine.refusal import CheckpointRefused

Weights = Mapping[str, Tensor]

USEFUL_REACH = 32
"""The pixels from a cut on where a deep network draws nearly as without it.

`python -m recipe.upscaled --reach` measures it. Real-ESRGAN's x4plus reads up to 351 pixels; 99.9 %
of its values differ by 2.2 levels of 255 or less at this distance, and by 1.1 eight pixels on.
"""
_RGB = 3


@dataclass(frozen=True, slots=True)
class Network:
    """A network that enlarges a tensor, (1, 3, H, W) in 0 to 1, `scale` times a side."""

    run: Any
    scale: int
    reach: int = USEFUL_REACH
    """How far from a cut its pixels are thrown away."""
    sizes: SizeRequirements = field(default_factory=SizeRequirements)
    """What sides it can be given."""
    is_safe_in_half: bool = True

    @classmethod
    def load(cls, file: Path) -> Self:
        """Loads the network of a safetensors file; raises CheckpointRefused.

        It refuses a file that is missing, is not safetensors, is cut off, differs from its
        checkpoint's checksums, has weights that are not finite, or is no upscaler for RGB.
        """
        _check_file(file)
        return cls.build(load_file(file), file)

    @classmethod
    def build(cls, weights: Weights, file: Path) -> Self:
        """Returns the network that weights are of, as spandrel knows it, in float32.

        Raises CheckpointRefused, which names the file.
        """
        _check_numbers(weights, file)
        try:
            found = ModelLoader().load_from_state_dict(dict(weights))
        except UnsupportedModelError as error:
            raise CheckpointRefused(
                f"{file}: its {len(weights)} tensors are of no architecture that spandrel knows; "
                "use the weights of an upscaler like Real-ESRGAN's"
            ) from error
        except (RuntimeError, LookupError, ValueError, TypeError) as error:
            # torch names each tensor on a line of its own.
            why = " ".join(str(error).split())[:200]
            raise CheckpointRefused(f"{file}: its tensors do not fit together ({why})") from error
        _check_kind(found, file)
        return cls(
            run=found.model.float().eval(),
            scale=found.scale,
            reach=_reach(found),
            sizes=found.size_requirements,
            is_safe_in_half=found.supports_half,
        )

    def enlarge(self, pixels: Tensor) -> Tensor:
        """Returns pixels enlarged; those that its sides lack are mirrored, and cut off after it."""
        *_, height, width = pixels.shape
        right, below = self.sizes.get_padding(width, height)
        if right or below:
            kind = "reflect" if right < width and below < height else "replicate"
            pixels = functional.pad(pixels, (0, right, 0, below), kind)
        found: Tensor = self.run(pixels)
        return found[..., : height * self.scale, : width * self.scale]


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise CheckpointRefused(
            f"{file}: not a file; IMGGEN_UPSCALER must name the upscaler's weights, `auto` for "
            "those of the shipped checkpoint, or `none` to enlarge by Lanczos"
        )
    if file.suffix != ".safetensors":
        raise CheckpointRefused(
            f"{file}: weights must be safetensors; convert them once by "
            f"`python -m actors.finishing.convert {file.name} {file.stem}.safetensors`"
        )
    read_header(file)
    checkpoint = file.parent.parent
    if (checkpoint / CHECKSUMS).is_file():
        verify_file(checkpoint, file)


def _check_numbers(weights: Weights, file: Path) -> None:
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise CheckpointRefused(
                f"{file}: {name} has numbers that are not finite; take the file anew"
            )


def _check_kind(found: Any, file: Path) -> None:
    name = found.architecture.name
    channels = (found.input_channels, found.output_channels)
    if not isinstance(found, ImageModelDescriptor) or channels != (_RGB, _RGB) or found.scale < 2:
        raise CheckpointRefused(
            f"{file}: {name} makes {found.output_channels} channels of {found.input_channels}, "
            f"{found.scale} times as large; an upscaler makes 3 of 3, 2 times or more"
        )
    if found.tiling is not ModelTiling.SUPPORTED or found.size_requirements.square:
        raise CheckpointRefused(
            f"{file}: {name} does not work in tiles; use an upscaler that does, like Real-ESRGAN's"
        )


def _reach(found: Any) -> int:
    """Returns how far from a cut a network draws other pixels than without it."""
    if found.architecture.id != "Compact":
        return USEFUL_REACH
    # One convolution after the other, on pixels of the small picture.
    layers = [layer for layer in found.model.modules() if isinstance(layer, nn.Conv2d)]
    return sum(int(layer.kernel_size[0]) // 2 for layer in layers)
