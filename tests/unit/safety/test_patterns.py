"""The small language of the lists."""

import pytest

from server.safety.folding import Folding
from server.safety.patterns import phrases


def texts(pattern: str, folding: Folding) -> set[str]:
    found = phrases("en", "group", pattern, folding)
    return {" ".join("|".join(sorted(c.words)) for c in phrase.choices) for phrase in found}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("word", {"word"}),
        ("Stem*", {"stem"}),
        ("(one|two) things", {"one|two things"}),
        ("bath? bomb", {"bath bomb", "bomb"}),
        ("(one|of two)? thing", {"one thing", "of two thing", "thing"}),
    ],
)
def test_a_pattern_is_read(folding: Folding, pattern: str, expected: set[str]) -> None:
    assert texts(pattern, folding) == expected


def test_a_stem_fits_any_ending(folding: Folding) -> None:
    (phrase,) = phrases("en", "group", "stem*", folding)
    assert phrase.choices[0].fits("stemming")
    assert not phrase.choices[0].fits("system")


def test_an_empty_pattern_is_an_error(folding: Folding) -> None:
    with pytest.raises(ValueError, match="can be empty"):
        phrases("en", "group", "maybe?", folding)
