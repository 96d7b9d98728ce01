"""Measures the watermark: `python -m recipe.watermarked`."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from actors.finishing.forms import cut, print_size
from actors.finishing.watermark import Watermark
from imggen.watermark import found
from imggen.watermark.search import best_score, threshold
from recipe.illustrator import Illustrator
from recipe.illustrator.sampling import FULL, sample_scene
from recipe.recodings import BEYOND, COMBINED, PROMISED, Recoding
from server.domain.models import Size
from server.domain.states import ImageType

_SEED = 277
_OPERATOR = 613
_DISPLAYS = (Size(1024, 1024), Size(1824, 1024))
_PRINTED, _ROUGHLY = 5, 4
"""Of how many pictures one is measured in its print form too, and one with every recoding."""
_ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".webp"))
_PROMISED_SHARE = 0.99
_PROMISED_DB = 40

Row: TypeAlias = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what the mark survives and what not; returns 1 where that is less than promised."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.watermarked",
        description="Prints in how many pictures the watermark is found after each recoding, and "
        "the best scores of pictures without it. Exits with 1 if that is less than promised.",
    )
    parser.add_argument("--pictures", type=Path, help="a folder of pictures; else drawings")
    parser.add_argument("--marked", type=int, default=100, help="pictures to mark (100)")
    parser.add_argument("--unmarked", type=int, default=1000, help="pictures without it (1000)")
    parser.add_argument("--log", type=Path, help="a file from which another run goes on")
    said = parser.parse_args(arguments)
    done = _done(said.log)
    for name, row in measured(said.pictures, said.marked, said.unmarked, done):
        done[name] = row
        if said.log:
            with said.log.open("a") as log:
                log.write(json.dumps({"name": name, **row}) + "\n")
    rows = list(done.values())
    for line in report(rows):
        print(line)  # the command's output
    return 0 if is_as_promised(rows) else 1


def measured(
    folder: Path | None, marked: int, unmarked: int, done: Mapping[str, Row]
) -> Iterator[tuple[str, Row]]:
    """Yields what is not done yet by name, marked and unmarked pictures in turns."""
    sources, mark = _Sources(folder), Watermark(operator=_OPERATOR)
    share = -(-unmarked // marked) if marked else unmarked
    for number in range(max(marked, 1)):
        if number < marked and (name := f"marked {number}") not in done:
            yield name, _marked(sources, mark, number)
        for other in range(number * share, min(unmarked, (number + 1) * share)):
            if (name := f"unmarked {other}") not in done:
                yield name, {"score": best_score(sources.picture(other))}


def report(rows: Sequence[Row]) -> Iterator[str]:
    """Yields the lines of the tables."""
    for form in ("display", "print"):
        marked = [row[form] for row in rows if form in row]
        if not marked:
            continue
        decibels = [row["psnr"] for row in marked]
        yield (
            f"{form}: {len(marked)} pictures; PSNR {min(decibels):.1f} dB or more, median "
            f"{median(decibels):.1f}; marked in {median(row['seconds'] for row in marked):.3f} s"
        )
        yield "| recoding | found | operator read | least score | median |"
        yield "|---|---|---|---|---|"
        for kind in (*PROMISED, *COMBINED, *BEYOND):
            if results := [row["found"][kind] for row in marked if kind in row["found"]]:
                yield _line(kind, results)
    scores = [row["score"] for row in rows if "score" in row]
    if scores:
        limit = threshold()
        alarms = sum(score >= limit for score in scores)
        yield (
            f"without a mark: {len(scores)} pictures, {alarms} false alarms; best score "
            f"{max(scores):.2f}, median {median(scores):.2f}; from {limit:.2f} on it is a mark"
        )


def is_as_promised(rows: Sequence[Row]) -> bool:
    """Returns whether the rows hold what the documentation says."""
    for form in ("display", "print"):
        marked = [row[form] for row in rows if form in row]
        for kind in PROMISED:
            hits = [row["found"][kind][0] > 0 for row in marked]
            if sum(hits) < _PROMISED_SHARE * len(hits):
                return False
        if any(row["psnr"] < _PROMISED_DB for row in marked):
            return False
    return not any(row.get("score", 0) >= threshold() for row in rows)


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Returns how near two pictures are, in dB; all channels count alike."""
    apart = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return float(20 * np.log10(255 / max(np.sqrt(np.mean(apart**2)), 1e-9)))


class _Sources:
    """Pictures by their number: those of a folder, then drawings."""

    def __init__(self, folder: Path | None) -> None:
        files = sorted(folder.iterdir()) if folder else []
        self._files = [file for file in files if file.suffix.lower() in _ENDINGS]
        self._illustrator = Illustrator(2)

    def picture(self, number: int) -> Image.Image:
        """Returns a picture, RGB."""
        if number < len(self._files):
            with Image.open(self._files[number]) as picture:
                return picture.convert("RGB")
        scene = sample_scene(Random(_SEED + number), FULL)
        return Image.fromarray(self._illustrator.draw(scene).image)


def _marked(sources: _Sources, mark: Watermark, number: int) -> Row:
    display = _DISPLAYS[number % len(_DISPLAYS)]
    picture = cut(sources.picture(number), display)
    others = {**COMBINED, **BEYOND} if number % _ROUGHLY == 0 else {}
    kinds = {**PROMISED, **others}
    row = {"display": _recoded(picture, display, mark, kinds, number)}
    if number % _PRINTED == 0:
        kind = ImageType.PORTRAIT if display.width == display.height else ImageType.SCENE
        row["print"] = _recoded(picture, print_size(kind, display), mark, PROMISED, number)
    return row


def _recoded(
    picture: Image.Image, size: Size, mark: Watermark, kinds: Mapping[str, Recoding], number: int
) -> Row:
    """Returns how a form of a picture fares: for each kind the score, and whether it is read."""
    form = picture.resize((size.width, size.height), Image.Resampling.LANCZOS)
    began = time.process_time()
    marked = mark.marked(form)
    seconds = time.process_time() - began
    results = {}
    for kind, recoding in kinds.items():
        hit = found(recoding(marked, Random(f"{_SEED} {kind} {number}")))
        results[kind] = (hit.score, hit.operator == _OPERATOR) if hit else (0, False)
    return {"psnr": psnr(form, marked), "seconds": seconds, "found": results}


def _line(kind: str, results: Sequence[tuple[float, bool]]) -> str:
    scores = [score for score, _ in results]
    hits, read = sum(score > 0 for score in scores), sum(read for _, read in results)
    return (
        f"| {kind} | {hits} of {len(results)} | {read} | {min(scores):.1f} | {median(scores):.1f} |"
    )


def _done(log: Path | None) -> dict[str, Row]:
    """Returns what a run before this one has measured; its last line may be cut off."""
    done: dict[str, Row] = {}
    for line in log.read_text().splitlines() if log and log.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        done[row.pop("name")] = row
    return done


if __name__ == "__main__":
    sys.exit(main())
