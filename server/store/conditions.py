"""What the router is told of queues, speeds and budgets, as the database has it at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from server.domain.ids import UserId
from server.domain.states import Lane, Quality
from server.store.database import Executor

# Speeds are those of the latest pictures of any model, to be quick.
_OBSERVED = """
SELECT now() AS now,
  (SELECT jsonb_object_agg(lane, jobs) FROM (
    SELECT lane, count(*) AS jobs FROM job_lanes WHERE open GROUP BY lane
  ) AS waiting) AS waiting,
  (SELECT jsonb_object_agg(key, slots) FROM (
    SELECT key, sum(value::integer) AS slots FROM workers, jsonb_each_text(workers.slots)
    WHERE ready_until > now() GROUP BY key
  ) AS ready) AS slots,
  (SELECT jsonb_agg(measured) FROM (
    SELECT a.model, j.spec ->> 'quality' AS quality, count(*) AS images,
      avg(extract(epoch FROM a.finished_at - a.started_at)) AS seconds
    FROM (
      SELECT job_id, model, finished_at, started_at FROM attempts
      WHERE outcome = 'completed' ORDER BY finished_at DESC LIMIT 1000
    ) AS a JOIN image_generation_jobs j ON j.id = a.job_id GROUP BY 1, 2
  ) AS measured) AS speeds,
  (SELECT jsonb_object_agg(l.scope,
      l.limit_micros - coalesce(b.held_micros + b.spent_micros, 0))
    FROM budget_limits l LEFT JOIN budgets b ON b.scope = l.scope AND b.day = current_date
    WHERE l.scope = ANY($1) OR l.scope LIKE 'provider:%') AS rest
"""


@dataclass(frozen=True, slots=True)
class Observed:
    """What the database knows at one moment.

    `speeds` are the number and the mean seconds of the latest pictures by model and quality;
    `rest` is what is left today by scope, in micros, which is below 0 after a limit was lowered.
    """

    now: datetime
    waiting: Mapping[Lane, int]
    slots: Mapping[Lane, int]
    speeds: Mapping[tuple[str, Quality], tuple[int, float]]
    rest: Mapping[str, int]


async def observe(database: Executor, user: UserId | None) -> Observed:
    """Returns what the database knows now; the rest of a user's budget only if one is named."""
    scopes = ["global", *([f"user:{user}"] if user else [])]
    row = await database.fetchrow(_OBSERVED, scopes)
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    return Observed(
        now=row["now"],
        waiting=_lanes(row["waiting"]),
        slots=_lanes(row["slots"]),
        speeds={
            (one["model"], Quality(one["quality"])): (one["images"], one["seconds"])
            for one in row["speeds"] or ()
        },
        rest=row["rest"] or {},
    )


def _lanes(counts: Mapping[str, int] | None) -> dict[Lane, int]:
    """Returns counts by lane, without the lanes that only a newer version knows."""
    known = set(Lane)
    return {Lane(lane): count for lane, count in (counts or {}).items() if lane in known}
