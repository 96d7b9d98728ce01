"""docs/load-testing.md has every benchmark and every configuration of ghz."""

from benchmarks.__main__ import BENCHMARKS
from tests.load_configs import CONFIGS
from tests.markdown import ROOT, rows, section

PAGE = (ROOT / "docs" / "load-testing.md").read_text()


def test_every_benchmark_is_there_in_order() -> None:
    assert [cells[0].strip("`") for cells in rows(section(PAGE, "Benchmarks"))] == list(BENCHMARKS)


def test_every_profile_and_every_call_is_there() -> None:
    told = {cells[0].strip("`") for cells in rows(section(PAGE, "Profiles"))}
    assert told == {
        part for config in CONFIGS for part in (f"{config.split('/')[0]}/", config.split("/")[1])
    }
