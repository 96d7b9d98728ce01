"""A fixed linear map from pictures to latents: the principal components of their patches."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from recipe.training.settings import CHANNELS, FACTOR

_FLATTENING = 0.65
"""How far the components' scales are equalised: 0 keeps them, 1 makes them equal."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Maps patches of 16x16x3 pixels, in -1 to 1, to 32 numbers."""

    mean: NDArray[np.float32]
    """(768,)"""
    basis: NDArray[np.float32]
    """(768, 32)"""
    scale: NDArray[np.float32]
    """(32,)"""

    @classmethod
    def fit(cls, pictures: NDArray[np.uint8]) -> Self:
        """Finds the components with most of the variance between the patches of pictures."""
        patches = _patches(pictures).reshape(-1, FACTOR * FACTOR * 3)
        mean = patches.mean(axis=0)
        centred = patches - mean
        values, vectors = np.linalg.eigh((centred.T @ centred / len(centred)).astype(np.float64))
        deviation = np.sqrt(np.maximum(values[::-1][:CHANNELS], 1e-8))
        scale = deviation**-_FLATTENING
        scale /= np.sqrt(np.mean((deviation * scale) ** 2))
        basis = np.ascontiguousarray(vectors[:, ::-1][:, :CHANNELS])
        return cls(mean, basis.astype(np.float32), scale.astype(np.float32))

    @classmethod
    def load(cls, file: Path) -> Self:
        """Reads a projection."""
        return cls(**load_file(file))

    def save(self, file: Path) -> None:
        """Writes the projection."""
        save_file({"mean": self.mean, "basis": self.basis, "scale": self.scale}, file)

    def latents(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns the latents, (N, 32, H/16, W/16), of pictures, (N, H, W, 3)."""
        patches = _patches(pictures)
        projected = (patches - self.mean) @ self.basis * self.scale
        return np.ascontiguousarray(projected.transpose(0, 3, 1, 2))


def _patches(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    count, height, width, _ = pictures.shape
    rows, columns = height // FACTOR, width // FACTOR
    split = pictures.reshape(count, rows, FACTOR, columns, FACTOR, 3).transpose(0, 1, 3, 2, 4, 5)
    return split.reshape(count, rows, columns, -1).astype(np.float32) / np.float32(127.5) - 1
