"""The frozen text encoders' states of the captions, stored on disk so that they run once.

With a small UNet on a CPU they would take a third of every step.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recipe.training.drawings import Latents
from recipe.training.loop import Log, device
from recipe.training.text import TOKENS, Towers

_STATES, _POOLS = "states.npy", "pools.npy"
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class States:
    """Each picture's caption as the UNet reads it: (N, 77, 2 * width), and pooled (N, width)."""

    states: NDArray[np.float16]
    pools: NDArray[np.float16]


def load_states(folder: Path) -> States:
    """Returns the stored states, mapped from disk."""
    return States(*(np.load(folder / name, mmap_mode="r") for name in (_STATES, _POOLS)))


def keep_states(folder: Path, towers: Towers, data: Latents, width: int, log: Log) -> None:
    """Stores the states of one phrasing of each picture; computes only the missing ones."""
    count = len(data.tokens)
    progress = folder / "states.json"
    done = int(json.loads(progress.read_text("utf-8"))["done"]) if progress.exists() else 0
    states = _open(folder / _STATES, (count, TOKENS, 2 * width), done)
    pools = _open(folder / _POOLS, (count, width), done)
    for start in range(min(done, count), count, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, count))
        found, pooled = _read(towers, data.tokens[rows, rows % data.tokens.shape[1]])
        states[rows], pools[rows] = found, pooled
    if done < count:
        progress.write_text(json.dumps({"done": count}), "utf-8")
        log.write("states", done=count)


@torch.no_grad()
def _read(
    towers: Towers, tokens: NDArray[np.uint16]
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    with torch.autocast(device().type, torch.bfloat16):
        states, pool = towers(torch.from_numpy(tokens.astype(np.int64)).to(device()))
    return states.half().cpu().numpy(), pool.half().cpu().numpy()


def _open(file: Path, shape: tuple[int, ...], done: int) -> NDArray[np.float16]:
    """Opens a file of the shape; a shorter one is copied into a longer one."""
    kept: NDArray[np.float16] | None = np.load(file, mmap_mode="r+") if file.exists() else None
    if kept is not None and kept.shape == shape:
        return kept
    fresh = file.with_suffix(".new")
    grown: NDArray[np.float16] = np.lib.format.open_memmap(fresh, "w+", np.dtype(np.float16), shape)
    if kept is not None:
        grown[:done] = kept[:done]
    fresh.rename(file)
    return grown
