"""Trains the judge, on characters and pictures that no other part is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from actors.judging.judge import CELLS, CROP, FIELD, Judge, crop
from actors.judging.trunk import as_pixels, shrink
from recipe.evaluation.audit import character_classes, truth
from recipe.illustrator import Character, Illustrator, Scene
from recipe.illustrator.sampling import FULL
from recipe.training.audit import spoil
from recipe.training.cast import (
    GROUP,
    IDENTITY,
    character_of,
    met_alone,
    met_together,
)
from recipe.training.drawings import Made, carry_out, chunks, open_array
from recipe.training.encoder import contrast, said_loss, shares
from recipe.training.labels import IGNORED
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.settings import Recipe
from recipe.training.state import Trainee

JUDGE = "judge"
SEEN_AS = (*IDENTITY, "view", "expression")
"""The attributes of a character that the judge reads."""
_SEED = 11_000
"""Added to the recipe's seed, for other characters than those of any other part."""
_TEMPERATURE = 0.1
_HELD_OUT = 128
_VIEWS = 3
"""Pictures of each character: two alone, one in company."""
_FALSE_ALARMS = 0.05
"""The share of pairs of one character that `same` judges as two."""


@dataclass(frozen=True, slots=True)
class _Order:
    seed: int
    start: int
    stop: int


def train_judge(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the missing pictures, trains the recogniser and the detector, and measures both."""
    count = recipe.judge.characters
    crops = open_array(
        stretch.folder / "judge-crops.npy", np.dtype(np.uint8), (count, _VIEWS, CROP, CROP, 3)
    )
    fields = open_array(
        stretch.folder / "judge-fields.npy", np.dtype(np.uint8), (count, FIELD, FIELD, 3)
    )
    boxes = open_array(stretch.folder / "judge-boxes.npy", np.dtype(np.float32), (count, 3, 4))
    files = {"crops": crops, "fields": fields, "boxes": boxes}
    orders = [_Order(_SEED + recipe.seed, *chunk) for chunk in chunks(count)]
    if not carry_out("judge", orders, stretch, processes, files, _draw):
        return False
    torch.manual_seed(_SEED + recipe.seed)
    settings, classes = recipe.judge, character_classes()
    said = {name: classes[name] for name in SEEN_AS}
    judge = Judge.new(settings.detector_widths, settings.widths, settings.embedding, said)
    finished = _train_recogniser(recipe, stretch, judge) and _train_detector(recipe, stretch, judge)
    judge.save(stretch.folder / JUDGE)
    return finished


def _train_recogniser(recipe: Recipe, stretch: Stretch, judge: Judge) -> bool:
    network = judge.recogniser.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    trainee = Trainee(network, recipe.judge.training.rate, average=0.998)
    examples = _Crops(recipe, stretch.folder)
    training = recipe.judge.training
    finished = train("recogniser", trainee, training, examples.loss(network), stretch)
    trainee.use_average()
    figures, same = examples.held_out(network)
    judge.config = {**judge.config, "same": round(same, 4)}
    stretch.log.write("recogniser-held-out", same=same, **figures)
    network.cpu()
    return finished


def _train_detector(recipe: Recipe, stretch: Stretch, judge: Judge) -> bool:
    network = judge.detector.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    trainee = Trainee(network, recipe.judge.detector.rate, average=0.998)
    examples = _Fields(recipe, stretch.folder)
    training = recipe.judge.detector
    finished = train("detector", trainee, training, examples.loss(network), stretch)
    trainee.use_average()
    network.cpu()
    stretch.log.write("detector-held-out", **examples.held_out(judge))
    return finished


def views_of(seed: int, index: int) -> list[tuple[Scene, int]]:
    """Returns the scenes of a character, each with the character's index in it."""
    own = character_of(seed, index, FULL)
    chance = Random(f"judge {seed} {index}")
    others = [character_of(seed, index + GROUP * step, FULL) for step in (1, 2)]
    cast: list[Character] = [own, *others[: 2 if chance.random() < 0.3 else 1]]
    chance.shuffle(cast)
    # If two are equal by chance, either index is right.
    together = met_together(cast, chance, FULL)
    return [
        (met_alone(own, chance, FULL), 0),
        (met_alone(own, chance, FULL), 0),
        (together, cast.index(own)),
    ]


def _draw(order: _Order) -> Made:
    cv2.setNumThreads(1)
    illustrator = Illustrator()
    crops, fields, boxes = [], [], []
    for index in range(order.start, order.stop):
        chance = Random(f"boxes {order.seed} {index}")
        drawings = [
            (illustrator.draw(scene), which) for scene, which in views_of(order.seed, index)
        ]
        crops.append(
            [crop(d.image, _about(_sides(d.boxes[which]), chance)) for d, which in drawings]
        )
        # Every other picture for the detector shows one character, the rest two or three.
        shown = drawings[0 if index % 2 else 2][0]
        fields.append(shrink(shown.image, FIELD))
        places = np.full((3, 4), np.nan, np.float32)
        for slot, box in enumerate(shown.boxes):
            places[slot] = np.array(_sides(box)) / shown.image.shape[0]
        boxes.append(places)
    return np.array(crops), np.array(fields), np.array(boxes)


def _sides(box: object) -> tuple[float, float, float, float]:
    return (box.left, box.top, box.right, box.bottom)  # type: ignore[attr-defined]


def _about(
    box: tuple[float, float, float, float], chance: Random, share: float = 0.05
) -> tuple[float, float, float, float]:
    """Returns a box with small errors, like a detector's."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    off = [chance.uniform(-share, share) for _ in range(4)]
    return (
        left + off[0] * width,
        top + off[1] * height,
        right + off[2] * width,
        bottom + off[3] * height,
    )


def crop_targets(seen: Sequence[tuple[Scene, int]]) -> dict[str, NDArray[np.int64]]:
    """Returns the classes of one character of each scene; IGNORED if not visible."""
    classes = character_classes()
    found = {name: np.full(len(seen), IGNORED, np.int64) for name in SEEN_AS}
    for index, (scene, which) in enumerate(seen):
        for name, value in truth(scene)[1][which].items():
            if name in found:
                found[name][index] = classes[name].index(value)
    return found


class _Crops:
    """Makes the recogniser's batches: groups of look-alikes, each seen twice."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._training = recipe.judge.training
        self._seed = _SEED + recipe.seed
        self._crops = np.load(folder / "judge-crops.npy", mmap_mode="r")
        count = len(self._crops)
        seen = [view for index in range(count) for view in views_of(self._seed, index)]
        self._truth = {
            name: classes.reshape(count, _VIEWS) for name, classes in crop_targets(seen).items()
        }
        self._known = count - min(_HELD_OUT, count // 4 // GROUP * GROUP)

    def loss(self, network: nn.Module) -> Loss:
        """Returns the loss of telling characters apart, plus that of reading their looks."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            chance = np.random.default_rng([self._seed, step])
            groups = max(1, self._training.batch // (2 * GROUP))
            first = np.sort(chance.choice(self._known // GROUP, groups)) * GROUP
            rows = np.repeat((first[:, None] + np.arange(GROUP)).reshape(-1), 2)
            views = np.stack([chance.permutation(_VIEWS)[:2] for _ in rows[::2]]).reshape(-1)
            pixels = spoil(as_pixels(self._crops[rows, views]), chance).to(device())
            with torch.autocast(pixels.device.type, torch.bfloat16):
                identities, logits = network(pixels)
            telling = contrast(identities[0::2], identities[1::2], _TEMPERATURE)
            saying = said_loss(logits, {name: of[rows, views] for name, of in self._truth.items()})
            return telling + saying, {"contrast": telling.item(), "attributes": saying.item()}

        return loss_of

    @torch.no_grad()
    def held_out(self, network: nn.Module) -> tuple[dict[str, float], float]:
        """Returns the shares of recognised characters, and the likeness that counts as the same."""
        rows = np.arange(self._known, len(self._crops))
        views = [network(as_pixels(self._crops[rows, view]).to(device())) for view in range(_VIEWS)]
        alone, company = (views[0][0] @ views[view][0].T for view in (1, 2))
        truth_of = torch.arange(len(rows), device=alone.device)
        own = torch.cat([alone.diagonal(), company.diagonal()])
        figures = {
            "known": (alone.argmax(1) == truth_of).float().mean().item(),
            "known_in_company": (company.argmax(1) == truth_of).float().mean().item(),
            "among": float(len(rows)),
            **shares(views[0][1], {name: of[rows, 0] for name, of in self._truth.items()}),
        }
        return figures, own.quantile(_FALSE_ALARMS).item()


class _Fields:
    """Makes the detector's batches."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._training = recipe.judge.detector
        self._seed = _SEED + recipe.seed
        self._fields = np.load(folder / "judge-fields.npy", mmap_mode="r")
        self._boxes = np.load(folder / "judge-boxes.npy")
        self._known = len(self._fields) - min(_HELD_OUT, len(self._fields) // 4)

    def loss(self, network: nn.Module) -> Loss:
        """Returns the focal loss of middles (arXiv 1904.07850) plus the error of boxes."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            chance = np.random.default_rng([self._seed, step, 5])
            rows = np.sort(chance.integers(0, self._known, self._training.batch))
            heat, boxes, middles = detector_targets(self._boxes[rows])
            pixels = spoil(as_pixels(self._fields[rows]), chance).to(device())
            with torch.autocast(pixels.device.type, torch.bfloat16):
                logits, found = network(pixels)
            where = middles.to(pixels.device)
            finding = focal_loss(logits, heat.to(pixels.device), where)
            sizing = (found - boxes.to(pixels.device)).abs().mean(1)[where].mean()
            return finding + 5 * sizing, {"finding": finding.item(), "sizing": sizing.item()}

        return loss_of

    def held_out(self, judge: Judge) -> dict[str, float]:
        """Returns the recall and the precision of found characters."""
        right, told, true = 0, 0, 0
        for row in range(self._known, len(self._fields)):
            boxes = self._boxes[row][~np.isnan(self._boxes[row, :, 0])] * FIELD
            found = judge.find(np.array(self._fields[row]))
            told, true = told + len(found), true + len(boxes)
            right += matched([(f.left, f.top, f.right, f.bottom) for f in found], boxes.tolist())
        return {"recall": right / max(1, true), "precision": right / max(1, told)}


def detector_targets(boxes: NDArray[np.float32]) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the heat of middles, (B, 16, 16), boxes by cell, (B, 4, 16, 16), and their cells."""
    count = len(boxes)
    heat = np.zeros((count, CELLS, CELLS), np.float32)
    about = np.zeros((count, 4, CELLS, CELLS), np.float32)
    middles = np.zeros((count, CELLS, CELLS), bool)
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    for index, places in enumerate(boxes):
        for left, top, right, bottom in places[~np.isnan(places[:, 0])]:
            x, y = (left + right) / 2 * CELLS, (top + bottom) / 2 * CELLS
            column, row = min(int(x), CELLS - 1), min(int(y), CELLS - 1)
            blob = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 2)
            heat[index] = np.maximum(heat[index], blob)
            about[index, :, row, column] = (x - column, y - row, right - left, bottom - top)
            middles[index, row, column] = True
    return torch.from_numpy(heat), torch.from_numpy(about), torch.from_numpy(middles)


def focal_loss(logits: Tensor, heat: Tensor, middles: Tensor) -> Tensor:
    """Returns the focal loss of a map of middles, in which most cells hold none."""
    chances = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    hits = -((1 - chances) ** 2 * chances.log())[middles].sum()
    misses = -((1 - heat) ** 4 * chances**2 * (1 - chances).log())[~middles].sum()
    return (hits + misses) / middles.sum().clamp(min=1)


def matched(found: Sequence[Sequence[float]], true: Sequence[Sequence[float]]) -> int:
    """Returns the number of true boxes found: each by a separate one that overlaps it by half."""
    left, hits = list(found), 0
    for box in true:
        best = max(left, key=lambda other: overlap(box, other), default=None)
        if best is not None and overlap(box, best) >= 0.5:
            left.remove(best)
            hits += 1
    return hits


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Returns the intersection of two boxes over their union."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return both / (sum(areas) - both)
