"""The figures of a part of the corpus as lines, and beside each that has one its aim.

The aims are those for pages that the reader was not made with; other parts are told by them too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from recipe.reading.corpus import Kind
from recipe.reading.doubting import Doubting
from recipe.reading.honesty import Honesty
from recipe.reading.scoring import Score, Scores


@dataclass(frozen=True, slots=True)
class Aim:
    """Within which bounds a share is to be; it has one of them."""

    least: float = 0.0
    most: float = 1.0

    def told(self, share: float, of: int) -> str:
        """Returns the aim, and whether a share of so many meets it; of none it does neither."""
        bound = f"{self.least:.0%} at least" if self.least else f"{self.most:.0%} at most"
        met = "met" if self.least <= share <= self.most else "MISSED"
        return f"aim {bound}: {met}" if of else f"aim {bound}"


RIGHT: Mapping[Kind, Aim] = {
    Kind.WHO: Aim(least=0.95),
    Kind.PLACE: Aim(least=0.90),
    Kind.COLOURS: Aim(least=0.90),
}
"""The aims of what is right among all that was read or should have been, by kind."""
OBEYED = Aim(least=0.98)
FALSELY_TOLD = Aim(most=0.05)
SILENTLY_WRONG = Aim(most=0.02)
FALSELY_DOUBTED = Aim(most=0.15)


def figure_lines(scores: Scores, honesty: Honesty, doubting: Doubting) -> Iterator[str]:
    """Yields a table of the kinds, and the other figures after it."""
    yield f"{'kind':10} {'labels':>7} {'right':>7} {'precision':>10} {'recall':>7}  aim of right"
    for kind, score in scores.kinds.items():
        yield _row(kind, score).rstrip()
    obeyed = scores.negations
    denied = obeyed.right + obeyed.wrong
    yield (
        f"negations obeyed: {obeyed.correct:.1%} of {denied}; "
        + OBEYED.told(obeyed.correct, denied)
    )
    told = honesty.told.right + honesty.told.wrong
    yield (
        f"told as missing when it is not: {honesty.falsely_told:.1%} of {told} told losses; "
        + FALSELY_TOLD.told(honesty.falsely_told, told)
    )
    yield (
        f"silently wrong: {honesty.silently_wrong:.1%} of {honesty.parts} labelled parts; "
        + SILENTLY_WRONG.told(honesty.silently_wrong, honesty.parts)
    )
    yield f"silently wrong, and not told as unsure either: {honesty.unwarned:.1%}"
    places = doubting.places
    aim = FALSELY_DOUBTED.told(places.falsely_doubted, places.right)
    yield f"told as unsure, places: {places}; of right ones {aim}"
    yield f"told as unsure, all that is read: {doubting.all}"


def _row(kind: Kind, score: Score) -> str:
    labels = score.right + score.missed
    aim = RIGHT.get(kind)
    return (
        f"{kind:10} {labels:7} {score.correct:7.1%} {score.precision:10.1%} {score.recall:7.1%}  "
        + (aim.told(score.correct, labels + score.wrong) if aim else "")
    )
