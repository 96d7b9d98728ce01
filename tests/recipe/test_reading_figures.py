"""The figures of reading: each that has an aim says whether it is met."""

import pytest

from recipe.reading.__main__ import main
from recipe.reading.corpus import Kind
from recipe.reading.doubting import Doubted, Doubting
from recipe.reading.figures import Aim, figure_lines
from recipe.reading.honesty import Honesty
from recipe.reading.scoring import Score, Scores


def _lines(right: int, wrong: int) -> dict[str, str]:
    """Returns the lines of a hundred of each figure by what they begin with."""
    scores, honesty = Scores(negations=Score(right, wrong=wrong)), Honesty()
    scores.kinds = {kind: Score(right, missed=wrong) for kind in Kind}
    honesty.told = Score(right, wrong=wrong)
    honesty.silent[Kind.PLACE] = Score(right, missed=wrong)
    doubting = Doubting(Doubted(right=100, false_doubts=wrong))
    return _by_name("\n".join(figure_lines(scores, honesty, doubting)))


def _by_name(printed: str) -> dict[str, str]:
    lines = [line for line in printed.splitlines() if " aim " in line and "aim of" not in line]
    return {line.partition(":" if ":" in line[:35] else " ")[0]: line for line in lines}


NAMES = [
    *("who", "place", "colours", "negations obeyed", "told as missing when it is not"),
    *("silently wrong", "told as unsure, places"),
]


@pytest.mark.parametrize(
    ("wrong", "missed"),
    [
        (2, []),
        (5, ["negations obeyed", "silently wrong"]),
        (10, ["who", "negations obeyed", "told as missing when it is not", "silently wrong"]),
        (16, NAMES),
    ],
)
def test_a_figure_that_has_an_aim_says_whether_it_is_met(wrong: int, missed: list[str]) -> None:
    lines = _lines(100 - wrong, wrong)
    assert list(lines) == NAMES
    assert [name for name, line in lines.items() if line.endswith(": MISSED")] == missed
    met = [name for name, line in lines.items() if line.endswith(": met")]
    assert met == [name for name in NAMES if name not in missed]


def test_an_aim_is_a_least_or_a_most() -> None:
    assert Aim(least=0.95).told(0.95, 20) == "aim 95% at least: met"
    assert Aim(least=0.95).told(0.949, 20) == "aim 95% at least: MISSED"
    assert Aim(most=0.02).told(0.02, 50) == "aim 2% at most: met"
    assert Aim(most=0.02).told(0.021, 50) == "aim 2% at most: MISSED"


def test_where_nothing_is_measured_no_aim_is_met_or_missed() -> None:
    assert Aim(least=0.95).told(0, 0) == "aim 95% at least"
    printed = "\n".join(figure_lines(Scores(), Honesty(), Doubting()))
    assert len(_by_name(printed)) == len(NAMES)
    assert "MISSED" not in printed
    assert "met" not in printed


def test_a_row_has_its_aim_after_its_shares() -> None:
    assert _lines(94, 6)["who"].split() == [
        *("who", "100", "94.0%", "100.0%", "94.0%", "aim", "95%", "at", "least:", "MISSED")
    ]


def test_a_part_is_told_by_the_aims(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tales"]) == 0
    found = _by_name(capsys.readouterr().out)
    assert list(found) == NAMES
    assert all(line.endswith((": met", ": MISSED")) for line in found.values())
