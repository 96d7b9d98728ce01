"""How certain shares are: their intervals, and comparisons of two on the same cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

_Z95 = 1.959964
"""The standard normal deviate of a two-sided interval of 95 %."""


def wilson(right: int, of: int) -> tuple[float, float]:
    """Returns the 95 % score interval of a share, in percent; 0 to 100 of nothing.

    Wilson 1927 (JASA 22, 209-212); method 3 of Newcombe 1998 (Statistics in Medicine 17,
    857-872), who recommends it near 0 and 100 %. It takes the cases as independent: the two
    characters of one picture are not quite, so that an interval of pairs is slightly too narrow.
    """
    if of == 0:
        return 0.0, 100.0
    share, z2 = right / of, _Z95**2
    middle = 2 * of * share + z2
    half = _Z95 * sqrt(z2 + 4 * of * share * (1 - share))
    low, high = (100 * (middle + side * half) / (2 * (of + z2)) for side in (-1, 1))
    return max(0.0, low), min(100.0, high)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two variants on the same cases: how many only the first one has right, and only the other."""

    gained: int
    lost: int

    @classmethod
    def of(cls, first: Sequence[bool], other: Sequence[bool]) -> "Paired":
        """Counts the cases in which two variants differ."""
        pairs = list(zip(first, other, strict=True))
        return cls(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))

    @property
    def p(self) -> float:
        """The two-sided p-value of McNemar's exact test (Psychometrika 12, 1947, 153-157).

        Of the cases in which the variants differ, each is as likely to have it right: a binomial
        distribution of one half.
        """
        differ = self.gained + self.lost
        tail = sum(comb(differ, count) for count in range(min(self.gained, self.lost) + 1))
        return min(1.0, float(2 * tail / 2**differ))

    def __str__(self) -> str:
        return f"+{self.gained} -{self.lost}, p {self.p:.2g}"
