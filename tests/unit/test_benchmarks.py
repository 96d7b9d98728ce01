"""The arithmetic of the benchmarks; tests/slow runs all of them."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.in_turn import Round, compared
from benchmarks.load import LoadFailed, fill, portrait, read_ghz
from benchmarks.machine import DURABLE, NotDurable, refuse_not_durable
from benchmarks.pool import Run
from benchmarks.queue import UnequalWork, refuse_unequal
from benchmarks.report import Figure, Target, quantile
from benchmarks.side_by_side import Round as Beside
from benchmarks.side_by_side import cpu_ms
from benchmarks.watchers import Stream


def test_a_quantile_is_a_sample_that_was_measured() -> None:
    samples = [float(number) for number in range(1, 101)]
    assert quantile(samples, 0.99) == 99
    assert quantile(samples, 0.25) == 25
    assert quantile(samples, 1.0) == 100
    assert quantile([7.0], 0.01) == 7


def test_no_samples_have_no_quantile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        quantile([], 0.5)


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target(4.0), 4.0, True),
        (Target(4.0), 4.1, False),
        (Target(0.8, least=True), 0.8, True),
        (Target(0.8, least=True), 0.7, False),
    ],
)
def test_a_target_is_the_most_or_the_least(target: Target, value: float, met: bool) -> None:
    assert Figure.median("one", [value], "x", target).met is met


def test_a_delay_ends_with_the_first_snapshot_that_shows_the_write_or_a_later_one() -> None:
    written = [(0.0, 0.01), (0.25, 0.26), (0.5, 0.51)]
    stream = Stream(seen=[(-1.0, 0), (0.05, 1), (0.56, 3), (0.6, 3)], written=written)
    assert stream.lateness(1) == pytest.approx([40, 300, 50])
    assert stream.lateness(0) == pytest.approx([50, 310, 60])
    assert stream.longest_gap() == pytest.approx(0.46)
    assert stream.per_second() == pytest.approx(1 / 0.51)


def test_a_write_that_nobody_saw_is_an_error() -> None:
    with pytest.raises(ValueError, match="step 2 of 2 was never received"):
        Stream(seen=[(0.1, 1)], written=[(0.0, 0.0), (0.2, 0.2)]).lateness(0)


def test_a_core_more_gives_what_processes_and_their_cpu_time_allow() -> None:
    done = Beside(per_second=900, gateway_ms=1.0, all_ms=1.5)
    assert done.bound(cores=2, processes=1) == pytest.approx(1000)  # Python fills one core
    assert done.bound(cores=2, processes=2) == pytest.approx(2000 / 1.5)
    assert done.bound(cores=3, processes=2) == pytest.approx(2000)
    assert done.bound(cores=3, processes=1) == pytest.approx(1000)


def test_the_cpu_time_of_a_process_has_that_of_what_it_started() -> None:
    before = cpu_ms(os.getpid())
    code = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert cpu_ms(os.getpid()) - before >= 200


def test_a_line_has_all_parts_of_a_figure() -> None:
    line = Figure.median("submit", [1.0, 2.0, 9.0], "ms", Target(1.5), "a note").line()
    words = line.split()
    assert words[:6] == ["submit", "2", "ms", "<=", "1.5", "MISSED"]
    assert "n=3" in words
    assert "1..9" in words
    assert line.endswith("a note")


def test_a_figure_without_a_target_is_neither_met_nor_missed() -> None:
    figure = Figure.percentile("submit", [1.0, 2.0], "ms", 0.99)
    assert figure.value == 2.0
    assert figure.met is None
    assert "MISSED" not in figure.line()
    assert figure.json()["met"] is None


def test_servers_are_compared_by_pairs_of_rounds() -> None:
    slow, quick = Round(100.0, 2.0), Round(400.0, 1.0)
    pairs = [(quick, slow), (slow, quick), (quick, quick)]
    by_rate, by_time = compared("ours against theirs", pairs, Target(0.9, least=True))
    assert (by_rate.value, by_rate.low, by_rate.high) == (1.0, 0.25, 4.0)
    assert (by_time.value, by_time.low, by_time.high) == (1.0, 0.5, 2.0)
    assert by_rate.met


@pytest.mark.parametrize("name", DURABLE)
def test_a_database_that_may_lose_a_commit_is_refused(name: str) -> None:
    refuse_not_durable(dict.fromkeys(DURABLE, "on"))
    with pytest.raises(NotDurable, match=f"{name} is off"):
        refuse_not_durable({**dict.fromkeys(DURABLE, "on"), name: "off"})


def test_a_report_of_ghz_gives_its_rate_and_its_times() -> None:
    report = {
        "rps": 800,
        "statusCodeDistribution": {"OK": 2},
        "details": [{"latency": 2_000_000}, {"latency": 4_500_000}],
    }
    outcome = read_ghz(report, 2)
    assert outcome.per_second == 800
    assert outcome.latencies_ms == (2.0, 4.5)


def test_load_with_failed_calls_gives_no_figure() -> None:
    report = {"rps": 800, "statusCodeDistribution": {"OK": 1, "Unavailable": 1}, "details": []}
    with pytest.raises(LoadFailed, match="Unavailable"):
        read_ghz(report, 2)


def test_every_request_has_its_own_id() -> None:
    first, second = (json.loads(fill(portrait("a"))) for _ in range(2))
    assert first["request_id"] != second["request_id"]
    assert first | {"request_id": ""} == second | {"request_id": ""}


def test_the_two_queues_must_have_written_the_same_rows() -> None:
    refuse_unequal({"jobs completed": 3}, {"jobs completed": 3})
    with pytest.raises(UnequalWork, match=r"'assets display': \(3, 0\)"):
        refuse_unequal({"jobs completed": 3, "assets display": 3}, {"jobs completed": 3})
    with pytest.raises(UnequalWork, match=r"'outbox job': \(3, 6\)"):
        refuse_unequal({"outbox job": 3}, {"outbox job": 6})


def test_a_gpu_is_busy_while_it_makes_pictures_that_are_kept() -> None:
    says = {"gpus": 4, "render_s": 2.0, "rendered": 40, "rendering_s": 20.0}
    assert Run(40, says, {}).busy_percent == 100
    assert Run(40, says | {"rendering_s": 40.0}, {}).busy_percent == 50
