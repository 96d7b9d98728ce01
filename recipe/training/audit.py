"""Trains the audit classifier, on pictures that no other part is trained on."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from actors.judging.trunk import as_pixels, shrink
from recipe.evaluation.audit import SIDE, Audit, targets
from recipe.illustrator import Illustrator, Scene
from recipe.illustrator.sampling import FULL
from recipe.training.drawings import Made, carry_out, chunks, open_array, scene_of
from recipe.training.labels import IGNORED
from recipe.training.loop import Loss, Stretch, device, train
from recipe.training.settings import Recipe
from recipe.training.state import Trainee

_SEED = 7_000
"""Added to the recipe's seed, for other pictures than those of any other part."""
_HELD_OUT = 8
"""Held-out batches, of pictures that the evaluation does not use either."""


@dataclass(frozen=True, slots=True)
class _Order:
    seed: int
    start: int
    stop: int


def train_audit(recipe: Recipe, stretch: Stretch, processes: int) -> bool:
    """Draws the classifier's pictures and trains it; writes `audit/audit.safetensors`."""
    settings, seed = recipe.audit, _SEED + recipe.seed
    shape = (settings.pictures, SIDE, SIDE, 3)
    file = stretch.folder / "audit.npy"
    pictures = open_array(file, np.dtype(np.uint8), shape)
    orders = [_Order(seed, *chunk) for chunk in chunks(settings.pictures)]
    if not carry_out("audit", orders, stretch, processes, {"pictures": pictures}, _draw):
        return False
    torch.manual_seed(seed)
    audit = Audit(settings.widths).to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    trainee = Trainee(audit, settings.training.rate, average=0.995)
    examples = _Examples(recipe, np.load(file, mmap_mode="r"), seed)
    finished = train("audit", trainee, settings.training, examples.loss(audit), stretch)
    trainee.use_average()
    stretch.log.write("audit-held-out", **examples.accuracies(audit))
    audit.save(stretch.folder / "audit" / "audit.safetensors")
    return finished


def _draw(order: _Order) -> Made:
    cv2.setNumThreads(1)
    illustrator = Illustrator()
    scenes = [_scene(order.seed, index) for index in range(order.start, order.stop)]
    return (np.stack([shrink(illustrator.draw(scene).image, SIDE) for scene in scenes]),)


def _scene(seed: int, index: int) -> Scene:
    # The same domain for every rung: one classifier reads the pictures of all of them.
    return scene_of(seed, index, FULL)


class _Examples:
    """Makes the batches: pictures, some blurred or noisy, and their attributes."""

    def __init__(self, recipe: Recipe, pictures: NDArray[np.uint8], seed: int) -> None:
        self._training = recipe.audit.training
        self._pictures = pictures
        self._seed = seed
        self._known = len(pictures) - min(_HELD_OUT * self._training.batch, len(pictures) // 4)
        scenes = [_scene(seed, index) for index in range(len(pictures))]
        self._whole, self._slots = targets(scenes)

    def loss(self, audit: Audit) -> Loss:
        """Returns the mean cross entropy of the visible attributes."""

        def loss_of(step: int) -> tuple[Tensor, dict[str, float]]:
            chance = np.random.default_rng([self._seed, step])
            rows = np.sort(chance.integers(0, self._known, self._training.batch))
            pixels = spoil(as_pixels(self._pictures[rows]), chance).to(device())
            with torch.autocast(pixels.device.type, torch.bfloat16):
                whole, slots = audit(pixels)
            losses = [
                F.cross_entropy(logits.float().flatten(0, -2), truth, ignore_index=IGNORED)
                for logits, truth in self._pairs(whole, slots, rows)
                if (truth != IGNORED).any()
            ]
            return torch.stack(losses).mean(), {}

        return loss_of

    @torch.no_grad()
    def accuracies(self, audit: Audit) -> dict[str, float]:
        """Returns the share of right readings by attribute, in held-out pictures."""
        right: dict[str, list[Tensor]] = {}
        for first in range(self._known, len(self._pictures), self._training.batch):
            rows = np.arange(first, min(first + self._training.batch, len(self._pictures)))
            whole, slots = audit(as_pixels(self._pictures[rows]).to(device()))
            names = [*whole, *slots]
            for name, (logits, truth) in zip(names, self._pairs(whole, slots, rows), strict=True):
                seen = truth != IGNORED
                hits = logits.flatten(0, -2).argmax(-1)[seen] == truth[seen]
                right.setdefault(name, []).append(hits)
        found = {name: torch.cat(hits) for name, hits in right.items()}
        return {name: hits.float().mean().item() for name, hits in found.items() if len(hits)}

    def _pairs(
        self, whole: dict[str, Tensor], slots: dict[str, Tensor], rows: NDArray[np.int64]
    ) -> list[tuple[Tensor, Tensor]]:
        pairs = [(whole[name], self._whole[name][rows]) for name in whole]
        pairs += [(slots[name], self._slots[name][rows].reshape(-1)) for name in slots]
        return [(logits, torch.from_numpy(truth).to(device())) for logits, truth in pairs]


def spoil(pixels: Tensor, chance: np.random.Generator) -> Tensor:
    """Returns a batch made to look generated: softer, shifted by up to three pixels, noisy."""
    side = pixels.shape[-1]
    if chance.random() < 0.5:
        small = int(chance.integers(side // 3, side))
        soft = F.interpolate(pixels, (small, small), mode="area")
        pixels = F.interpolate(soft, (side, side), mode="bilinear")
    down, right = chance.integers(-3, 4, 2).tolist()
    padded = F.pad(pixels, (3, 3, 3, 3), mode="replicate")
    pixels = padded[..., 3 + down : 3 + down + side, 3 + right : 3 + right + side]
    light = torch.from_numpy(chance.normal(0, 0.03, (len(pixels), 3, 1, 1))).float()
    seed = int(chance.integers(2**62))
    noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(seed))
    noisy = pixels + light + noise * float(chance.uniform(0, 0.06))
    return noisy.contiguous(memory_format=torch.channels_last)
