"""The simulated day of scaling: what policies cost, and how long pictures wait by them."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.scaling import main, table
from benchmarks.simulated.day import DAY, SEED
from benchmarks.simulated.scaled import (
    COLD_START_S,
    RENDER_S,
    ScaledDay,
    Scaling,
    policies,
    run,
    stories,
)
from tests.markdown import ROOT

MOST, PICTURES = 8, 13_000


@pytest.fixture(scope="module")
def days() -> dict[str, ScaledDay]:
    """Returns what came of a day by each policy."""
    asked = stories(PICTURES, SEED)
    ran = [run(policy, asked, SEED) for policy in policies(MOST, 60)]
    return {day.policy: day for day in ran}


def test_every_picture_is_drawn_and_every_hour_of_the_peak_paid(
    days: dict[str, ScaledDay],
) -> None:
    assert {len(day.waits) for day in days.values()} == {PICTURES}
    assert days["always the peak's"].gpu_hours == pytest.approx(MOST * 24, rel=0.01)


def test_what_waits_asks_for_fewer_hours_and_leaves_nothing_for_long(
    days: dict[str, ScaledDay],
) -> None:
    ours, served = days["by what waits (imggen)"], days["by requests (Serve)"]
    assert ours.gpu_hours < served.gpu_hours < days["always the peak's"].gpu_hours
    assert ours.waited(0.99) < COLD_START_S + 60 + RENDER_S


def test_the_page_of_clusters_has_what_the_command_prints(days: dict[str, ScaledDay]) -> None:
    assert table(list(days.values()), 60) in (ROOT / "docs" / "clusters.md").read_text()


def test_a_replica_that_leaves_draws_its_picture_and_is_paid_until_then() -> None:
    shrinking = Scaling("one", lambda demand: 2 if demand.waiting else 0, 0, 2, down_after_s=0)
    day = run(shrinking, [0.0, 0.0, 0.0], SEED)
    assert len(day.waits) == 3
    assert day.waits[0] == COLD_START_S
    assert day.gpu_hours * 3_600 < 2 * COLD_START_S + 6 * RENDER_S


def test_the_same_seed_gives_the_same_day() -> None:
    assert stories(50, SEED) == stories(50, SEED) != stories(50, SEED + 1)
    assert all(0 <= at < DAY for at in stories(50, SEED))


def test_the_command_prints_a_row_for_each_policy_and_draws_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "chart.png"
    assert main(["--pictures", "500", "--within", "30", "--chart", str(chart)]) == 0
    said = capsys.readouterr().out
    assert "| within 30 s |" in said
    assert said.count("\n| ") == 4
    with Image.open(chart) as picture:
        assert picture.width > 1_000
