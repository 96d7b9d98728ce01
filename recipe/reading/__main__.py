"""Measures how pages are read: `python -m recipe.reading` prints precision and recall per kind.

The honesty of what is told of each page as not drawn comes last.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from actors.extractors.rules.reader import RuleReader
from recipe.reading.corpus import Kind, Part, load_pages
from recipe.reading.honesty import Honesty
from recipe.reading.scoring import Scores


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
    options = parser.parse_args(arguments)
    for part in map(Part, options.part or list(Part)):
        _report(part, options.faults)
    return 0


def _report(part: Part, faults: Sequence[str] | None) -> None:
    scores, honesty, reader = Scores(), Honesty(), RuleReader()
    pages = load_pages(part)
    if not pages:
        print(f"\n{part}: no pages")
        return
    began = time.perf_counter()
    read = [reader.read(page.text, page.cast, page.before) for page in pages]
    took = (time.perf_counter() - began) / max(1, len(pages))
    for page, scene in zip(pages, read, strict=True):
        scores.add(page, scene)
        honesty.add(page, scene)
    print(f"\n{part}: {len(pages)} pages, {took * 1000:.0f} ms a page")
    print(f"{'kind':10} {'labels':>7} {'right':>7} {'precision':>10} {'recall':>7}")
    for kind, score in scores.kinds.items():
        labels = score.right + score.missed
        print(
            f"{kind:10} {labels:7} {score.correct:7.1%} {score.precision:10.1%} {score.recall:7.1%}"
        )
    obeyed = scores.negations
    print(f"negations obeyed: {obeyed.correct:.1%} of {obeyed.right + obeyed.wrong}")
    told = honesty.told.right + honesty.told.wrong
    print(f"told as missing when it is not: {honesty.falsely_told:.1%} of {told} told losses")
    print(f"silently wrong: {honesty.silently_wrong:.1%} of {honesty.parts} labelled parts")
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
