"""The checker finds each broken rule, and none in a sound history."""

from dataclasses import replace

import pytest

from tests.faults.catalogue import SCENARIOS
from tests.faults.checker import check
from tests.faults.history import (
    Action,
    Booking,
    Effect,
    History,
    Move,
    Movement,
    Row,
    Seen,
    Sent,
    Submit,
    Use,
)
from tests.faults.report import reported
from tests.faults.rules import Problem, Rule


def sound() -> History:
    """Returns the history of a job whose first attempt was lost and whose second completed."""
    return History(
        submits=[Submit("r", ""), Submit("r", "j")],
        seen=[
            Seen(1, "j", 0, False, 0.0),
            Seen(1, "j", 1, False, 0.8),
            Seen(1, "j", 2, False, 0.1),
            Seen(1, "j", 2, True, 0.1),
        ],
        actions=[
            Action("a", "claimed", "j", 1, "", 1.0),
            Action("a", "rendering", "j", 1, "", 1.1),
            Action("b", "claimed", "j", 2, "", 3.0),
            Action("b", "rendering", "j", 2, "", 3.1),
            Action("a", "refused", "j", 1, "completed", 3.2),
            Action("b", "accepted", "j", 2, "completed", 4.0),
        ],
        moves=[
            Move("j", 1, "queued", "processing", 1.0),
            Move("j", 1, "processing", "queued", 2.0),
            Move("j", 2, "queued", "processing", 3.0),
            Move("j", 2, "processing", "completed", 4.0),
        ],
        rows=[Row("j", "r", "completed", 2, "", 1)],
        assets=[Effect("j", 2, kind, f"u/j/2/{kind}.png") for kind in ("display", "print")],
        payments=[Effect("j", 1), Effect("j", 2)],
        ledger=[Movement("global", "day", micros) for micros in (60, 0, 40, -20)],
        limits={"global": 100},
        sent=[Sent("j", 1, "lost", 45), Sent("j", 2, "drawn", 45)],
        bookings=[
            Booking("j", 1, "unknown", 60, True, ""),
            Booking("j", 2, "settled", 45, False, "drawn"),
        ],
    )


def rules(history: History) -> set[str]:
    return {violation.rule for violation in check(history)}


def test_a_history_that_keeps_every_rule_has_no_violations() -> None:
    assert check(sound()) == []


@pytest.mark.parametrize("status", ["queued", "processing"])
def test_an_acknowledged_job_that_never_ends_is_lost(status: str) -> None:
    history = sound()
    history.rows = [replace(history.rows[0], status=status)]
    assert "lost" in rules(history)


def test_an_acknowledged_job_without_a_row_is_lost() -> None:
    history = sound()
    history.rows = []
    assert "lost" in rules(history)


def test_a_second_end_needs_a_retry() -> None:
    history = sound()
    history.moves.append(Move("j", 2, "processing", "failed", 5.0))
    assert rules(history) == {"ends"}
    history.retries.append("j")
    assert rules(history) == set()


def test_a_second_committed_result_is_found() -> None:
    history = sound()
    history.moves.append(Move("j", 2, "completed", "completed", 5.0))
    assert rules(history) == {"ends", "results"}


def test_an_end_that_a_lost_attempt_wrote_is_found() -> None:
    history = sound()
    history.actions.append(Action("a", "accepted", "j", 1, "completed", 3.2))
    assert rules(history) == {"fence"}


def test_bytes_of_another_attempt_are_found() -> None:
    history = sound()
    history.assets[0] = replace(history.assets[0], key="u/j/1/display.png")
    assert rules(history) == {"fence"}


def test_a_kind_that_is_stored_twice_is_found() -> None:
    history = sound()
    history.assets.append(history.assets[0])
    assert rules(history) == {"assets"}


def test_a_second_payment_or_render_of_an_attempt_is_found() -> None:
    paid, rendered, sent = sound(), sound(), sound()
    paid.payments.append(paid.payments[0])
    rendered.actions.append(rendered.actions[1])
    sent.sent.append(replace(sent.sent[1], request="again"))
    assert rules(paid) == rules(rendered) == rules(sent) == {"paid"}


def test_a_request_that_made_two_jobs_is_found() -> None:
    answered, stored = sound(), sound()
    answered.submits.append(Submit("r", "k"))
    assert "request" in rules(answered)
    stored.rows.append(Row("k", "r", "completed", 1, "", 0))
    assert rules(stored) == {"request"}


def test_a_requeued_job_may_show_less_progress_but_no_older_attempt() -> None:
    history = sound()
    history.seen[-1] = Seen(1, "j", 2, False, 0.0, queued=True)
    assert rules(history) == set()
    history.seen[-1] = replace(history.seen[-1], attempt=0)
    assert rules(history) == {"watch"}


@pytest.mark.parametrize(
    "back", [Seen(1, "j", 1, False, 0.9), Seen(1, "j", 2, False, 0.5), Seen(1, "j", 2, True, 0.0)]
)
def test_a_watch_that_goes_back_is_found(back: Seen) -> None:
    history = sound()
    history.seen.append(back)
    assert rules(history) == {"watch"}
    history.seen[-1] = replace(back, watch=2)
    assert rules(history) == set()


def test_a_job_whose_lanes_do_not_follow_its_state_is_found() -> None:
    history = sound()
    history.out_of_step.append("j")
    assert rules(history) == {"lanes"}


@pytest.mark.parametrize(
    ("use", "broken"),
    [
        (Use("global", "day", 90, 101, 100), {"budget"}),
        (Use("global", "day", 90, 100, 100), set()),
        (Use("global", "day", 150, 120, 100), set()),  # the limit was lowered
        (Use("user:x", "day", 0, 10**9, None), set()),
    ],
)
def test_a_budget_that_is_overrun_is_found(use: Use, broken: set[str]) -> None:
    history = sound()
    history.uses.append(use)
    assert rules(history) == broken
    history.days_above_hold.add("day")
    assert rules(history) == set()


def test_a_ledger_that_passes_a_limit_in_between_is_found() -> None:
    history = sound()
    history.ledger.insert(3, Movement("global", "day", 1))
    assert rules(history) == {"budget"}
    history.limits = {"global": 101}
    assert rules(history) == set()


@pytest.mark.parametrize(
    "bookings",
    [
        [Booking("j", 1, "unknown", 60, True, "")],  # a call that was sent has none
        [Booking("j", 1, "released", 0, True, ""), Booking("j", 2, "settled", 45, False, "drawn")],
        [Booking("j", 1, "unknown", 60, True, ""), Booking("j", 2, "settled", 46, False, "drawn")],
        [Booking("j", 1, "unknown", 60, True, ""), Booking("j", 2, "settled", 45, False, "other")],
        [Booking("j", 1, "open", 0, False, ""), Booking("j", 2, "settled", 45, False, "drawn")],
    ],
)
def test_a_call_that_is_not_booked_as_it_was_charged_is_found(bookings: list[Booking]) -> None:
    history = sound()
    history.bookings = bookings
    assert rules(history) == {"booked"}


def test_an_estimate_of_at_least_what_was_charged_is_booked() -> None:
    history = sound()
    history.bookings[1] = replace(history.bookings[1], cost_micros=60, estimated=True)
    assert rules(history) == set()


def test_an_ended_job_that_holds_money_is_found() -> None:
    history = sound()
    history.holding.append("j")
    assert rules(history) == {"booked"}


def test_sums_that_do_not_agree_are_found() -> None:
    history = sound()
    history.differences.append("global: 1, 2, 2")
    assert rules(history) == {"sums"}


def test_a_broken_build_is_detected_by_its_own_rule_only() -> None:
    [answers] = [scenario for scenario in SCENARIOS if scenario.breaks is Rule.REQUEST]
    lost, repeated = sound(), sound()
    lost.rows = [replace(lost.rows[0], status="queued")]
    repeated.submits.append(Submit("r", "k"))
    unsound = reported("answers", "", lost, None, [Problem(Rule.AWAITED, "a job never ended")])
    assert not unsound.sound
    assert not answers.detected(unsound)
    assert answers.detected(reported("answers", "", repeated, None))


def test_a_broken_rule_of_the_scenario_itself_is_detected_too() -> None:
    [noisy] = [scenario for scenario in SCENARIOS if scenario.breaks is Rule.SHARE]
    assert noisy.detected(reported("noisy", "", sound(), None, [Problem(Rule.SHARE, "waits")]))
    assert not noisy.detected(reported("noisy", "", sound(), None, [Problem(Rule.SOON, "late")]))
