"""The benchmark of finishing: each step has its time, and the most memory that it needed."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from benchmarks import finishing
from benchmarks.environment import BenchEnvironment
from benchmarks.load import LoadGenerator


def test_each_step_has_its_time_and_its_peak_of_memory(tmp_path: Path) -> None:
    generator = cast(LoadGenerator, SimpleNamespace())
    bench = BenchEnvironment("", tmp_path, generator, quick=True, jobs=None)
    *steps, whole = finishing.measure(bench)
    assert [one.name for one in steps] == [
        "signature removal, CPU",
        "background removal, CPU",
        "colour correction, CPU",
        "sharpening, CPU",
        "decoding, wall",
        "resizing, wall",
        "watermark, wall",
        "encoding, wall",
    ]
    for one in steps:
        assert one.note.removeprefix("on request, ").startswith("peak "), one
    assert whole.name == "finishing without the upscaler, CPU"
