"""Drawings of characters, as references and in scenes, for the image encoder and its adapter."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from actors.judging.trunk import shrink
from recipe.illustrator import Character, Illustrator, Scene
from recipe.illustrator.captions import caption
from recipe.training.cast import (
    brief_caption,
    character_of,
    has_company,
    met_alone,
    met_together,
    partner,
    reference_scene,
    style_of,
)
from recipe.training.drawings import (
    PROJECTION,
    SIDE,
    LatentOrder,
    Made,
    carry_out,
    chunks,
    count_done,
    open_array,
)
from recipe.training.loop import Stretch
from recipe.training.projection import Projection
from recipe.training.settings import CHANNELS, FACTOR, Recipe
from recipe.training.text import TOKENS, tokenize
from recipe.training.tokenizer import load_tokenizer

SEEN = 128
"""Pixels along each side of the image encoder's input."""
_SEED = 3_000
"""Added to the recipe's seed, for other characters than those of any other part."""
_FILES = ("pictures", "latents", "tokens", "duo-latents", "duo-tokens")


@dataclass(frozen=True, slots=True)
class Couples:
    """A set of characters, each drawn as a reference, alone in a scene, and beside its partner.

    A character's three drawings have one style, as all pictures of a story have. `pictures` are
    references, (N, 128, 128, 3). `latents`, (N, 32, 16, 16), show one alone; `tokens` are its
    captions, brief and full, (N, 2, 77). In the picture of two it is on the left.
    """

    pictures: NDArray[np.uint8]
    latents: NDArray[np.float16]
    tokens: NDArray[np.uint16]
    duo_latents: NDArray[np.float16]
    duo_tokens: NDArray[np.uint16]


def draw_couples(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing couples; returns whether all are drawn."""
    count, side, folder = recipe.encoder.characters, SIDE // FACTOR, stretch.folder
    shapes: tuple[tuple[type[np.generic], tuple[int, ...]], ...] = (
        (np.uint8, (count, SEEN, SEEN, 3)),
        (np.float16, (count, CHANNELS, side, side)),
        (np.uint16, (count, 2, TOKENS)),
        (np.float16, (count, CHANNELS, side, side)),
        (np.uint16, (count, 2, TOKENS)),
    )
    files = {
        name: open_array(folder / f"couples-{name}.npy", np.dtype(kind), shape)
        for name, (kind, shape) in zip(_FILES, shapes, strict=True)
    }
    orders = list(_orders(recipe, folder, count))
    return carry_out("couples", orders, stretch, processes, files, _draw)


def load_couples(folder: Path) -> Couples:
    """Returns the couples drawn so far, mapped from disk."""
    drawn = count_done(folder / "couples.json")
    return Couples(
        *(np.load(folder / f"couples-{name}.npy", mmap_mode="r")[:drawn] for name in _FILES)
    )


def couple_character(recipe: Recipe, index: int) -> Character:
    """Returns the character with a number."""
    return character_of(_SEED + recipe.seed, index, recipe.unet.domain)


def _orders(recipe: Recipe, folder: Path, count: int) -> Iterator[LatentOrder]:
    projection = Projection.load(folder / PROJECTION)
    for start, stop in chunks(count):
        seed = _SEED + recipe.seed
        yield LatentOrder(seed, recipe.unet.domain, start, stop, projection, folder / "tokenizer")


def _draw(order: LatentOrder) -> Made:
    cv2.setNumThreads(1)
    illustrator, tokenizer = Illustrator(), load_tokenizer(order.tokenizer)
    numbers = range(order.start, order.stop)

    def drawn(scenes: list[Scene]) -> NDArray[np.uint8]:
        return np.stack([illustrator.draw(scene).image for scene in scenes])

    def learned(scenes: list[Scene], pictures: NDArray[np.uint8]) -> Made:
        tokens = tokenize(tokenizer, _captions(order, scenes)).numpy().astype(np.uint16)
        latents = order.projection.latents(pictures).astype(np.float16)
        return latents, tokens.reshape(len(scenes), 2, TOKENS)

    shown = drawn([_for_reference(order, index) for index in numbers])
    pictures = np.stack([shrink(each, SEEN) for each in shown])
    met = [_alone(order, index) for index in numbers]
    one = learned(met, drawn(met))
    if not has_company(order.domain):
        return (pictures, *one, *(np.zeros_like(each) for each in one))
    duos = [_together(order, index) for index in numbers]
    return (pictures, *one, *learned(duos, drawn(duos)))


def _for_reference(order: LatentOrder, index: int) -> Scene:
    character = character_of(order.seed, index, order.domain)
    return reference_scene(character, style_of(order.seed, index, order.domain))


def _alone(order: LatentOrder, index: int) -> Scene:
    character = character_of(order.seed, index, order.domain)
    scene = met_alone(character, Random(f"met {order.seed} {index}"), order.domain)
    return replace(scene, style=style_of(order.seed, index, order.domain))


def _together(order: LatentOrder, index: int) -> Scene:
    cast = [character_of(order.seed, each, order.domain) for each in (index, partner(index))]
    scene = met_together(cast, Random(f"duo {order.seed} {index}"), order.domain)
    return replace(scene, style=style_of(order.seed, index, order.domain))


def _captions(order: LatentOrder, scenes: list[Scene]) -> list[str]:
    chance = Random(f"couples {order.seed} {order.start} {len(scenes)}")
    return [said(scene, chance) for scene in scenes for said in (brief_caption, caption)]
