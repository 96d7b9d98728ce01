"""The simulated day: the router's own policy against others."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.simulated.chart import write_chart
from benchmarks.simulated.day import a_day
from benchmarks.simulated.ends import End, Result
from benchmarks.simulation import ENOUGH, ours_is_best, results_of, table


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Returns what came of a day by each policy."""
    return results_of(a_day(600))


def test_the_router_costs_least_of_those_that_meet_deadlines_and_floors(
    results: list[Result],
) -> None:
    assert ours_is_best(results)
    found = {result.policy: result for result in results}
    assert found["imggen"].good_enough(ENOUGH)
    assert not found["local only"].good_enough(ENOUGH)
    assert not found["cheapest"].good_enough(ENOUGH)
    assert found["imggen"].failed == 0
    assert not ours_is_best([one for one in results if one.policy != "imggen"])


def test_the_same_seed_gives_the_same_day(results: list[Result]) -> None:
    assert results_of(a_day(600))[0] == results[0]
    assert a_day(50, seed=8).pictures != a_day(50).pictures


def test_a_table_and_a_chart_show_every_policy(results: list[Result], tmp_path: Path) -> None:
    lines = table(results).splitlines()
    assert len(lines) == len(results) + 2
    assert lines[2].startswith("| imggen | $")
    write_chart(tmp_path / "chart.png", results, ENOUGH)
    with Image.open(tmp_path / "chart.png") as chart:
        assert chart.width > 1_000


def test_a_share_counts_only_what_had_the_limit() -> None:
    ends = [
        End(1.0, 5, 3.0, floor=2.5, in_time=True),
        End(3.0, 0, 2.0, floor=2.5, in_time=None),
        End(0.0, 0, None, floor=0.0, in_time=False),
    ]
    assert Result.of("some", ends) == Result("some", 5, 0.5, 0.5, failed=1, median_s=2.0)
    assert Result.of("none", []).good_enough(1.0)
