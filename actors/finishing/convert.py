"""Converts published weights of an upscaler: `python -m actors.finishing.convert`."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from actors.engine.refusal import CheckpointRefused
from actors.finishing.network import Network

_NAMED = ("params_ema", "params")
"""Where BasicSR's files, as Real-ESRGAN's, have their weights; the averaged ones are the better."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Converts a file; returns 1, with a line on stderr, for one that is refused."""
    parser = argparse.ArgumentParser(
        prog="python -m actors.finishing.convert",
        description="Converts the weights of an upscaler as they are published, like "
        "RealESRGAN_x4plus.pth, to safetensors, which IMGGEN_UPSCALER takes. No code of the file "
        "is run.",
    )
    parser.add_argument("published", type=Path, help="the published file, .pth")
    parser.add_argument("converted", type=Path, help="the file to write, .safetensors")
    said = parser.parse_args(arguments)
    try:
        network = convert(said.published, said.converted)
    except (CheckpointRefused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{said.converted}: enlarges {network.scale} times")  # the command's output
    return 0


def convert(published: Path, converted: Path) -> Network:
    """Writes published weights as safetensors, and returns the network that they are of.

    Raises CheckpointRefused for a file that is no upscaler's, and writes nothing then.
    """
    if converted.suffix != ".safetensors":
        raise CheckpointRefused(f"{converted}: must end in .safetensors")
    weights = _weights(_read(published), published)
    network = Network.build(weights, published)
    partial = converted.with_suffix(".partial")
    partial.write_bytes(save(weights))
    partial.replace(converted)
    return network


def _read(published: Path) -> Any:
    try:
        return torch.load(published, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise CheckpointRefused(
            f"{published}: is no file of weights only, or cut off ({why})"
        ) from error


def _weights(read: Any, published: Path) -> dict[str, Tensor]:
    """Returns the tensors of a file by name; of two sets the averaged one."""
    found = next(
        (read[name] for name in _NAMED if isinstance(read, Mapping) and name in read), read
    )
    if not isinstance(found, Mapping) or not all(isinstance(one, Tensor) for one in found.values()):
        raise CheckpointRefused(
            f"{published}: holds no tensors by name, nor under {' or '.join(_NAMED)}"
        )
    # Tensors that share memory are refused by safetensors.
    return {str(name): one.detach().clone().contiguous() for name, one in found.items()}


if __name__ == "__main__":
    sys.exit(main())
