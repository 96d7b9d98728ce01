"""What the whole installation does, for operators; each statement reads an index, or the queue."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from server.domain.money import Budget
from server.domain.overview import LaneOverview, OldestJob, Overview, WorkerOverview
from server.domain.states import DRAWING_LANES, Lane, Stage
from server.store.database import Executor, Record
from server.store.health import Health
from server.store.workers import READY

_LANES = f"""
SELECT asked.lane, coalesce(queue.waiting, 0) AS waiting, coalesce(queue.delayed, 0) AS delayed,
  queue.oldest_wait,
  (SELECT count(*) FROM image_generation_jobs j
    WHERE j.status = 'processing' AND j.ready AND j.lane = asked.lane) AS running,
  (SELECT coalesce(sum((w.slots ->> asked.lane)::integer), 0) FROM workers w
    WHERE {READY}) AS slots,
  (SELECT count(*) FROM image_generation_jobs j WHERE j.status = 'completed' AND j.attempt > 0
    AND j.lane = asked.lane AND j.completed_at > now() - interval '1 hour') AS completed_last_hour,
  p.paused_by, p.paused_at
FROM unnest($1::text[]) WITH ORDINALITY AS asked (lane, place) LEFT JOIN (
  SELECT lane, count(*) FILTER (WHERE open) AS waiting, count(*) FILTER (WHERE NOT open) AS delayed,
    now() - min(queued_at) FILTER (WHERE open) AS oldest_wait
  FROM job_lanes GROUP BY lane
) AS queue USING (lane)
LEFT JOIN paused_lanes p ON p.lane = asked.lane
ORDER BY asked.place
"""

_WORKERS = """
SELECT w.name, w.slots, w.cold_start, w.draining, coalesce(held.running, '{}') AS running
FROM workers w LEFT JOIN (
  SELECT worker, jsonb_object_agg(lane, jobs) AS running FROM (
    SELECT worker, lane, count(*) AS jobs FROM image_generation_jobs
    WHERE status = 'processing' GROUP BY worker, lane
  ) AS by_lane GROUP BY worker
) AS held ON held.worker = w.name
WHERE w.ready_until > now() ORDER BY w.name
"""

_OLDEST = """
SELECT job_id, user_id, lane, queued_at FROM job_lanes
WHERE open AND lane = ANY($1) AND lane NOT IN (SELECT lane FROM paused_lanes)
ORDER BY queued_at, job_id, lane LIMIT 1
"""

_BUDGETS = """
SELECT asked.scope, current_date AS day, l.limit_micros,
  coalesce(b.held_micros, 0) AS held_micros, coalesce(b.spent_micros, 0) AS spent_micros,
  l.set_by, l.set_at
FROM (
  SELECT 'global' AS scope
  UNION SELECT scope FROM budget_limits WHERE scope LIKE 'provider:%'
  UNION SELECT scope FROM budgets WHERE day = current_date AND scope LIKE 'provider:%'
) AS asked
LEFT JOIN budget_limits l ON l.scope = asked.scope
LEFT JOIN budgets b ON b.scope = asked.scope AND b.day = current_date
ORDER BY asked.scope <> 'global', asked.scope
"""

_STAGES = """
SELECT stage.key, avg(stage.value::float) AS ms
FROM (
  SELECT stage_ms FROM attempts WHERE outcome = 'completed' ORDER BY finished_at DESC LIMIT 100
) AS latest, jsonb_each_text(latest.stage_ms) AS stage
GROUP BY stage.key
"""

_NEEDING = """
SELECT now() AS now, (
  SELECT count(*) FROM batches b JOIN image_generation_jobs j ON j.batch_id = b.id
  WHERE b.status = 'processing' AND j.status = 'queued' AND NOT j.ready
) AS jobs
"""

_LANE_NAMES = frozenset(Lane)
_STAGE_NAMES = frozenset(Stage)


class Overviews:
    """Runs the statements on the whole installation."""

    def __init__(self, database: Executor) -> None:
        self._database = database
        self._health = Health(database)

    async def get(self) -> Overview:
        """Returns what the installation does; its parts are read one after the other."""
        now, needing = await self._needing()
        return Overview(
            now=now,
            lanes=[_lane(row) for row in await self._database.fetch(_LANES, list(Lane))],
            needing=needing,
            workers=[_worker(row) for row in await self._database.fetch(_WORKERS)],
            budgets=[Budget(**row) for row in await self._database.fetch(_BUDGETS)],
            health=await self._health.all(),
            oldest=await self._oldest(),
            stages=await self._stages(),
        )

    async def _needing(self) -> tuple[datetime, int]:
        row = await self._database.fetchrow(_NEEDING)
        if row is None:
            raise AssertionError("a SELECT without FROM has a row")
        return row["now"], row["jobs"]

    async def _oldest(self) -> OldestJob | None:
        row = await self._database.fetchrow(_OLDEST, list(DRAWING_LANES))
        if row is None:
            return None
        return OldestJob(row["job_id"], row["user_id"], Lane(row["lane"]), row["queued_at"])

    async def _stages(self) -> Mapping[Stage, timedelta]:
        rows = await self._database.fetch(_STAGES)
        return {
            Stage(row["key"]): timedelta(milliseconds=row["ms"])
            for row in rows
            if row["key"] in _STAGE_NAMES
        }


def _lane(row: Record) -> LaneOverview:
    return LaneOverview(**{**row, "lane": Lane(row["lane"])})


def _worker(row: Record) -> WorkerOverview:
    return WorkerOverview(
        row["name"],
        _by_lane(row["slots"]),
        _by_lane(row["running"]),
        row["cold_start"],
        row["draining"],
    )


def _by_lane(counts: Mapping[str, int]) -> dict[Lane, int]:
    """Returns counts by lane, without the lanes that only a newer version knows."""
    return {Lane(lane): int(count) for lane, count in counts.items() if lane in _LANE_NAMES}
