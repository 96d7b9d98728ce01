"""A rule of a scenario that had nothing to measure is not kept."""

import pytest

from tests.faults.history import Action, History, Submit
from tests.faults.hold_points import LATE, RENDERING
from tests.faults.report import reported
from tests.faults.rules import Rule
from tests.faults.scenarios.kills import late
from tests.faults.scenarios.renders import problems_of, taken_twice

HELD = (LATE, "j", 1)


def of(*actions: Action) -> History:
    return History(submits=[Submit("r", "j")], actions=list(actions))


def begun(attempt: int, detail: str) -> Action:
    return Action("w", "begun", "j", attempt, detail, 1.0)


def rendering(attempt: int) -> Action:
    return Action("w", "rendering", "j", attempt, "", float(attempt))


def test_a_run_without_an_acknowledged_job_has_shown_nothing() -> None:
    report = reported("empty", "", History(submits=[Submit("r", "")]), None)
    assert report.broken == {Rule.INJECTED}
    assert Rule.INJECTED not in reported("one", "", of(), None).broken


@pytest.mark.parametrize(
    ("attempts", "most", "broken"),
    [
        ([], 0, {Rule.AWAITED}),
        ([1], 0, set()),
        ([1, 2], 0, {Rule.AGAIN}),
        ([1, 2], 1, set()),
    ],
)
def test_renders_are_counted_where_there_are_some(
    attempts: list[int], most: int, broken: set[Rule]
) -> None:
    report = reported("story", "", of(*map(rendering, attempts)), None)
    assert {problem.rule for problem in report.drawn_again(most)} == broken


@pytest.mark.parametrize(
    ("actions", "held_at", "taken"),
    [
        ([], HELD, None),
        ([begun(1, "1 of 20")], HELD, None),  # that of the render itself
        ([begun(2, "1 of 20")], ("", "", 0), None),  # it was never held
        ([begun(2, "1 of 20")], (RENDERING, "j", 1), None),
        ([begun(1, "1 of 20"), begun(2, "16 of 20")], HELD, 3),
        ([begun(1, "1 of 20"), begun(2, "1 of 20")], HELD, 18),
    ],
)
def test_steps_that_are_taken_twice_are_those_of_the_next_attempt(
    actions: list[Action], held_at: tuple[str, str, int], taken: int | None
) -> None:
    assert taken_twice(of(*actions), held_at) == taken


@pytest.mark.parametrize(
    ("taken", "broken"), [(None, {Rule.AWAITED}), (0, set()), (5, set()), (6, {Rule.AGAIN})]
)
def test_a_killed_render_goes_on_and_takes_few_steps_twice(
    taken: int | None, broken: set[Rule]
) -> None:
    assert {problem.rule for problem in problems_of(taken)} == broken


@pytest.mark.parametrize(
    ("claims", "broken"), [([], {Rule.AWAITED}), ([9.0, 20.0], set()), ([11.0], {Rule.SOON})]
)
def test_a_killed_worker_is_followed_by_another_soon(
    claims: list[float], broken: set[Rule]
) -> None:
    assert {problem.rule for problem in late(RENDERING, claims, 10.0)} == broken
