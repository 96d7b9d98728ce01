"""Measures the picture gate: `python -m recipe.gate`."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from actors.engine.decoding import decode
from actors.engine.loading import load_pipeline
from actors.finishing.measures import Measures, measure
from actors.finishing.quality import BEST, FLOOR, judge
from actors.pictures.opened import opened
from actors.pictures.seen import seen
from actors.settings import DiffuserSettings
from recipe.damage import HELD_BACK, ODD, TUNED, damaged
from recipe.evaluation.sampling import generate, held_out
from recipe.illustrator import Illustrator
from recipe.illustrator.attributes import Place, Time, Weather
from recipe.illustrator.sampling import FULL, sample_scene

Pixels = NDArray[np.uint8]

_SEED = 177
_SIDES = (256, 1024)
_LEAST_AUC = 0.98
_BINS = 10
_ODD_REFUSED = 0.02
"""The most of the good pictures that look odd that may be refused."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what the gate refuses; returns 1 if that is a good picture, or not a broken one."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.gate",
        description="Prints how many good pictures the gate refuses and how many broken ones it "
        "lets through, with the measures nearest to its limits, and how the scores of good and of "
        "damaged pictures are spread. Exits with 1 if a good one is refused, one that shows "
        "nothing is let through, or the AUC on kinds of damage held back is under 0.98.",
    )
    parser.add_argument("--pictures", type=int, default=1000, help="good drawings (1000)")
    parser.add_argument("--broken", type=int, default=100, help="broken pictures of a kind (100)")
    parser.add_argument("--rendered", type=int, default=48, help="pictures of the checkpoint (48)")
    parser.add_argument("--damaged", type=int, default=500, help="good and damaged ones (500)")
    parser.add_argument("--folder", type=Path, help="take good ones to damage from this folder")
    said = parser.parse_args(arguments)
    pipeline: Any = load_pipeline(DiffuserSettings(device="cpu"))
    wrong = 0
    for name, pictures in (
        ("drawings", drawings(said.pictures)),
        ("drawings of 1024 pixels", drawings(-(-said.pictures // 50), detail=4)),
        ("pictures of the checkpoint", rendered(pipeline, said.rendered)),
    ):
        wrong += _report(name, pictures, broken=False)
    for name, pictures in broken(said.broken).items():
        wrong += _report(name, pictures, broken=True)
    wrong += _report("noise, decoded", decoded_noise(pipeline, said.broken), broken=True)
    wrong += compare(_good(said.folder, said.damaged))
    return 1 if wrong else 0


def compare(good: Sequence[Pixels]) -> int:
    """Prints the scores of good pictures, odd ones and damaged ones; returns what is wrong.

    Wrong are a good one that is refused, more than a few odd ones, and an AUC under 0.98 on kinds
    that are held back.
    """
    least = [judge(measure(pixels)).score for pixels in good]
    wrong = _report("good", iter(good), broken=False)
    for number, (name, change) in enumerate(ODD.items()):
        few = good[number :: len(ODD)]
        wrong += _report(name, map(change, few), broken=False) > _ODD_REFUSED * len(few)
    for title, kinds in (("tuned", TUNED), ("held back", HELD_BACK)):
        scores: list[float] = []
        for number, (name, harm) in enumerate(kinds.items()):
            found = _scores(damaged(good[number :: len(kinds)], harm, number))
            print(f"{name}: {len(found)} pictures, {sum(s <= FLOOR for s in found)} refused")
            scores += found
        area = auc(least, scores)
        print(f"{title}: AUC {area:.4f}, {_spread(least)} good, {_spread(scores)} damaged")
        wrong += title == "held back" and area < _LEAST_AUC
    return wrong


def auc(good: Sequence[float], bad: Sequence[float]) -> float:
    """Returns how often a good picture's score is above a damaged one's; ties count half."""
    differences = np.asarray(good)[:, None] - np.asarray(bad)[None]
    return float(((differences > 0) + (differences == 0) / 2).mean())


def _scores(pictures: Iterable[Pixels]) -> list[float]:
    return [judge(measure(pixels)).score for pixels in pictures]


def _spread(scores: Sequence[float]) -> str:
    """Returns how many scores are in each half point from 0 to 5."""
    counts, _ = np.histogram(scores, _BINS, (0, BEST))
    return "|".join(str(count) for count in counts)


def _good(folder: Path | None, count: int) -> list[Pixels]:
    if folder is None:
        return list(drawings(count))
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".png", ".jpg"))[:count]
    return [np.asarray(seen(opened(file.read_bytes()))) for file in files]


def drawings(count: int, detail: int = 1) -> Iterator[Pixels]:
    """Yields good drawings: a third at night where that is possible, a third on a plain ground."""
    chance, illustrator = Random(_SEED), Illustrator(detail)
    for number in range(count):
        scene = sample_scene(chance, FULL)
        match number % 3:
            case 1 if not scene.place.timeless:
                scene = replace(scene, time=Time.NIGHT)
            case 2:
                scene = replace(scene, place=Place.PLAIN, time=Time.DAY, weather=Weather.DRY)
        yield illustrator.draw(scene).image


def rendered(pipeline: Any, count: int) -> Iterator[Pixels]:
    """Yields pictures that the shipped checkpoint draws from held-out captions."""
    prompts = held_out(FULL, count)
    if prompts:
        seeds = [prompt.seed for prompt in prompts]
        yield from generate(pipeline, [prompt.caption for prompt in prompts], seeds)


def broken(count: int) -> dict[str, Iterator[Pixels]]:
    """Returns kinds of broken pictures, small and large ones in turns."""
    chance = np.random.default_rng(_SEED)

    def noisy(spread: float, *, grey: bool = False, level: float | None = None) -> Iterator[Pixels]:
        for number in range(count):
            side = _SIDES[number % len(_SIDES)]
            ground = chance.uniform(30, 225, 3) if level is None else level
            noise = chance.normal(0, spread, (side, side, 1 if grey else 3))
            yield np.broadcast_to(ground + noise, (side, side, 3)).clip(0, 255).astype(np.uint8)

    def uniform() -> Iterator[Pixels]:
        for number in range(count):
            side = _SIDES[number % len(_SIDES)]
            yield chance.integers(0, 256, (side, side, 3), np.uint8)

    def blurred() -> Iterator[Pixels]:
        for pixels in noisy(80):
            yield cv2.GaussianBlur(pixels, (0, 0), pixels.shape[0] / 128).astype(np.uint8)

    return {
        "black, as from NaN": noisy(0, level=0),
        "near black": noisy(4, level=4),
        "one colour": noisy(0),
        "one colour with slight noise": noisy(4),
        "uniform noise": uniform(),
        "Gaussian noise": noisy(60),
        "faint Gaussian noise": noisy(25),
        "grey noise": noisy(60, grey=True),
        "blurred noise": blurred(),
    }


def decoded_noise(pipeline: Any, count: int) -> Iterator[Pixels]:
    """Yields what the shipped VAE makes of latents of noise, as from a UNet that did nothing."""
    generator = torch.Generator().manual_seed(_SEED)
    channels = pipeline.unet.config.in_channels
    side = pipeline.unet.config.sample_size
    for number in range(count):
        latents = torch.randn(1, channels, side, side, generator=generator)
        yield np.asarray(decode(pipeline, latents * (0.5, 1.0, 2.0)[number % 3]))


def _report(name: str, pictures: Iterator[Pixels], *, broken: bool) -> int:
    """Prints a line on pictures of one kind; returns how many are judged wrongly."""
    found, faults = [], []
    for pixels in pictures:
        found.append(measure(pixels))
        faults.append(judge(found[-1]).fault)
    refused = sum(fault is not None for fault in faults)
    wrong = len(faults) - refused if broken else refused
    print(f"{name}: {len(faults)} pictures, {refused} refused; {_spans(found)}")
    return wrong


def _spans(found: Sequence[Measures]) -> str:
    if not found:
        return "nothing measured"
    rows = [asdict(each) for each in found]
    return ", ".join(
        f"{field.name} {min(row[field.name] for row in rows):.2f} to "
        f"{max(row[field.name] for row in rows):.2f}"
        for field in fields(Measures)
    )


if __name__ == "__main__":
    sys.exit(main())
