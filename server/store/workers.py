"""Workers that can claim: each says so for a while, and again before that is over."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from server.domain.spec import SPEC_VERSION
from server.domain.states import Lane
from server.store.database import Executor

# Names hold a process id, so each restart leaves a row.
_READY = """
WITH gone AS (
  DELETE FROM workers WHERE ready_until < now() - interval '1 day' AND name <> $1
)
INSERT INTO workers (name, lanes, slots, ready_until, spec_version, models, cold_start)
VALUES ($1, $2, $3, now() + $4, $5, $6, $7)
ON CONFLICT (name) DO UPDATE SET
  lanes = excluded.lanes, slots = excluded.slots, ready_until = excluded.ready_until,
  spec_version = excluded.spec_version, models = excluded.models,
  cold_start = excluded.cold_start
"""

_HELD = """
SELECT true AS held FROM workers
WHERE $1 = ANY(lanes) AND ready_until > now() AND (models IS NULL OR models && $2) LIMIT 1
"""

DRAWN_SPECS = """greatest(0,
    (SELECT max(spec_version) FROM workers WHERE lanes && $1::text[] AND ready_until > now()),
    (SELECT max(spec_version) FROM image_generation_jobs
      WHERE lane = ANY($1) AND status = 'processing' AND lease_expires_at > now()))"""
"""The newest version of specs that anybody draws in the lanes $1: a worker that is ready, or one
that holds a lease. 0 while there is nobody."""

COLD_START = """(SELECT min(coalesce(cold_start, '0')) FROM workers
    WHERE lanes && $1::text[] AND ready_until > now())"""
"""How long a job of the lanes $1 waits for a model to start; NULL while no worker is ready."""


class Workers:
    """Runs the statements on workers."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def ready(
        self,
        name: str,
        slots: Mapping[Lane, int],
        length: timedelta,
        spec_version: int = SPEC_VERSION,
        *,
        models: Collection[str] | None = None,
        cold_start: timedelta | None = None,
    ) -> None:
        """Says that a worker can run so many jobs of these lanes at once, for a while.

        `spec_version` is the newest that it draws, `models` those that it holds, where it tells.
        `cold_start` is how long its model takes to start, None while it is warm.
        """
        held = None if models is None else sorted(models)
        await self._database.execute(
            _READY, name, sorted(slots), dict(slots), length, spec_version, held, cold_start
        )

    async def hold(self, lane: Lane, models: Collection[str]) -> bool:
        """Returns whether a worker of a lane that is ready may hold one of these models."""
        return await self._database.fetchrow(_HELD, lane, list(models)) is not None

    async def gone(self, name: str) -> None:
        """Says that a worker claims no more."""
        await self._database.execute("DELETE FROM workers WHERE name = $1", name)
