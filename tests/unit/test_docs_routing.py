"""docs/routing.md: its codes are the router's, its example is a catalogue, its table a run's."""

import re
from pathlib import Path

from benchmarks.simulated.policies import POLICIES
from server.routing.listing import read_listing
from server.routing.reasons import Exclusion
from tests.markdown import ROOT, rows, section

PAGE = (ROOT / "docs" / "routing.md").read_text()


def test_every_code_is_there_in_order_and_whether_it_passes() -> None:
    table = rows(section(PAGE, "Why a model may not draw"))
    told = {cells[0].strip("`"): cells[-1] == "yes" for cells in table}
    assert told == {code.value: code.passes for code in Exclusion}


def test_the_example_is_a_catalogue(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    own = tmp_path / "own.toml"
    own.write_text(example)
    listing = read_listing(own)
    assert listing.rows["flare-max"].known_as == "gpt-image-2.5-flare"
    assert listing.rows["gpt-image-2"].canary == 0.05


def test_the_simulated_day_shows_every_policy() -> None:
    table = rows(section(PAGE, "A simulated day"))
    assert [cells[0] for cells in table] == [policy.name for policy in POLICIES]
