"""The benchmark of the engine on a GPU, with a tiny model on this machine."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks.diffuser_gpu import results
from benchmarks.diffuser_gpu.__main__ import main
from benchmarks.diffuser_gpu.model import SDXL_BASE, build

# SDXL's own schedulers, in diffusers 0.42 with numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
RUN = {
    "card": "NVIDIA H200",
    "model": "SDXL-base",
    "mode": "eager",
    "batch": 4,
    "steps": [20, 30, 50],
    "row_tflop": 6.76,
    "vae_tflop": 10.5,
    "roof_tflops": 790.0,
    "step_s": 0.1,
    "per_second_20": 1.8,
    "per_second_30": 1.2,
    "per_second_50": 0.8,
    "snippet_s": 2.5,
}


def test_each_command_adds_to_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    kept = tmp_path / "kept.json"
    command = ["--tiny", "--eager", "--results", str(kept), "--batch"]
    assert main([*command, "2"]) == 0
    assert main([*command, "1"]) == 0
    runs = json.loads(kept.read_text())["runs"]
    assert [(run["mode"], run["batch"]) for run in runs] == [("eager", 1), ("eager", 2)]
    for run in runs:
        measured = ["step_s", "per_second_3", "arrival_p99_s", "snippet_s", "roof_tflops"]
        assert all(run[name] > 0 for name in measured)
        assert run["arrivals"] == 2
    assert "alone_s" in runs[0]
    lines = capsys.readouterr().out.splitlines()
    [head] = [number for number, line in enumerate(lines) if "s/step" in line][-1:]
    assert [line.split()[1:4] for line in lines[head + 1 : head + 3]] == [
        ["tiny", "eager", "1"],
        ["tiny", "eager", "2"],
    ]
    assert lines[head + 3].startswith("3 steps alone")


def test_compiled_blocks_are_measured_by_themselves(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    torch.compiler.reset()
    kept = tmp_path / "kept.json"
    assert main(["--tiny", "--compile", "--results", str(kept), "--batch", "4"]) == 0
    torch.compiler.reset()
    [run] = json.loads(kept.read_text())["runs"]
    assert (run["mode"], run["batch"], run["arrivals"]) == ("compiled", 4, 2)
    assert run["step_s"] > 0


def test_the_whole_architecture_is_that_of_sdxl_base() -> None:
    pipeline = build(SDXL_BASE, torch.device("meta"), torch.bfloat16)
    parts = (pipeline.unet, pipeline.vae)
    counts = [sum(each.numel() for each in part.parameters()) for part in parts]
    assert counts == [2_567_463_684, 83_653_863]
    assert {each.dtype for part in parts for each in part.parameters()} == {torch.bfloat16}


def test_a_machine_without_a_gpu_is_told_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    kept = tmp_path / "kept.json"
    assert main(["--batch", "1", "--results", str(kept)]) == 2
    assert "needs one with 24 GB or more" in capsys.readouterr().err
    assert not kept.exists()


def test_a_run_takes_the_place_of_an_earlier_one_of_its_kind(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    results.keep(kept, RUN)
    results.keep(kept, RUN | {"mode": "compiled"})
    runs = results.keep(kept, RUN | {"step_s": 0.2})
    assert [(run["mode"], run["step_s"]) for run in runs] == [("compiled", 0.1), ("eager", 0.2)]
    assert results.read(kept) == runs


def test_the_share_of_the_roof_counts_two_rows_a_picture() -> None:
    assert results.step_share(RUN) == pytest.approx(8 * 6.76 / 0.1 / 790)
    assert results.picture_share(RUN) == pytest.approx((60 * 6.76 + 10.5) * 1.2 / 790)
    assert results.step_share(RUN | {"row_tflop": None}) is None


def test_goals_are_those_of_the_card_and_of_its_best_run() -> None:
    runs = [RUN | {"batch": 1, "alone_s": 0.9, "per_second_50": 0.7}, RUN]
    alone, times, most = results.goals(runs)
    assert (alone.value, str(alone.target), alone.met) == (0.9, "<= 0.85", False)
    assert (times.value, times.met) == (2.0, True)
    assert (most.value, most.met) == (1.2, False)
    other = [{**run, "card": "NVIDIA H100 80GB HBM3"} for run in runs]
    assert next(results.goals(other)).met
    assert next(results.goals([{**run, "card": "NVIDIA L4"} for run in runs])).target is None
