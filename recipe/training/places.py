"""The UNet's further training for places without characters.

All other pictures have a character, so that the UNet draws one whatever its caption says. Here some
pictures are of empty places, which it learns as ever. On all others it must predict what it did
before: for whole captions, and for brief ones, with which the IP-Adapter is used. Where only the
reading of captions is trained, the adapter and the colours of eyes stay as they are.
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
from recipe.illustrator.captions import caption
from recipe.illustrator.sampling import Domain, sample_place
from recipe.training.cast import brief_caption
from recipe.training.drawings import (
    PHRASINGS,
    PROJECTION,
    SIDE,
    LatentOrder,
    Made,
    carry_out,
    chunks,
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

_SEED = 30_000
"""Added to the recipe's seed, for other pictures than those of any other part."""
_FOLDER = "places"
_HELD_OUT = 48
_EMPTY = 3
"""Every third picture has no character."""


def train_places(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing pictures, then trains the UNet of the folder further."""
    drawn = stretch.folder / _FOLDER
    drawn.mkdir(exist_ok=True)
    if not draw_places(recipe, stretch, processes):
        return False
    places = recipe.places
    recipe = replace(
        recipe, unet=replace(recipe.unet, training=places.training, early=places.early)
    )
    if recipe.unet.kept:
        towers = load_towers(recipe, stretch.folder).to(device())
        keep_states(drawn, towers, load_latents(drawn), recipe.text.width, stretch.log)
    return _train(recipe, stretch, drawn)


def _train(recipe: Recipe, stretch: Stretch, drawn: Path) -> bool:
    torch.manual_seed(recipe.seed)
    places = recipe.places
    further = Further.begin(recipe, stretch.folder, drawn, places.trained, places.average)
    back = min(_HELD_OUT, places.latents // 4)
    empty = only_empty(square_error)
    peopled = only_peopled(square_error)
    learned, plain, departed = (
        Examples(recipe, stretch.folder, drawn, measure=each, kept_back=back, anchor=held)
        for each, held in (
            (empty, Anchor(further.before, peopled)),
            (empty, None),
            (nothing, Anchor(further.before, peopled)),
        )
    )

    def report() -> None:
        found = {"empty": plain.held_out(further.unet), "departed": departed.held_out(further.unet)}
        stretch.log.write("places-held-out", step=further.trainee.step, **found)

    report()
    loss = learned.loss(further.network)
    finished = train("places", further.trainee, recipe.unet.training, loss, stretch)
    further.trainee.use_average()
    report()
    further.unet.save_pretrained(stretch.folder / "unet")
    return finished


def is_empty(number: int) -> bool:
    """Returns whether the picture with a number has no character."""
    return number % _EMPTY == 0


def only_empty(measure: Measure) -> Measure:
    """Returns a measure that counts the empty places alone."""
    return lambda wrong, rows: measure(wrong, rows) * _empty(rows).to(wrong.device)


def only_peopled(measure: Measure) -> Measure:
    """Returns a measure that counts the pictures with characters alone."""
    return lambda wrong, rows: measure(wrong, rows) * (1 - _empty(rows).to(wrong.device))


def nothing(wrong: Tensor, rows: NDArray[np.int64]) -> Tensor:
    """Returns no error at all, for examples that count what an anchor does."""
    return wrong.new_zeros(len(rows))


def _empty(rows: NDArray[np.int64]) -> Tensor:
    return torch.tensor([float(is_empty(int(row))) for row in rows])


def draw_places(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing pictures; returns whether all are drawn."""
    drawn, count, side = stretch.folder / _FOLDER, recipe.places.latents, SIDE // FACTOR
    half, small = np.dtype(np.float16), np.dtype(np.uint16)
    files = {
        "latents": open_array(drawn / "latents.npy", half, (count, CHANNELS, side, side)),
        "tokens": open_array(drawn / "tokens.npy", small, (count, PHRASINGS, TOKENS)),
    }
    own = replace(stretch, folder=drawn)
    return carry_out("latents", _orders(recipe, stretch.folder), own, processes, files, _draw)


def scene_shown(seed: int, number: int, domain: Domain) -> Scene:
    """Returns the scene with a number, the same in every process."""
    if is_empty(number):
        return sample_place(Random(f"place {seed} {number}"), domain.styles)
    return scene_of(seed, number, domain)


def said_of(scene: Scene, chance: Random) -> str:
    """Returns a caption in any phrasing; every other one of characters says nothing of looks."""
    brief = bool(scene.characters) and chance.random() < 0.5
    return brief_caption(scene, chance) if brief else caption(scene, chance)


def _orders(recipe: Recipe, folder: Path) -> Iterator[LatentOrder]:
    projection = Projection.load(folder / PROJECTION)
    seed, domain = _SEED + recipe.seed, recipe.places.domain
    for start, stop in chunks(recipe.places.latents):
        yield LatentOrder(seed, domain, start, stop, projection, folder / "tokenizer")


def _draw(order: LatentOrder) -> Made:
    cv2.setNumThreads(1)
    illustrator, tokenizer = Illustrator(), load_tokenizer(order.tokenizer)
    numbers = range(order.start, order.stop)
    scenes = [scene_shown(order.seed, number, order.domain) for number in numbers]
    pictures = np.stack([illustrator.draw(scene).image for scene in scenes])
    said = [
        said_of(scene, Random(f"caption {order.seed} {number} {phrasing}"))
        for number, scene in zip(numbers, scenes, strict=True)
        for phrasing in range(PHRASINGS)
    ]
    tokens = tokenize(tokenizer, said).numpy().astype(np.uint16)
    latents = order.projection.latents(pictures).astype(np.float16)
    return latents, tokens.reshape(len(scenes), PHRASINGS, TOKENS)
