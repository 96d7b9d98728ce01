"""Measures how pages are read: `python -m recipe.reading` prints precision and recall per kind."""

import argparse
import sys
import time
from collections.abc import Sequence

from actors.extractors.rules.reader import RuleReader
from recipe.reading.corpus import Kind, Part, load_pages
from recipe.reading.scoring import Scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the pages of each part and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m recipe.reading", description=__doc__)
    parser.add_argument(
        "part", nargs="*", choices=[*Part, []], help="parts of the corpus (default: all)"
    )
    parser.add_argument("--faults", nargs="*", choices=list(Kind), help="list what is wrong")
    options = parser.parse_args(arguments)
    for part in map(Part, options.part or list(Part)):
        _report(part, options.faults)
    return 0


def _report(part: Part, faults: Sequence[Kind] | None) -> None:
    scores, reader = Scores(), RuleReader()
    pages = load_pages(part)
    if not pages:
        print(f"\n{part}: no pages")
        return
    began = time.perf_counter()
    for page in pages:
        scores.add(page, reader.read(page.text, page.cast, page.before))
    took = (time.perf_counter() - began) / max(1, len(pages))
    print(f"\n{part}: {len(pages)} pages, {took * 1000:.0f} ms a page")
    print(f"{'kind':10} {'labels':>7} {'right':>7} {'precision':>10} {'recall':>7}")
    for kind, score in scores.kinds.items():
        labels = score.right + score.missed
        print(
            f"{kind:10} {labels:7} {score.correct:7.1%} {score.precision:10.1%} {score.recall:7.1%}"
        )
    obeyed = scores.negations
    print(f"negations obeyed: {obeyed.correct:.1%} of {obeyed.right + obeyed.wrong}")
    for kind in faults or ():
        print(f"\n{kind}:", *scores.kinds[Kind(kind)].faults, sep="\n  ")
        if kind == Kind.NOT:
            print(*obeyed.faults, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
