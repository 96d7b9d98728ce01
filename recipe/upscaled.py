"""Measures the shipped upscaler: `python -m recipe.upscaled`."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from spandrel import ModelLoader

from actors.storybook import CHECKPOINT, UPSCALER
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from recipe.training.drawings import DETAIL
from recipe.training.upscaler import decode, measure, shrunk

_SEED = 77
"""A seed whose scenes no training draws."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the PSNR of the upscaler and of Lanczos against large drawings."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.upscaled",
        description="Prints PSNR in dB against drawings of 1024 pixels: of drawings of 256 pixels "
        "upscaled by the network and by Lanczos, and of the same decoded by the VAE.",
    )
    parser.add_argument("--weights", type=Path, default=UPSCALER, help="the upscaler's weights")
    parser.add_argument("--pictures", type=int, default=24, help="drawings to measure with")
    said = parser.parse_args(arguments)
    for line in report(load(said.weights), said.pictures):
        print(line)  # the command's output


def load(file: Path) -> Any:
    """Returns the network in a file of weights."""
    loaded: Any = ModelLoader().load_from_file(file)  # untyped in spandrel 0.4
    return loaded.model.float().to(memory_format=torch.channels_last).eval()


def report(network: Any, pictures: int) -> list[str]:
    """Returns lines for drawings, for decoded drawings, and for the time of one picture."""
    chance, illustrator = Random(_SEED), Illustrator(DETAIL)
    large = np.stack([illustrator.draw(sample_scene(chance, FULL)).image for _ in range(pictures)])
    small = np.stack([shrunk(picture) for picture in large])
    lines = []
    for name, inputs in (
        ("drawn", small),
        ("decoded by the VAE", decode(CHECKPOINT / "vae", small)),
    ):
        found = measure(network, large, inputs)
        gain = found["upscaler"] - found["lanczos"]
        lines.append(
            f"{name}: upscaler {found['upscaler']:.2f} dB, Lanczos {found['lanczos']:.2f} dB, "
            f"gain {gain:+.2f} dB ({pictures} pictures)"
        )
    return [*lines, f"256 to 1024 pixels: {_seconds(network):.2f} s ({_threads()} threads)"]


@torch.inference_mode()
def _seconds(network: Any) -> float:
    pixels = torch.rand(1, 3, 256, 256).to(memory_format=torch.channels_last)
    times = []
    for _ in range(4):
        began = time.perf_counter()
        network(pixels)
        times.append(time.perf_counter() - began)
    return min(times)


def _threads() -> int:
    return torch.get_num_threads()


if __name__ == "__main__":
    main()
