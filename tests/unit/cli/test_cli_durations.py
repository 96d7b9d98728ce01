"""Durations as people say them."""

from datetime import timedelta

import pytest

from imggen.cli.durations import spoken


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (59, "59 s"),
        (59.5, "1 min"),
        (90, "1 min 30 s"),
        (300, "5 min"),
        (3_600, "1 h"),
        (73_812, "20 h 31 min"),
        (86_399.5, "24 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, said: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == said
