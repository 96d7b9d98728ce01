"""Measures and shows the steps of post-processing: `python -m recipe.retouched`."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from actors.engine.loading import load_pipeline
from actors.finishing.background import remove_background
from actors.finishing.correction import correct
from actors.finishing.retouched import Pixels
from actors.finishing.sharpening import sharpen
from actors.finishing.signatures import remove_signatures, signatures
from actors.settings import DiffuserSettings
from recipe.gate import drawings, rendered
from recipe.illustrator import Illustrator
from recipe.illustrator.attributes import Place, Time, Weather
from recipe.illustrator.sampling import PORTRAITS, sample_scene

_SIDE = 320
_GAP = 8
_SHEET_QUALITY = 85
_RED = (196, 60, 60)
_DULL = 0.92
_EYE = (slice(490, 570), slice(370, 450))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what the steps find in good pictures, or writes a sheet of them."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.retouched",
        description="Prints in how many good pictures post-processing finds a signature, though "
        "there is none, and in how many it changes colours, and by how much.",
    )
    parser.add_argument("--sheet", type=Path, help="write pictures before and after each step here")
    parser.add_argument("--pictures", type=int, default=1000, help="drawings (1000)")
    parser.add_argument("--rendered", type=int, default=48, help="pictures of the checkpoint (48)")
    said = parser.parse_args(arguments)
    if said.sheet:
        sheet().save(said.sheet, "JPEG", quality=_SHEET_QUALITY, optimize=True)
        return 0
    print(_measured("drawings", drawings(said.pictures)))  # the command's output
    if said.rendered:
        pipeline: Any = load_pipeline(DiffuserSettings(device="cpu"))
        print(_measured("pictures of the checkpoint", rendered(pipeline, said.rendered)))
    return 0


def _measured(name: str, pictures: Iterable[Pixels]) -> str:
    """Returns a line on what is found in pictures that have no fault."""
    count = signed = 0
    changes: list[float] = []
    for pixels in pictures:
        count += 1
        signed += any(True for _ in signatures(pixels))
        found = correct(pixels)
        if found.said:
            changes.append(float(np.abs(found.pixels.astype(np.int16) - pixels).mean()))
    said = f"{name}: {count}; a signature found in {signed}, colours changed in {len(changes)}"
    if not changes:
        return said
    return f"{said}, by {np.mean(changes):.1f} levels in the mean, {max(changes):.1f} at most"


def sheet() -> Image.Image:
    """Returns a sheet of pairs: before a step above, after it below."""
    columns = list(_columns())
    width = len(columns) * (_SIDE + _GAP) - _GAP
    page = Image.new("RGB", (width, 2 * _SIDE + _GAP), "white")
    for number, pair in enumerate(columns):
        for row, pixels in enumerate(pair):
            page.paste(Image.fromarray(pixels), (number * (_SIDE + _GAP), row * (_SIDE + _GAP)))
    return page


def _columns() -> Iterator[tuple[Pixels, Pixels]]:
    grey, white = _portraits()
    yield _pair(_dulled(white), lambda pixels: correct(pixels).pixels)
    soft = cv2.resize(grey[_EYE], (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    yield _pair(np.asarray(soft, np.uint8), lambda pixels: sharpen(pixels, 4).pixels)
    yield _pair(_signed(grey), lambda pixels: remove_signatures(pixels).pixels)
    yield _pair(white, lambda pixels: _on_red(remove_background(pixels).pixels))


def _pair(pixels: Pixels, step: Callable[[Pixels], Pixels]) -> tuple[Pixels, Pixels]:
    before, after = (
        np.asarray(cv2.resize(one, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        for one in (pixels, step(pixels))
    )
    return before, after


def _portraits() -> tuple[Pixels, Pixels]:
    """Returns two portraits of 1024 pixels on a plain ground."""
    chance, illustrator = Random(7), Illustrator(4)
    scenes = [sample_scene(chance, PORTRAITS) for _ in range(4)]
    grey, white = (
        replace(scene, place=Place.PLAIN, time=Time.DAY, weather=Weather.DRY)
        for scene in scenes[2:]
    )
    return illustrator.draw(grey).image, illustrator.draw(white).image


def _dulled(pixels: Pixels) -> Pixels:
    return np.asarray(np.rint(pixels * _DULL), np.uint8)


def _signed(pixels: Pixels) -> Pixels:
    image, side = Image.fromarray(pixels), pixels.shape[0]
    font = ImageFont.load_default(side / 24)
    place = (round(0.03 * side), round(0.03 * side))
    ImageDraw.Draw(image).text(place, "N. Lind", (40, 40, 60), font)
    return np.array(image)


def _on_red(pixels: Pixels) -> Pixels:
    share = pixels[..., 3:].astype(np.float32) / 255 if pixels.shape[2] > 3 else np.ones(1)
    mixed = pixels[..., :3] * share + np.array(_RED) * (1 - share)
    return np.rint(mixed).astype(np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
