"""The certainty of shares, against published values."""

import pytest

from recipe.evaluation.intervals import Paired, wilson


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_wilson_intervals_are_those_of_newcombe(
    right: int, of: int, low: float, high: float
) -> None:
    assert wilson(right, of) == pytest.approx((low, high), abs=0.005)
    mirrored = wilson(of - right, of)
    assert mirrored == pytest.approx((100 - high, 100 - low), abs=0.005)


def test_an_interval_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == (0, 100)


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(0, 0, 1.0), (1, 0, 1.0), (0, 6, 0.03125), (10, 2, 0.03857)]
)
def test_mcnemar_is_exact(gained: int, lost: int, p: float) -> None:
    assert Paired(gained, lost).p == pytest.approx(p, abs=1e-5)


def test_only_the_cases_that_differ_are_counted() -> None:
    found = Paired.of([True, True, False, False], [True, False, True, False])
    assert found == Paired(gained=1, lost=1)
    assert str(found) == "+1 -1, p 1"
