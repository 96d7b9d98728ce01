"""Word vectors: what words mean by the company that they keep, in newspapers and Wikipedia.

`weights/card.md` tells where they come from.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

WEIGHTS = Path(__file__).parent / "weights"
WORDS = WEIGHTS / "words.safetensors"

Vector = npt.NDArray[np.float32]


class WordTable:
    """Unit vectors of words, kept as whole numbers of a byte."""

    def __init__(self, words: list[str], vectors: npt.NDArray[np.int8]) -> None:
        self._at = {word: at for at, word in enumerate(words)}
        self._vectors = vectors

    @classmethod
    @cache
    def shipped(cls) -> "WordTable":
        """Returns the table that ships, loaded once."""
        data = load_file(WORDS)
        return cls(data["words"].tobytes().decode().split("\n"), data["vectors"])

    def __contains__(self, word: str) -> bool:
        return word in self._at

    def vector(self, *forms: str) -> Vector | None:
        """Returns the vector of the first known form of a word, or None.

        That of an unknown word with hyphens is the mean of its parts.
        """
        for form in forms:
            parts = [form] if form in self._at else form.replace("'s", "").split("-")
            known = [self._vectors[self._at[one]] for one in parts if one in self._at]
            if form in self._at or len(known) > 1:
                return _unit(np.sum(known, axis=0, dtype=np.float32))
        return None


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
