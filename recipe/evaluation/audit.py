"""The audit classifier: reads the attributes of a picture, only for the evaluation.

It shares neither pictures nor weights with the judge, so that the judge's selection is measured
by another network.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from actors.judging.trunk import Gaze, Image, Trunk, as_pixels, shrink
from recipe.illustrator.attributes import Character, Scene
from recipe.training.labels import IGNORED, Label, all_labels

SIDE = 128
"""Pixels along each side of the classifier's input."""
NUMBER = "number"
_ROWS = {(1, 0): 1, (2, 0): 2, (2, 1): 3, (3, 0): 4, (3, 1): 5, (3, 2): 6}
"""The row of a character's readings, by the number of characters and its slot."""
Reading = Mapping[str, str]
"""The values read, by attribute: of the picture, or of one character."""


def picture_classes() -> dict[str, tuple[str, ...]]:
    """Returns the classes of a whole picture's attributes."""
    own = {each.name: each.classes for each in all_labels() if each.slot is None}
    named = {name: tuple(str(value) for value in classes) for name, classes in own.items()}
    return {**named, NUMBER: ("1", "2", "3")}


def character_classes() -> dict[str, tuple[str, ...]]:
    """Returns the classes of a character's attributes."""
    character = Character()
    values = {each.name: getattr(character, each.name) for each in fields(Character)}
    return {
        name: tuple(map(str, type(value) if isinstance(value, StrEnum) else (False, True)))
        for name, value in values.items()
    }


def truth(scene: Scene) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Returns the right readings of a scene and of its characters, without hidden attributes."""
    picture = {NUMBER: str(len(scene.characters))}
    characters: list[dict[str, str]] = [{} for _ in scene.characters]
    for label in _labels():
        found = label.of(scene)
        if found == IGNORED:
            continue
        said = picture if label.slot is None else characters[label.slot]
        said[label.name] = str(label.classes[found])
    return picture, characters


class Audit(nn.Module):
    """Reads pictures, and the characters in the slots of one, of two and of three."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.pictures = picture_classes()
        self.characters = character_classes()
        self.trunk = Trunk(widths)
        self.gaze = Gaze(1 + len(_ROWS), widths[-1], SIDE >> len(widths) + 1)
        self.picture_heads = _heads(self.pictures, self.gaze.width)
        self.character_heads = _heads(self.characters, self.gaze.width)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Loads the weights in a file; raises ValueError if they read other attributes."""
        with safe_open(file, "pt") as opened:
            said = json.loads((opened.metadata() or {})["audit"])
        audit = cls(said["widths"])
        if said["classes"] != audit.classes():
            raise ValueError(f"{file}: reads other attributes than those drawn now; train it again")
        tensors = {name: tensor.float() for name, tensor in load_file(file).items()}
        audit.load_state_dict(tensors)
        return audit.eval().to(memory_format=torch.channels_last)

    def save(self, file: Path) -> None:
        """Writes the weights at half precision, with their classes."""
        said = json.dumps({"widths": self.widths, "classes": self.classes()})
        tensors = {name: each.half().contiguous() for name, each in self.state_dict().items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, file, {"audit": said})

    def classes(self) -> dict[str, dict[str, list[str]]]:
        """Returns all classes, as stored with the weights."""
        both = {"picture": self.pictures, "character": self.characters}
        return {
            whose: {name: list(values) for name, values in classes.items()}
            for whose, classes in both.items()
        }

    def forward(self, pixels: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Returns logits of pictures, (B, classes), and of characters, (B, rows, classes)."""
        seen = self.gaze(self.trunk(pixels))
        whole, slots = seen[:, 0], seen[:, 1:]
        return (
            {name: head(whole) for name, head in self.picture_heads.items()},
            {name: head(slots) for name, head in self.character_heads.items()},
        )

    @torch.no_grad()
    def read(
        self, images: Iterable[Image], numbers: Sequence[int]
    ) -> tuple[list[Reading], list[list[Reading]]]:
        """Reads pictures of any size; `numbers` are the numbers of their characters."""
        small = np.stack([shrink(image, SIDE) for image in images])
        whole: list[Reading] = []
        characters: list[list[Reading]] = []
        for first in range(0, len(small), 32):
            pictures, slots = self(as_pixels(small[first : first + 32]))
            for index, number in enumerate(numbers[first : first + 32]):
                whole.append(_named(pictures, self.pictures, index))
                rows = [_ROWS[number, slot] - 1 for slot in range(number)]
                characters.append([_named(slots, self.characters, index, row) for row in rows])
        return whole, characters


def targets(scenes: Sequence[Scene]) -> tuple[dict[str, NDArray[np.int64]], ...]:
    """Returns the classes of scenes, (N), and of characters, (N, rows), for the classifier."""
    pictures, characters = picture_classes(), character_classes()
    whole = {name: np.full(len(scenes), IGNORED, np.int64) for name in pictures}
    slots = {name: np.full((len(scenes), len(_ROWS)), IGNORED, np.int64) for name in characters}
    for index, scene in enumerate(scenes):
        said, cast = truth(scene)
        for name, value in said.items():
            whole[name][index] = pictures[name].index(value)
        for slot, character in enumerate(cast):
            row = _ROWS[len(cast), slot] - 1
            for name, value in character.items():
                slots[name][index, row] = characters[name].index(value)
    return whole, slots


@cache
def _labels() -> tuple[Label, ...]:
    return all_labels()


def _heads(classes: Mapping[str, tuple[str, ...]], width: int) -> nn.ModuleDict:
    return nn.ModuleDict({name: nn.Linear(width, len(values)) for name, values in classes.items()})


def _named(
    logits: Mapping[str, Tensor], classes: Mapping[str, tuple[str, ...]], *row: int
) -> Reading:
    return {name: classes[name][int(logits[name][row].argmax())] for name in classes}
