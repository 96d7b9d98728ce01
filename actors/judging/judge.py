"""The judge: finds the characters in a picture, and recognises their identity and looks.

Its encoder shares nothing with the one that conditions pictures: the network that selects
pictures must not be the one that they are made from.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from actors.judging.trunk import Gaze, Image, Trunk, as_pixels, shrink

FIELD = 128
"""Pixels along each side of the detector's input."""
CELLS = 16
"""Cells along each side of the detector's map."""
CROP = 96
"""Pixels along each side of the recogniser's input."""
MARGIN = 0.06
"""The margin around a box, as a share of its sides."""
Classes = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A character that was found: its box, and its certainty from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    certainty: float


@dataclass(frozen=True, slots=True)
class Appearance:
    """One character's looks: attributes by name, including its view and expression.

    `identity` has length 1, so that the dot product of two is their cosine.
    """

    identity: NDArray[np.float32]
    attributes: Mapping[str, str]
    certainties: Mapping[str, float]

    def likeness(self, other: "Appearance") -> float:
        """Returns the cosine of the two identities."""
        return float(self.identity @ other.identity)


class Detector(nn.Module):
    """Finds the cells that hold the middle of a character, and its size."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.trunk = Trunk(widths)
        self.enlarge = nn.ConvTranspose2d(widths[-1], widths[-1], 2, 2)
        self.head = nn.Conv2d(widths[-1], 5, 1)
        with torch.no_grad():
            # Most cells hold no middle, so training starts from a low probability.
            cast(Tensor, self.head.bias)[0] = -3.0

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits of the middles, (B, 16, 16), and boxes by cell, (B, 4, 16, 16).

        A box is the position of its middle in its cell, its width and its height, as shares.
        """
        found = self.head(F.relu(self.enlarge(self.trunk(pixels)))).float()
        return found[:, 0], found[:, 1:].sigmoid()


class Recogniser(nn.Module):
    """Recognises who a character is, as an embedding, and how it looks."""

    def __init__(self, widths: Sequence[int], embedding: int, classes: Classes) -> None:
        super().__init__()
        self.trunk = Trunk(widths)
        self.gaze = Gaze(1, widths[-1], CROP >> len(widths) + 1, heads=6)
        self.embed = nn.Linear(self.gaze.width, embedding)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(self.gaze.width, len(values)) for name, values in classes.items()}
        )

    def forward(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns embeddings, (B, D), of length 1, and the logits of each attribute."""
        seen = self.gaze(self.trunk(pixels))[:, 0]
        said = {name: head(seen) for name, head in self.heads.items()}
        return F.normalize(self.embed(seen).float(), dim=-1), said


class Judge:
    """Both networks together; its calls block."""

    def __init__(
        self, detector: Detector, recogniser: Recogniser, config: Mapping[str, Any]
    ) -> None:
        self.detector = detector.eval()
        self.recogniser = recogniser.eval()
        self.config = config

    @classmethod
    def new(
        cls,
        detector: Sequence[int],
        recogniser: Sequence[int],
        embedding: int,
        classes: Classes,
        same: float = 0.0,
    ) -> Self:
        """Returns an untrained judge; `same` is the least likeness of one character."""
        config = {
            "detector": list(detector),
            "recogniser": list(recogniser),
            "embedding": embedding,
            "classes": {name: list(values) for name, values in classes.items()},
            "same": same,
        }
        return cls(Detector(detector), Recogniser(recogniser, embedding, classes), config)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads the judge in a folder."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        judge = cls.new(**config)
        weights = load_file(folder / "model.safetensors")
        for name, network in judge.networks().items():
            network.load_state_dict(
                {
                    key.removeprefix(name + "."): tensor.float()
                    for key, tensor in weights.items()
                    if key.startswith(name + ".")
                }
            )
            network.to(memory_format=torch.channels_last)
        return judge

    def save(self, folder: Path) -> None:
        """Writes the weights at half precision, and the configuration."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {
            f"{name}.{key}": tensor.detach().half().contiguous().cpu()
            for name, network in self.networks().items()
            for key, tensor in network.state_dict().items()
        }
        save_file(weights, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(self.config, indent=1) + "\n", "utf-8")

    def networks(self) -> dict[str, nn.Module]:
        """Returns both networks by their names."""
        return {"detector": self.detector, "recogniser": self.recogniser}

    @property
    def same(self) -> float:
        """The least likeness at which two pictures show the same character."""
        return float(self.config["same"])

    @torch.no_grad()
    def find(self, image: Image, least: float = 0.35) -> list[Found]:
        """Returns the characters in a picture, from left to right."""
        maps, boxes = self.detector(as_pixels(shrink(image, FIELD)[None]))
        height, width = image.shape[:2]
        return sorted(
            (_scaled(found, width, height) for found in peaks(maps[0], boxes[0], least)),
            key=lambda found: found.left + found.right,
        )

    @torch.no_grad()
    def look(self, image: Image, boxes: Sequence[Found]) -> list[Appearance]:
        """Returns the looks of the characters in these boxes."""
        if not boxes:
            return []
        crops = np.stack([crop(image, (b.left, b.top, b.right, b.bottom)) for b in boxes])
        identities, said = self.recogniser(as_pixels(crops))
        chances = {name: logits.float().softmax(dim=-1) for name, logits in said.items()}
        classes = self.config["classes"]
        return [
            Appearance(
                identities[index].numpy(),
                {name: classes[name][int(each[index].argmax())] for name, each in chances.items()},
                {name: float(each[index].max()) for name, each in chances.items()},
            )
            for index in range(len(boxes))
        ]

    def main_character(self, image: Image) -> Appearance:
        """Returns the largest character's looks, or the whole picture's if none is found."""
        height, width = image.shape[:2]
        found = self.find(image) or [Found(0, 0, width, height, 0.0)]
        largest = max(found, key=lambda box: (box.right - box.left) * (box.bottom - box.top))
        return self.look(image, [largest])[0]


def peaks(logits: Tensor, boxes: Tensor, least: float) -> list[Found]:
    """Returns the boxes, as shares of the picture, at cells more certain than their neighbours."""
    chances = logits.sigmoid()
    around = F.max_pool2d(chances[None, None], 3, 1, 1)[0, 0]
    found = []
    for row, column in ((chances == around) & (chances >= least)).nonzero().tolist():
        right, down, width, height = boxes[:, row, column].tolist()
        x, y = (column + right) / CELLS, (row + down) / CELLS
        chance = float(chances[row, column])
        found.append(Found(x - width / 2, y - height / 2, x + width / 2, y + height / 2, chance))
    return found


def crop(image: Image, box: tuple[float, float, float, float]) -> Image:
    """Returns the part of a picture in a box and its margin, stretched to (96, 96, 3)."""
    height, width = image.shape[:2]
    left, top, right, bottom = box
    across, down = (right - left) * MARGIN, (bottom - top) * MARGIN
    x0, x1 = _within(left - across, right + across, width)
    y0, y1 = _within(top - down, bottom + down, height)
    cut = np.ascontiguousarray(image[y0:y1, x0:x1])
    return np.asarray(cv2.resize(cut, (CROP, CROP), interpolation=cv2.INTER_AREA), np.uint8)


def _within(low: float, high: float, limit: int) -> tuple[int, int]:
    first = min(max(0, round(low)), limit - 2)
    return first, max(first + 2, min(limit, round(high)))


def _scaled(found: Found, width: int, height: int) -> Found:
    return Found(
        max(0.0, found.left) * width,
        max(0.0, found.top) * height,
        min(1.0, found.right) * width,
        min(1.0, found.bottom) * height,
        found.certainty,
    )
