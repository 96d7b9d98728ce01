"""Histories: the records of callers, workers and the database during a fault.

Callers and workers record their own actions. Triggers on the run's database record commits, so
that those of a killed process are known too.
"""

import time
from dataclasses import dataclass, field

import asyncpg

from tests.waiting import OUT_OF_STEP

ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Submit:
    """A call that asked for a job; `job` is the answer, empty when none was acknowledged."""

    request_id: str
    job: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused submit: its reason, its retry delay, and how long the call took."""

    reason: str
    retry_after_s: float | None
    took_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A snapshot that a watch yielded."""

    watch: int
    job: str
    attempt: int
    ended: bool
    fraction: float
    queued: bool = False
    """Whether no attempt runs: the next one starts from zero."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a worker for an attempt.

    `what` is one of claimed, rendering (a render was asked for), begun (`detail` is its first step
    of all), rendered, stopped (a render was stopped), stored (`detail` is the key), accepted and
    refused (`detail` is the end that was written).
    """

    worker: str
    what: str
    job: str
    attempt: int
    detail: str
    at: float


@dataclass(frozen=True, slots=True)
class Move:
    """A committed change of a job's status, with the attempt of the row."""

    job: str
    attempt: int
    before: str
    after: str
    at: float


@dataclass(frozen=True, slots=True)
class Row:
    """A job's row at the end of the run."""

    job: str
    request_id: str
    status: str
    attempt: int
    reason: str
    retries: int


@dataclass(frozen=True, slots=True)
class Effect:
    """A committed effect of an attempt: a stored asset, or a payment.

    `kind` and `key` are the asset's; empty for a payment.
    """

    job: str
    attempt: int
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """A committed change of a budget: what is held and spent of it, before and after.

    `limit` is that of the moment, None for none.
    """

    scope: str
    day: str
    before: int
    after: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry of the ledger in a budget: what it adds to what is held and spent."""

    scope: str
    day: str
    micros: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that a provider received, and what it charges; `request` is the provider's id."""

    job: str
    attempt: int
    request: str
    charged_micros: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A paid call as it is booked at the end; `request` is the provider's id, if it is known."""

    job: str
    attempt: int
    state: str
    cost_micros: int
    estimated: bool
    request: str


@dataclass
class History:
    """All records of a run. Times are seconds of this machine's monotonic clock."""

    submits: list[Submit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    failed_calls: list[str] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    assets: list[Effect] = field(default_factory=list)
    payments: list[Effect] = field(default_factory=list)
    out_of_step: list[str] = field(default_factory=list)
    """The jobs whose lanes do not follow their state, at the end."""
    uses: list[Use] = field(default_factory=list)
    ledger: list[Movement] = field(default_factory=list)
    """In the order in which each budget was changed."""
    limits: dict[str, int] = field(default_factory=dict)
    """The limits at the end, by scope; none of them was lowered below what was used."""
    sent: list[Sent] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    holding: list[str] = field(default_factory=list)
    """The jobs that hold money at the end, outside of their calls."""
    days_above_hold: set[str] = field(default_factory=set)
    """The days on which a call cost more than its hold, which is booked in full."""
    differences: list[str] = field(default_factory=list)
    """Where budgets, calls and ledger do not agree at the end of the run."""

    def done(self, what: str) -> list[Action]:
        """Returns the actions of one kind in the order in which they were recorded."""
        return [action for action in self.actions if action.what == what]

    def acknowledged(self) -> set[str]:
        """Returns the jobs whose submits were answered."""
        return {submit.job for submit in self.submits if submit.job}


# clock_timestamp() is the wall clock; the offset turns it into the monotonic one.
_RECORD = """
CREATE TABLE IF NOT EXISTS history_moves (
  id bigint GENERATED ALWAYS AS IDENTITY, job uuid NOT NULL, attempt integer NOT NULL,
  before text NOT NULL, after text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE OR REPLACE FUNCTION history_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO history_moves (job, attempt, before, after)
  VALUES (new.id, new.attempt, old.status, new.status);
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER history AFTER UPDATE ON image_generation_jobs FOR EACH ROW
WHEN (old.status IS DISTINCT FROM new.status OR new.status = 'completed')
EXECUTE FUNCTION history_move();

CREATE TABLE IF NOT EXISTS history_uses (
  id bigint GENERATED ALWAYS AS IDENTITY, scope text NOT NULL, day text NOT NULL,
  before bigint NOT NULL, after bigint NOT NULL, most bigint
);
CREATE OR REPLACE FUNCTION history_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO history_uses (scope, day, before, after, most)
  VALUES (
    new.scope, new.day, old.held_micros + old.spent_micros, new.held_micros + new.spent_micros,
    (SELECT limit_micros FROM budget_limits WHERE scope = new.scope)
  );
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER history AFTER UPDATE ON budgets FOR EACH ROW
EXECUTE FUNCTION history_use();
"""


async def record(database: str) -> None:
    """Adds triggers to a run's database that record every status change."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(_RECORD)
    finally:
        await connection.close()


async def collect(database: str, history: History) -> None:
    """Adds the database's records to a history."""
    connection = await asyncpg.connect(database)
    try:
        history.moves = await moves(connection)
        history.rows = [
            Row(*row)
            for row in await connection.fetch(
                "SELECT id::text, coalesce(request_id::text, ''), status, attempt,"
                " coalesce(error_reason, ''), retry_count FROM image_generation_jobs"
            )
        ]
        history.assets = [
            Effect(*row)
            for row in await connection.fetch(
                "SELECT job_id::text, attempt, kind, storage_key FROM assets"
            )
        ]
        history.payments = [
            Effect(*row)
            for row in await connection.fetch(
                "SELECT job_id::text, attempt FROM calls WHERE call = 'render'"
            )
        ]
        history.out_of_step = [row["job"] for row in await connection.fetch(OUT_OF_STEP)]
        history.uses = [
            Use(*row)
            for row in await connection.fetch(
                "SELECT scope, day, before, after, most FROM history_uses ORDER BY id"
            )
        ]
        history.ledger = [
            Movement(*row)
            for row in await connection.fetch(
                "SELECT scope, day::text, held_micros + spent_micros"
                " FROM ledger, unnest(scopes_of(provider, user_id)) AS scope ORDER BY id"
            )
        ]
        history.limits = {
            row["scope"]: row["limit_micros"]
            for row in await connection.fetch("SELECT scope, limit_micros FROM budget_limits")
        }
        history.bookings = [
            Booking(*row)
            for row in await connection.fetch(
                "SELECT job_id::text, attempt, state, cost_micros, estimated, request_id"
                " FROM calls WHERE call = 'render'"
            )
        ]
        history.holding = [
            row["job"] for row in await connection.fetch("SELECT job_id::text AS job FROM holds")
        ]
        history.days_above_hold = {
            row["day"]
            for row in await connection.fetch(
                "SELECT day::text FROM alerts WHERE kind = 'call_above_hold'"
            )
        }
        history.differences = [
            str(dict(row)) for row in await connection.fetch("SELECT * FROM money_differences")
        ]
    finally:
        await connection.close()


async def moves(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Move]:
    """Returns the committed status changes of all jobs, in order."""
    offset = time.monotonic() - time.time()
    rows = await connection.fetch(
        "SELECT job::text, attempt, before, after, extract(epoch FROM at)::float8 AS at"
        " FROM history_moves ORDER BY id"
    )
    return [
        Move(row["job"], row["attempt"], row["before"], row["after"], row["at"] + offset)
        for row in rows
    ]
