"""Commands for budgets and spend."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from io import StringIO

import click

from imggen.cli.consoles import beside, echo
from imggen.cli.options import Dollars
from imggen.cli.session import Session, connected
from imggen.fields import short_name, short_names
from imggen.rules.budgets import TARGET_IMAGE_COST_MICROS
from imggen.rules.money import MICROS, at_most, dollars, exactly
from imggen.v1.budget_pb2 import BookedCall, Budget, CallKind, Spend, SpendGroup

_GROUPS = list(short_names(SpendGroup))[1:]
_KINDS = list(short_names(CallKind))[1:]
_COLUMNS = ("calls", "images", "cost_usd", "usd_per_image", "unknown_usd", "estimated_usd")


@click.command()
@click.option("--by", type=click.Choice(_GROUPS), default="day", show_default=True)
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    help="How many, up to --to; not with --from.  [default: 1]",
)
@click.option("--from", "first_day", metavar="DAY", help="The first day (UTC), 2026-11-01.")
@click.option("--to", "last_day", metavar="DAY", help="The last day, included.  [default: today]")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@connected
def spend(
    session: Session,
    by: str,
    days: int | None,
    first_day: str | None,
    last_day: str | None,
    as_csv: bool,
) -> None:
    """Show what paid providers cost: your own jobs, or with the role admin all of them.

    \b
    Example:
      imggen spend --by provider --days 30
      imggen spend --by user --from 2026-11-01 --to 2026-11-30 --csv > november.csv
    """
    if first_day and days is not None:
        raise click.UsageError("give the first day with --days or with --from, not with both")
    if as_csv and session.json:
        raise click.UsageError("give --csv or --json, not both")
    found = list(
        session.client.list_spend(
            first_day=first_day or _first_of(session, days or 1, last_day),
            last_day=last_day or "",
            group_by=short_names(SpendGroup)[by],
            page_size=100,
        )
    )
    if as_csv:
        echo(spend_csv(by, found), nl=False)
        return
    _print_spend(session, by, found)


def _first_of(session: Session, days: int, last_day: str | None) -> str:
    """Returns the first of so many days; the service's, whose clock may be another than ours."""
    until = last_day or (session.client.get_budget().day if days > 1 else "")
    return _before(until, days)


def _print_spend(session: Session, by: str, found: Sequence[Spend]) -> None:
    session.table(
        (by.upper(), *(column.replace("_", " ").upper() for column in _COLUMNS)),
        ((one.key or "-", *_cells(one, _shown)) for one in found),
        spend=found,
    )
    if not session.json:
        target = TARGET_IMAGE_COST_MICROS / MICROS
        beside(f"The specification allows ${target:.2f} for an image on average.")


def spend_csv(by: str, found: Iterable[Spend]) -> str:
    """Returns spend as CSV, with a header; amounts are in US dollars, exact to the millionth."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow((by, *_COLUMNS))
    writer.writerows((one.key, *_cells(one, _exact)) for one in found)
    return lines.getvalue()


@click.group()
def budget() -> None:
    """Show and set what paid providers may cost in a day (UTC)."""


@budget.command("get")
@click.argument("scope", default="")
@click.option("--day", default="", metavar="DAY", help="The day, 2026-11-28.  [default: today]")
@connected
def get_budget(session: Session, scope: str, day: str) -> None:
    """Show the budget of a SCOPE: global, provider:NAME or user:UUID; your own without one.

    \b
    Example:
      imggen budget get global
    """
    _print(session, session.client.get_budget(scope, day=day))


@budget.command("set")
@click.argument("scope")
@click.argument("dollars", type=Dollars(), required=False)
@click.option("--none", "remove", is_flag=True, help="Remove the limit instead.")
@connected
def set_budget(session: Session, scope: str, dollars: float | None, remove: bool) -> None:
    """Set the limit of a SCOPE for every day from now on; needs the role admin.

    A limit below what is held and spent stops new paid calls; those under way go on.

    \b
    Example:
      imggen budget set provider:openai 50
      imggen budget set user:UUID --none
    """
    if (dollars is None) != remove:
        raise click.UsageError("give the limit in US dollars, or --none to remove it")
    limit = None if dollars is None else round(dollars * MICROS)
    _print(session, session.client.set_budget(scope, limit))


@budget.command("calls")
@connected
def unsettled_calls(session: Session) -> None:
    """List the paid calls whose cost is not known, the oldest first; needs the role admin.

    Their answers were lost, or did not say. They count at the most that they can cost, until
    their job has ended and `imggen budget settle` books what the provider's invoice says.

    \b
    Example:
      imggen budget calls
    """
    found = list(session.client.list_unsettled_calls(page_size=100))
    session.table(
        ("JOB", "ATTEMPT", "CALL", "DAY", "MODEL", "COUNTS AS", "ANSWER", "PROVIDER'S ID"),
        (_call_cells(one) for one in found),
        calls=found,
    )


@budget.command("settle")
@click.argument("job_id")
@click.argument("attempt", type=click.IntRange(1))
@click.argument("dollars", type=Dollars())
@click.option("--call", "kind", type=click.Choice(_KINDS), default="render", show_default=True)
@click.option("--force", is_flag=True, help="Book it though it is above the hold of the call.")
@connected
def settle_call(
    session: Session, job_id: str, attempt: int, dollars: float, kind: str, force: bool
) -> None:
    """Book what a paid call did cost, 0 if it was not billed; needs the role admin.

    For a call that `imggen budget calls` lists, by the provider's invoice. It may be repeated, but
    not changed: an amount above the hold of the call, the most that it could cost, needs --force.

    \b
    Example:
      imggen budget settle JOB_ID 1 0.042
    """
    number = short_names(CallKind)[kind]
    settled = session.client.settle_call(
        job_id, attempt, round(dollars * MICROS), kind=number, allow_above_hold=force
    )
    session.document(
        f"call {kind} of job {settled.job_id}, attempt {settled.attempt}",
        f"{settled.model} on {settled.day}: ${_exact(settled.cost_micros)}",
        call=settled,
    )


def _call_cells(one: BookedCall) -> tuple[str, ...]:
    return (
        one.job_id,
        str(one.attempt),
        short_name(CallKind, one.kind),
        one.day,
        one.model,
        f"${_exact(one.cost_micros)}",
        "lost" if one.outcome_unknown else "without usage",
        one.provider_request_id or "-",
    )


def _before(last_day: str, days: int) -> str:
    if days == 1:
        return last_day
    try:
        last = date.fromisoformat(last_day)
    except ValueError as wrong:
        raise click.BadParameter(
            f"{last_day!r} is not a day; use a form like 2026-11-28"
        ) from wrong
    try:
        return str(last - timedelta(days=days - 1))
    except OverflowError as wrong:
        raise click.BadParameter(f"no calendar has {days} days up to {last}") from wrong


def _cells(one: Spend, shown: Callable[[int], str]) -> tuple[str, ...]:
    average = one.average_image_cost_micros if one.HasField("average_image_cost_micros") else None
    return (
        str(one.calls),
        str(one.images),
        shown(one.cost_micros),
        "" if average is None else shown(average),
        shown(one.unknown_micros),
        shown(one.estimated_micros),
    )


def _print(session: Session, shown: Budget) -> None:
    limit = exactly(shown.limit_micros, "$0") if shown.HasField("limit_micros") else "none"
    session.document(
        f"budget {shown.scope} on {shown.day}",
        f"limit {limit}, held {at_most(shown.held_micros, 'nothing')},"
        f" spent {dollars(shown.spent_micros, 'nothing')}",
        budget=shown,
    )


def _shown(micros: int) -> str:
    return dollars(micros, "0").removeprefix("$")


def _exact(micros: int) -> str:
    return f"{micros / MICROS:.6f}"
