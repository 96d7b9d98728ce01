"""The corpus of the text gate: its size, and the aims on the half that is held back."""

from collections import Counter

import pytest

from recipe.safety.command import main, meets_aims
from recipe.safety.corpus import HALVES, Line, Result, load, measure, share_right
from server.safety.gate import load_gate
from server.safety.lists import LANGUAGES
from server.safety.rules import Category


@pytest.mark.parametrize("half", HALVES)
def test_a_half_has_its_lines_in_every_language(half: str) -> None:
    lines = load(half)
    harmless = Counter(line.language for line in lines if line.category is None)
    harmful = Counter(line.language for line in lines if line.category is not None)
    assert sum(harmless.values()) == 150
    assert sum(harmful.values()) == 75
    assert set(harmless) == set(harmful) == set(LANGUAGES)


def test_no_line_is_in_both_halves_and_none_is_of_the_gravest_kind() -> None:
    lines = [line for half in HALVES for line in load(half)]
    assert len({line.text for line in lines}) == len(lines)
    categories = {line.category for line in lines} - {None}
    assert categories == set(Category) - {Category.SEXUAL_MINORS}


@pytest.mark.parametrize("half", HALVES)
def test_the_aims_are_met(half: str) -> None:
    assert meets_aims(measure(load_gate(), load(half)))


def test_the_aims_are_missed_with_too_many_wrong_lines() -> None:
    right = Result(Line("en", None, ""), None)
    wrong = Result(Line("en", None, ""), Category.SEXUAL)
    assert meets_aims([right] * 99 + [wrong])
    assert not meets_aims([right] * 98 + [wrong] * 2)
    caught = Result(Line("en", Category.HATE, ""), Category.VIOLENCE)
    missed = Result(Line("en", Category.HATE, ""), None)
    assert meets_aims([caught] * 95 + [missed] * 5)
    assert not meets_aims([caught] * 94 + [missed] * 6)
    assert share_right([]) == 1


def test_the_command_prints_both_halves_and_the_times(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "written: 0 of 150" in printed
    assert "held_back: " in printed
    assert "ms for a page of 4,000 characters" in printed
