"""The router and the measured quality of a model's pictures."""

from dataclasses import replace

import pytest

from server.domain.states import Quality
from server.routing.conditions import Soundness
from server.routing.router import route
from tests.unit.routings import ALL, CALM, a_wish, names, reason


def test_a_model_whose_pictures_are_damaged_scores_less_by_that() -> None:
    wish = a_wish(min_score=2.5)
    assert names(route(ALL, wish, CALM))[0] == "sdxl"
    damaged = replace(CALM, scores={("sdxl", Quality.HD): Soundness(50, 3.0)})
    found = route(ALL, wish, damaged)
    assert "sdxl" not in names(found)
    said = "scores 2.25, 75% of its own since its pictures are damaged, below the least of 2.5"
    assert reason(found, "sdxl") == said


@pytest.mark.parametrize("measured", [Soundness(49, 1.0), Soundness(100, 4.0), Soundness(100, 5.0)])
def test_few_pictures_and_whole_ones_change_no_score(measured: Soundness) -> None:
    told = replace(CALM, scores={("sdxl", Quality.HD): measured})
    [before], [after] = (
        [offer.score for offer in route(ALL, a_wish(), each).offers if offer.model.name == "sdxl"]
        for each in (CALM, told)
    )
    assert before == after
