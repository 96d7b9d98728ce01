"""Measures how pages are read: `python -m recipe.reading` prints precision and recall per kind.

The honesty of what is told of each page as not drawn, or as unsure, comes after them. A figure that
has an aim for held-back pages has it beside it, with `met` or `MISSED`, on all parts. Last, some
pages are drawn with the checkpoint that ships, a second or more each: the judge counts the figures
in them.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from actors.extractors.bounds import bounded
from actors.extractors.rules.reader import RuleReader
from recipe.reading.corpus import Kind, Part, load_pages
from recipe.reading.doubting import Doubting
from recipe.reading.figures import figure_lines
from recipe.reading.honesty import Honesty
from recipe.reading.scoring import Scores

_DRAWN = 12
"""The pages that are drawn where no number is given."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the pages of each part and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m recipe.reading", description=__doc__)
    parser.add_argument(
        "part", nargs="*", choices=[*Part, []], help="parts of the corpus (default: all)"
    )
    parser.add_argument(
        "--faults",
        nargs="*",
        choices=[*Kind, "told", "silent"],
        help="list what is wrong; told: losses that are none; silent: parts lost without a word",
    )
    parser.add_argument(
        "--drawn",
        type=int,
        metavar="PAGES",
        help=f"draw so many pages and count the figures nobody asked for (default: {_DRAWN} of all"
        " parts, none where parts are named)",
    )
    parser.add_argument(
        "--varied",
        type=int,
        default=0,
        metavar="PAGES",
        help="draw so many pages with four seeds each, and measure how far the pictures differ",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: 1)")
    options = parser.parse_args(arguments)
    parts = tuple(map(Part, options.part or list(Part)))
    for part in parts:
        _report(part, options.faults)
    drawn = options.drawn if options.drawn is not None else 0 if options.part else _DRAWN
    if drawn or options.varied:
        _report_pictures(parts, drawn, options.varied, options.threads)
    return 0


def _report_pictures(parts: Sequence[Part], drawn: int, varied: int, threads: int) -> None:
    # Torch is loaded only where something is drawn.
    import torch

    from actors.judging.judge import Judge
    from actors.storybook import CHECKPOINT
    from recipe.evaluation.identity import JUDGE
    from recipe.reading.drawing import unasked_lines, varied_lines
    from recipe.reading.pictures import Artist, sample

    torch.set_num_threads(threads)
    artist, judge = Artist.shipped(), Judge.load(CHECKPOINT / JUDGE)
    if drawn:
        print("", *unasked_lines(artist, judge, sample(drawn, parts)), sep="\n")
    if varied:
        print("", *varied_lines(artist, judge, sample(varied, parts)), sep="\n")


def _report(part: Part, faults: Sequence[str] | None) -> None:
    scores, honesty, doubting, reader = Scores(), Honesty(), Doubting(), RuleReader()
    pages = load_pages(part)
    if not pages:
        print(f"\n{part}: no pages")
        return
    began = time.perf_counter()
    read = [bounded(reader.read(page.text, page.cast, page.before)) for page in pages]
    took = (time.perf_counter() - began) / max(1, len(pages))
    for page, scene in zip(pages, read, strict=True):
        scores.add(page, scene)
        honesty.add(page, scene)
        doubting.add(page, scene)
    print(f"\n{part}: {len(pages)} pages, {took * 1000:.0f} ms a page")
    print(*figure_lines(scores, honesty, doubting), sep="\n")
    for name in faults or ():
        print(f"\n{name}:", *_faults(name, scores, honesty), sep="\n  ")


def _faults(name: str, scores: Scores, honesty: Honesty) -> list[str]:
    if name == "told":
        return honesty.told.faults
    if name == "silent":
        return [fault for one in honesty.silent.values() for fault in one.faults]
    also = scores.negations.faults if name == Kind.NOT else []
    return [*scores.kinds[Kind(name)].faults, *also]


if __name__ == "__main__":
    sys.exit(main())
