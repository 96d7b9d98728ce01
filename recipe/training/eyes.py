"""The UNet's further training for the colour of eyes.

Small eyes fill a few hundredths of a picture, and their colour a small part of that, so that the
mean square error hardly weighs it. Each picture is drawn a second time with eyes of other colours:
the difference of the latents says in which patch, and in which direction, an error changes the
colour. The errors in those directions are added with a weight of their own.

The IP-Adapter fits the UNet that it was trained with: after all of the UNet was trained further, a
sixth fewer characters were recognised by references alone. The adapter adds to the same
cross-attentions as the caption, with keys and values of its own. So where only those of the caption
are trained, and the UNet is kept near to what it was wherever no eyes are, it nearly still fits.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe.illustrator import Illustrator, Scene
from recipe.illustrator.attributes import Eyes
from recipe.illustrator.captions import caption
from recipe.training.drawings import (
    PHRASINGS,
    PROJECTION,
    SIDE,
    LatentOrder,
    Made,
    carry_out,
    chunks,
    count_done,
    load_latents,
    open_array,
    scene_of,
)
from recipe.training.further import Further
from recipe.training.loop import Stretch, device, train
from recipe.training.projection import Projection
from recipe.training.settings import CHANNELS, FACTOR, Recipe
from recipe.training.states import keep_states
from recipe.training.text import TOKENS, load_towers, tokenize
from recipe.training.tokenizer import load_tokenizer
from recipe.training.unet import Anchor, Examples, Measure, square_error

_SEED = 20_000
"""Added to the recipe's seed, for other pictures than those of any other part."""
_FOLDER = "eyes"
_OTHERS = "others.npy"
_HELD_OUT = 128
_DECIDING = 800, 980
"""The times, of high noise, at which the eyes' errors are measured: there v is the picture."""
_LEAST = 0.3
"""The difference of a patch's latents above which it counts as an eye's."""


def train_eyes(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing pictures, then trains the UNet of the folder further."""
    drawn = stretch.folder / _FOLDER
    drawn.mkdir(exist_ok=True)
    if not draw_eyes(recipe, stretch, processes):
        return False
    recipe = _further(recipe)
    if recipe.unet.kept:
        towers = load_towers(recipe, stretch.folder).to(device())
        keep_states(drawn, towers, load_latents(drawn), recipe.text.width, stretch.log)
    return _train(recipe, stretch, drawn)


def _train(recipe: Recipe, stretch: Stretch, drawn: Path) -> bool:
    torch.manual_seed(recipe.seed)
    eyes = recipe.eyes
    further = Further.begin(recipe, stretch.folder, drawn, eyes.trained, eyes.average)
    unet, trainee = further.unet, further.trainee
    directions, kept = Directions(drawn), recipe.eyes.kept
    anchor = Anchor(further.before, directions.elsewhere(kept)) if kept else None
    back = min(_HELD_OUT, recipe.eyes.latents // 4)
    weighed, plain, astray = (
        Examples(recipe, stretch.folder, drawn, measure=each, kept_back=back, anchor=held)
        for each, held in (
            (directions.error(recipe.eyes.weight), anchor),
            (square_error, None),
            (directions.astray, None),
        )
    )

    def report() -> None:
        found = {"loss": plain.held_out(unet), "weighed": weighed.held_out(unet)}
        found["astray"] = astray.held_out(unet, *_DECIDING)
        stretch.log.write("eyes-held-out", step=trainee.step, **found)

    report()
    finished = train("eyes", trainee, recipe.unet.training, weighed.loss(further.network), stretch)
    trainee.use_average()
    report()
    unet.save_pretrained(stretch.folder / "unet")
    return finished


def _further(recipe: Recipe) -> Recipe:
    """Returns the recipe with the UNet's settings for its further training."""
    eyes = recipe.eyes
    return replace(recipe, unet=replace(recipe.unet, training=eyes.training, early=eyes.early))


def draw_eyes(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing pictures, each twice; returns whether all are drawn."""
    drawn, count, side = stretch.folder / _FOLDER, recipe.eyes.latents, SIDE // FACTOR
    half, shape = np.dtype(np.float16), (count, CHANNELS, side, side)
    files = {
        "latents": open_array(drawn / "latents.npy", half, shape),
        "tokens": open_array(drawn / "tokens.npy", np.dtype(np.uint16), (count, PHRASINGS, TOKENS)),
        "others": open_array(drawn / _OTHERS, half, shape),
    }
    own = replace(stretch, folder=drawn)
    return carry_out("latents", _orders(recipe, stretch.folder), own, processes, files, _draw)


class Directions:
    """The directions in latents that lead from the eyes of each picture to other ones."""

    def __init__(self, drawn: Path) -> None:
        count = count_done(drawn / "latents.json")
        self._pictures = np.load(drawn / "latents.npy", mmap_mode="r")[:count]
        self._others = np.load(drawn / _OTHERS, mmap_mode="r")[:count]

    def error(self, weight: float) -> Measure:
        """Returns the square error plus that along the directions, a mean of patches with eyes.

        A mean, so that the eyes of small figures count like those of large ones.
        """

        def measure(wrong: Tensor, rows: NDArray[np.int64]) -> Tensor:
            along, length = self._along(wrong, rows)
            eyes = _mean(along.square(), length > _LEAST)
            return square_error(wrong, rows) + weight * eyes

        return measure

    def elsewhere(self, weight: float) -> Measure:
        """Returns the square error of the patches without eyes, with a weight."""

        def measure(wrong: Tensor, rows: NDArray[np.int64]) -> Tensor:
            _, length = self._along(wrong, rows)
            return weight * (wrong.square().mean(1) * (length <= _LEAST)).mean((1, 2))

        return measure

    def astray(self, wrong: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Returns the errors along the directions, squared: 1 is as far as the other eyes are."""
        along, length = self._along(wrong, rows)
        return _mean((along / length.clamp(min=_LEAST)).square(), length > _LEAST)

    def _along(self, wrong: Tensor, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Returns the errors along the directions, and the directions' lengths: (B, H, W)."""
        changed = self._others[rows].astype(np.float32) - self._pictures[rows]
        directions = torch.from_numpy(changed).to(wrong.device)
        length = directions.norm(dim=1)
        return (wrong * directions).sum(1) / length.clamp(min=_LEAST), length


def _mean(values: Tensor, seen: Tensor) -> Tensor:
    """Returns the means of each picture's seen values; 0 if none are seen."""
    return (values * seen).sum((1, 2)) / seen.sum((1, 2)).clamp(min=1)


def _orders(recipe: Recipe, folder: Path) -> Iterator[LatentOrder]:
    projection = Projection.load(folder / PROJECTION)
    seed, domain = _SEED + recipe.seed, recipe.eyes.domain
    for start, stop in chunks(recipe.eyes.latents):
        yield LatentOrder(seed, domain, start, stop, projection, folder / "tokenizer")


def _draw(order: LatentOrder) -> Made:
    cv2.setNumThreads(1)
    illustrator, tokenizer = Illustrator(), load_tokenizer(order.tokenizer)
    numbers = range(order.start, order.stop)
    scenes = [scene_of(order.seed, index, order.domain) for index in numbers]

    def learned(shown: list[Scene]) -> NDArray[np.float16]:
        pictures = np.stack([illustrator.draw(scene).image for scene in shown])
        return order.projection.latents(pictures).astype(np.float16)

    captions = [
        caption(scene, Random(f"caption {order.seed} {index} {phrasing}"))
        for index, scene in zip(numbers, scenes, strict=True)
        for phrasing in range(PHRASINGS)
    ]
    tokens = tokenize(tokenizer, captions).numpy().astype(np.uint16)
    others = [
        with_other_eyes(scene, Random(f"eyes {order.seed} {index}"))
        for index, scene in zip(numbers, scenes, strict=True)
    ]
    return learned(scenes), tokens.reshape(len(scenes), PHRASINGS, TOKENS), learned(others)


def with_other_eyes(scene: Scene, chance: Random) -> Scene:
    """Returns a scene in which every character has eyes of another colour."""
    cast = [
        replace(each, eyes=chance.choice([eyes for eyes in Eyes if eyes is not each.eyes]))
        for each in scene.characters
    ]
    return replace(scene, characters=tuple(cast))
