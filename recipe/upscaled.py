"""Measures the shipped upscaler: `python -m recipe.upscaled`."""

import argparse
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image
from spandrel import ModelLoader

from actors.finishing.network import Network
from actors.finishing.upscaler import Upscaler
from actors.storybook import CHECKPOINT, UPSCALER
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from recipe.training.drawings import DETAIL
from recipe.training.upscaler import decode, measure, shrunk
from server.domain.models import Size

_SEED = 77
"""A seed whose scenes no training draws."""
_DISTANCES = (0, 2, 4, 8, 9, 10, 12, 16, 20, 24, 28, 32, 40, 48)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the PSNR of the upscaler and of Lanczos against large drawings."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.upscaled",
        description="Prints PSNR in dB against drawings of 1024 pixels: of drawings of 256 pixels "
        "upscaled by the network and by Lanczos, and of the same decoded by the VAE.",
    )
    parser.add_argument("--weights", type=Path, default=UPSCALER, help="the upscaler's weights")
    parser.add_argument("--pictures", type=int, default=24, help="drawings to measure with")
    parser.add_argument(
        "--reach",
        action="store_true",
        help="print instead how much a tile differs from the whole picture at which distance from "
        "a cut, in the middle of drawings of 256 pixels",
    )
    parser.add_argument(
        "--large",
        action="store_true",
        help="print instead how long the service's upscaler takes from 1024 to 2048 pixels",
    )
    said = parser.parse_args(arguments)
    if said.large:
        print(large(said.weights))  # the command's output
        return
    network = load(said.weights)
    for line in reach(network, said.pictures) if said.reach else report(network, said.pictures):
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


def large(weights: Path) -> str:
    """Returns a line for a drawing of 1024 pixels, enlarged to 2048: seconds, and those of CPUs."""
    drawn = Illustrator(DETAIL).draw(sample_scene(Random(_SEED), FULL)).image
    buffer = BytesIO()
    Image.fromarray(drawn).save(buffer, "PNG")
    upscaler = Upscaler(Network.load(weights))
    began, used = time.perf_counter(), time.process_time()
    upscaler.enlarge(buffer.getvalue(), Size(2048, 2048))
    took, used = time.perf_counter() - began, time.process_time() - used
    return f"1024 to 2048 pixels: {took:.1f} s, {used:.1f} s of CPUs ({_threads()} threads)"


@torch.inference_mode()
def reach(network: Any, pictures: int) -> list[str]:
    """Returns a line for each distance from a cut, in pixels of the small picture.

    It is the difference between the right half, computed alone, and the same half of the whole.
    """
    chance, illustrator = Random(_SEED), Illustrator()
    found = []
    for _ in range(pictures):
        pixels = torch.from_numpy(illustrator.draw(sample_scene(chance, FULL)).image.copy())
        given = pixels[104:152, 48:208].permute(2, 0, 1)[None].float() / 255
        half = given.shape[-1] // 2
        whole, alone = network(given), network(given[..., half:])
        apart = (whole[..., -alone.shape[-1] :] - alone).abs()[0].amax(0)
        found.append(apart.unflatten(1, (half, -1)).transpose(0, 1).flatten(1))
    apart = torch.cat(found, 1)
    lines = []
    for distance in _DISTANCES:
        there = apart[distance] * 255
        lines.append(
            f"{distance} pixels from a cut: 99.9 % of {there.numel()} values within "
            f"{there.quantile(0.999).item():.2f} of 255, the worst {there.max().item():.2f}"
        )
    return lines


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
