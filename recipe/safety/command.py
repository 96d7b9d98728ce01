"""Prints how the text gate does on its corpus, and how long it takes."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence

from recipe.safety.corpus import HALVES, Result, load, measure, share_right
from server.safety.gate import TextGate, load_gate

PAGE = 4000
"""The characters of the longest text of a page."""
MOST_FALSE = 0.01
LEAST_CAUGHT = 0.95
_REPEATS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; returns 1 if those of the held-back half miss the aims."""
    parser = argparse.ArgumentParser(
        prog="python -m recipe.safety",
        description="Prints how many harmless lines of the corpus the text gate refuses and how "
        "many harmful ones it catches, by language and category, and the time of a check. Fails "
        f"above {MOST_FALSE:.0%} false refusals, or below {LEAST_CAUGHT:.0%} caught, of the half "
        "that is held back.",
    )
    parser.parse_args(arguments)
    started = time.process_time()
    gate = load_gate()
    loaded = time.process_time() - started
    halves = {half: measure(gate, load(half)) for half in HALVES}
    lines = [line for half, results in halves.items() for line in report(half, results)]
    lines += [f"lists loaded in {loaded * 1000:.0f} ms of CPU time", *times(gate)]
    print("\n".join(lines))  # the output
    return 0 if meets_aims(halves["held_back"]) else 1


def meets_aims(results: Sequence[Result]) -> bool:
    """Returns whether few enough harmless lines are refused and enough harmful ones are."""
    harmless, harmful = _parted(results)
    return share_right(harmless) >= 1 - MOST_FALSE and share_right(harmful) >= LEAST_CAUGHT


def report(half: str, results: Sequence[Result]) -> Iterator[str]:
    """Yields the figures of a half: of all of it, by language and by category."""
    harmless, harmful = _parted(results)
    yield f"{half}: {_refused(harmless)} refused falsely; {_refused(harmful)} caught"
    yield from _by(lambda result: result.line.language, results)
    yield from _by(lambda result: str(result.line.category), harmful)
    named = sum(result.refused is result.line.category for result in harmful)
    yield f"  {named} of {len(harmful)} harmful lines are refused in the category written down"


def times(gate: TextGate) -> Iterator[str]:
    """Yields the least CPU time of many checks of a harmless page, by language."""
    harmless = [line for half in HALVES for line in load(half) if line.category is None]
    for language in sorted({line.language for line in harmless}):
        text = " ".join(line.text for line in harmless if line.language == language)
        page = {"text": (text * (PAGE // len(text) + 1))[:PAGE]}
        taken = min(_seconds(gate, page) for _ in range(_REPEATS))
        yield f"  {language}: {taken * 1000:.2f} ms for a page of {PAGE:,} characters"


def _seconds(gate: TextGate, page: dict[str, str]) -> float:
    started = time.process_time()
    gate.check(page)
    return time.process_time() - started


def _parted(results: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    harmless = [result for result in results if result.line.category is None]
    return harmless, [result for result in results if result.line.category is not None]


def _by(key: Callable[[Result], str], results: Sequence[Result]) -> Iterator[str]:
    for name in sorted({key(result) for result in results}):
        harmless, harmful = _parted([result for result in results if key(result) == name])
        shown = [f"{_refused(harmless)} refused falsely"] if harmless else []
        yield f"  {name:14}" + "; ".join([*shown, f"{_refused(harmful)} caught"])


def _refused(results: Sequence[Result]) -> str:
    refused = sum(result.refused is not None for result in results)
    return f"{refused} of {len(results)} ({refused / max(1, len(results)):.1%})"
