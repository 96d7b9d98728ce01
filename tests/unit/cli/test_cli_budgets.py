"""The commands for budgets and spend."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from imggen.cli.budgets import spend_csv
from imggen.rules.money import MICROS, apart, at_most, dollars, exactly
from imggen.testing import FakeService
from imggen.v1.budget_pb2 import ListSpendRequest, Spend
from tests.unit.cli.conftest import Command


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """Yields a fake whose user is an admin."""
    with FakeService(admin=True) as fake:
        monkeypatch.setenv("IMGGEN_SERVER", fake.target)
        yield fake


def test_the_days_of_spend_end_with_the_day_of_the_service(
    fake: FakeService, command: Command
) -> None:
    command("spend", "--days", "3")
    command("spend", "--days", "3", "--to", "2026-11-28")
    command("spend")
    today = date.fromisoformat(command.json("budget", "get")["budget"]["day"])
    listed = [each for each in fake.requests("ListSpend") if isinstance(each, ListSpendRequest)]
    asked = [request.first_day for request in listed]
    assert asked == [str(today - timedelta(days=2)), "2026-11-26", ""]
    assert len(fake.requests("GetBudget")) == 2  # of the first, and of this test


def test_a_limit_is_set_shown_and_removed(command: Command) -> None:
    assert "limit $500.0000, held nothing, spent nothing" in command("budget", "get", "global")
    assert "limit $12.5000" in command("budget", "set", "provider:openai", "12.5")
    assert "limit $12.5000" in command("budget", "get", "provider:openai")
    assert "limit none" in command("budget", "set", "provider:openai", "--none")
    assert command.json("budget", "get")["budget"]["scope"].startswith("user:")


@pytest.mark.parametrize(
    "wrong", [(), ("5", "--none"), ("-1",), ("nan",), ("inf",), ("1e30",), ("4e-7",)]
)
def test_a_limit_needs_an_amount_or_none(command: Command, wrong: tuple[str, ...]) -> None:
    command("budget", "set", "global", *wrong, code=2)


def test_an_amount_that_would_count_as_nothing_is_refused(command: Command) -> None:
    command("budget", "set", "global", "0.0000004", code=2)
    assert "0.0000004 is below a millionth of a dollar; use 0, or more" in command.err
    command("budget", "settle", "J", "1", "0.0000004", code=2)
    assert "limit $0.000001," in command("budget", "set", "global", "0.000001")


def test_a_scope_that_cannot_be_is_an_error(command: Command) -> None:
    command("budget", "get", "everything", code=1)
    assert 'scope: "everything" is not a scope; use global' in command.err


def test_spend_is_a_table_with_the_specifications_average(command: Command) -> None:
    out = command("spend", "--by", "provider", "--days", "30")
    assert "PROVIDER" in out
    assert "The specification allows $0.10 for an image on average." in command.err
    assert command.json("spend", "--from", "2026-11-01", "--to", "2026-11-30")["spend"] == []
    command("spend", "--days", "2", "--to", "yesterday", code=2)
    command("spend", "--days", "5", "--from", "2026-11-01", code=2)
    assert "give the first day with --days or with --from, not with both" in command.err
    command("spend", "--days", "30", "--to", "0001-01-01", code=2)
    assert "no calendar has 30 days up to 0001-01-01" in command.err
    assert command("spend", "--csv", "--by", "user").startswith("user,calls,images,cost_usd,")


def test_nothing_is_a_word_and_no_amount_is_shown_as_zero() -> None:
    assert [dollars(micros) for micros in (0, 1, 99, 100, 12_345)] == [
        *("free", "$0.000001", "$0.000099", "$0.0001", "$0.0123")
    ]
    assert dollars(0, "nothing") == "nothing"


@pytest.mark.parametrize("micros", [1, 99, 100, 101, 12_345, 225_728, 225_700, 99_999_950, 10**15])
def test_a_limit_of_the_price_shown_covers_it(micros: int) -> None:
    shown = at_most(micros)
    assert round(float(shown.removeprefix("$")) * MICROS) >= micros


def test_a_price_is_rounded_up_and_what_was_spent_to_the_nearest() -> None:
    assert [one(225_728) for one in (at_most, dollars, exactly)] == [
        *("$0.2258", "$0.2257", "$0.225728")
    ]
    assert [one(0) for one in (at_most, exactly)] == ["free", "free"]


@pytest.mark.parametrize("least", [1, 50, 100, 225_700, 225_727, 225_728, 1_000_000])
def test_amounts_that_differ_are_shown_apart(least: int) -> None:
    for more in (1, 2, 50, 99, 100, 101):
        assert at_most(least + more) != exactly(least)
        assert len(set(apart(least + more, least))) == 2


def test_spend_as_csv_has_every_amount_in_dollars() -> None:
    openai = Spend(
        key="openai",
        calls=3,
        images=2,
        cost_micros=150_001,
        unknown_micros=90_000,
        average_image_cost_micros=75_000,
    )
    assert spend_csv("provider", [openai, Spend(key='a "b", c', calls=1)]) == (
        "provider,calls,images,cost_usd,usd_per_image,unknown_usd,estimated_usd\n"
        "openai,3,2,0.150001,0.075000,0.090000,0.000000\n"
        '"a ""b"", c",1,0,0.000000,,0.000000,0.000000\n'
    )


def test_calls_without_a_known_cost_are_listed_and_settled(command: Command) -> None:
    assert "JOB" in command("budget", "calls")
    assert command.json("budget", "calls")["calls"] == []
    job = "00000000-0000-4000-8000-000000000009"
    command("budget", "settle", job, "1", "0.042", code=1)
    assert "CALL_NOT_FOUND" in command.err
    for wrong in (("0", "1"), ("1", "-1"), ("1", "nan"), ("1",), ("1", "1", "--call", "draw")):
        command("budget", "settle", job, *wrong, code=2)
