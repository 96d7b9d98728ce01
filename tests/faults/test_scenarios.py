"""The selected scenarios, quickly: the sound build keeps every rule, a broken one does not."""

import pytest

from tests.faults.builds import SOUND, built
from tests.faults.catalogue import SCENARIOS, Scenario

SELECTED = [scenario for scenario in SCENARIOS if scenario.selected]


@pytest.mark.parametrize("scenario", SELECTED, ids=lambda scenario: scenario.name)
async def test_nothing_is_lost_and_nothing_is_done_twice(scenario: Scenario, server: str) -> None:
    report = await scenario.run(server, SOUND, True)
    assert report.sound, report.explained()


@pytest.mark.parametrize(
    "scenario", [one for one in SELECTED if one.broken_too], ids=lambda scenario: scenario.name
)
async def test_a_broken_build_breaks_the_rule_that_it_is_about(
    scenario: Scenario, server: str
) -> None:
    with built(scenario.mutation) as build:
        report = await scenario.run(server, build, True)
    assert scenario.detected(report), report.explained()
