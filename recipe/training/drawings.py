"""Drawings on disk: pixels for the VAE, latents and tokens for the UNet, drawn on all cores."""

import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from recipe.illustrator import Illustrator, Scene
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import Domain, sample_scene
from recipe.training.loop import Stretch
from recipe.training.projection import Projection
from recipe.training.settings import CHANNELS, FACTOR, Recipe
from recipe.training.text import TOKENS, tokenize
from recipe.training.tokenizer import load_tokenizer

SIDE = 256
PHRASINGS = 4
"""Captions of each picture, of which a step uses one."""
DETAIL = 4
"""Pixels along each side that the upscaler makes from one."""
PROJECTION = "projection.safetensors"
_CHUNK = 64
_FITTED = 1_500
"""Pictures used to fit the projection."""
Made = tuple[NDArray[np.generic], ...]


@dataclass(frozen=True, slots=True)
class Latents:
    """A set of pictures as latents, (N, 32, 16, 16), with their captions' tokens, (N, 4, 77)."""

    latents: NDArray[np.float16]
    tokens: NDArray[np.uint16]

    def first(self, count: int) -> "Latents":
        """Returns the first pictures."""
        return Latents(self.latents[:count], self.tokens[:count])


class Order(Protocol):
    """The range of numbers that one process draws at once."""

    @property
    def start(self) -> int:
        """The first number."""

    @property
    def stop(self) -> int:
        """The number after the last one."""


@dataclass(frozen=True, slots=True)
class _Order:
    """The scenes that one process draws at once, as pixels or as latents."""

    seed: int
    domain: Domain
    start: int
    stop: int
    projection: Projection | None
    tokenizer: Path
    detail: int = 1


@dataclass(frozen=True, slots=True)
class LatentOrder:
    """The scenes that one process draws at once, as latents."""

    seed: int
    domain: Domain
    start: int
    stop: int
    projection: Projection
    tokenizer: Path


def scene_of(seed: int, index: int, domain: Domain) -> Scene:
    """Returns the scene with a number, the same in every process."""
    return sample_scene(Random(f"scene {seed} {index}"), domain)


def draw_pictures(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the VAE's pictures into `pictures.npy`, (N, 256, 256, 3), and fits the projection."""
    shape = (recipe.vae.pictures, SIDE, SIDE, 3)
    pictures = open_array(stretch.folder / "pictures.npy", np.dtype(np.uint8), shape)
    # Other scenes than the UNet's: neither network is trained on the other's pictures.
    orders = _orders(recipe.domain, stretch.folder, len(pictures), None, seed=-recipe.seed)
    finished = carry_out("pictures", orders, stretch, processes, {"pictures": pictures})
    file = stretch.folder / PROJECTION
    if finished and not file.exists():
        Projection.fit(load_pictures(stretch.folder)[:_FITTED]).save(file)
    return finished


def draw_latents(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the UNet's pictures into `latents.npy`, and their captions into `tokens.npy`."""
    count, side = recipe.unet.latents, SIDE // FACTOR
    latents = open_array(
        stretch.folder / "latents.npy", np.dtype(np.float16), (count, CHANNELS, side, side)
    )
    tokens = open_array(
        stretch.folder / "tokens.npy", np.dtype(np.uint16), (count, PHRASINGS, TOKENS)
    )
    projection = Projection.load(stretch.folder / PROJECTION)
    orders = _orders(recipe.unet.domain, stretch.folder, count, projection, seed=recipe.seed)
    return carry_out("latents", orders, stretch, processes, {"latents": latents, "tokens": tokens})


def draw_details(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the upscaler's pictures into `details.npy`, (N, 1024, 1024, 3)."""
    count, side = recipe.upscaler.pictures, DETAIL * SIDE
    details = open_array(stretch.folder / "details.npy", np.dtype(np.uint8), (count, side, side, 3))
    # Scenes that neither the VAE nor the UNet is trained on.
    orders = _orders(
        recipe.domain, stretch.folder, count, None, seed=10_000 + recipe.seed, detail=DETAIL
    )
    return carry_out("details", orders, stretch, processes, {"details": details})


def load_details(folder: Path) -> NDArray[np.uint8]:
    """Returns the upscaler's pictures, mapped from disk."""
    details: NDArray[np.uint8] = np.load(folder / "details.npy", mmap_mode="r")
    return details


def load_pictures(folder: Path) -> NDArray[np.uint8]:
    """Returns the VAE's pictures, mapped from disk."""
    pictures: NDArray[np.uint8] = np.load(folder / "pictures.npy", mmap_mode="r")
    return pictures


def load_latents(folder: Path) -> Latents:
    """Returns the UNet's pictures drawn so far, mapped from disk."""
    drawn = count_done(folder / "latents.json")
    latents = np.load(folder / "latents.npy", mmap_mode="r")
    return Latents(latents[:drawn], np.load(folder / "tokens.npy", mmap_mode="r")[:drawn])


def _orders(
    domain: Domain,
    folder: Path,
    count: int,
    projection: Projection | None,
    seed: int,
    detail: int = 1,
) -> Iterator[_Order]:
    for start, stop in chunks(count):
        yield _Order(seed, domain, start, stop, projection, folder / "tokenizer", detail)


def chunks(count: int) -> Iterator[tuple[int, int]]:
    """Yields the first number of each chunk, and the one after its last."""
    for start in range(0, count, _CHUNK):
        yield start, min(start + _CHUNK, count)


def carry_out(
    name: str,
    orders: Iterable[Order],
    stretch: Stretch,
    processes: int,
    files: Mapping[str, NDArray[np.generic]],
    draw: Callable[[Any], Made] | None = None,
) -> bool:
    """Draws the orders that are not drawn yet; returns whether all are drawn."""
    draw = draw or _draw
    progress = stretch.folder / f"{name}.json"
    drawn = count_done(progress)
    waiting = [order for order in orders if order.start >= drawn]
    with _drawers(processes) as in_processes:
        # A few orders at a time, so that the stretch can end between them.
        for first in range(0, len(waiting), processes):
            batch = waiting[first : first + processes]
            for order, made in zip(batch, in_processes(draw, batch), strict=True):
                for file, values in zip(files.values(), made, strict=True):
                    file[order.start : order.stop] = values
                drawn = order.stop
            progress.write_text(json.dumps({"done": drawn}), "utf-8")
            if first // processes % 20 == 0:
                stretch.log.write(name, done=drawn, seconds=stretch.elapsed_s)
            if stretch.elapsed_s > stretch.limit_s:
                break
    return drawn >= len(next(iter(files.values())))


@contextmanager
def _drawers(processes: int) -> Iterator[Callable[..., Iterable[Made]]]:
    """Yields a `map` over orders: in other processes, or in this one for one process."""
    if processes == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield pool.map


def _draw(order: _Order) -> Made:
    cv2.setNumThreads(1)
    illustrator = Illustrator(order.detail)
    indices = range(order.start, order.stop)
    scenes = [scene_of(order.seed, index, order.domain) for index in indices]
    pictures = np.stack([illustrator.draw(scene).image for scene in scenes])
    if order.projection is None:
        return (pictures,)
    tokenizer = load_tokenizer(order.tokenizer)
    captions = [
        caption(scene, Random(f"caption {order.seed} {index} {phrasing}"))
        for index, scene in zip(indices, scenes, strict=True)
        for phrasing in range(PHRASINGS)
    ]
    tokens = tokenize(tokenizer, captions).numpy().astype(np.uint16)
    latents = order.projection.latents(pictures).astype(np.float16)
    return latents, tokens.reshape(len(scenes), PHRASINGS, TOKENS)


def open_array(
    file: Path, kind: np.dtype[np.generic], shape: tuple[int, ...]
) -> NDArray[np.generic]:
    """Returns an array on disk, created if missing; raises ValueError for another shape."""
    if file.exists():
        found: NDArray[np.generic] = np.load(file, mmap_mode="r+")
        if found.shape != shape:
            raise ValueError(f"{file}: has shape {found.shape}, must have {shape}; remove it")
        return found
    return np.lib.format.open_memmap(file, "w+", kind, shape)


def count_done(progress: Path) -> int:
    """Returns the number of drawn items in a progress file."""
    return int(json.loads(progress.read_text("utf-8"))["done"]) if progress.exists() else 0
