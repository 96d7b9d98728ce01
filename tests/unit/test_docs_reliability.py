"""docs/reliability.md has every promise, and the scenarios as the catalogue has them."""

from tests.faults.catalogue import SCENARIOS
from tests.faults.rules import Rule
from tests.markdown import ROOT, rows, section

PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_every_promise_is_there_in_order() -> None:
    assert [cells[0] for cells in rows(section(PAGE, "The promises"))] == [
        f"`{rule}`" for rule in Rule
    ]


def test_every_scenario_is_there_with_its_broken_build() -> None:
    assert [cells[-1] for cells in rows(section(PAGE, "The results"))] == [
        f"{scenario.mutation.name}: breaks {scenario.breaks}" for scenario in SCENARIOS
    ]
