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
INSERT INTO workers
  (name, lanes, slots, ready_until, spec_version, models, cold_start, draining, gain)
VALUES ($1, $2, $3, now() + $4, $5, $6, $7, $8, $10)
ON CONFLICT (name) DO UPDATE SET
  lanes = excluded.lanes, slots = excluded.slots, ready_until = excluded.ready_until,
  spec_version = excluded.spec_version, models = excluded.models,
  cold_start = excluded.cold_start, gain = excluded.gain,
  draining = excluded.draining OR workers.draining AND NOT $9
RETURNING draining
"""

_AWAY = "UPDATE workers SET ready_until = now() WHERE name = $1 RETURNING draining"

_DRAIN = """
UPDATE workers SET draining = true WHERE name = $1 AND ready_until > now() AND NOT draining
RETURNING name
"""

_KNOWN = "SELECT true AS known FROM workers WHERE name = $1 AND ready_until > now()"

READY = "ready_until > now() AND NOT draining"
"""Whether a worker claims jobs."""

_HELD = f"""
SELECT true AS held FROM workers
WHERE $1 = ANY(lanes) AND {READY} AND (models IS NULL OR models && $2) LIMIT 1
"""

# One that ended without a word may come back, with its upscaler.
_LACKS_UPSCALER = f"""
SELECT true AS lacking FROM workers WHERE {READY} AND slots ->> '{Lane.UPSCALE}' = '0'
  AND NOT EXISTS (
    SELECT FROM workers WHERE (slots ->> '{Lane.UPSCALE}')::integer > 0
      AND ready_until > now() - interval '10 minutes'
  )
LIMIT 1
"""

DRAWN_SPECS = f"""greatest(0,
    (SELECT max(spec_version) FROM workers WHERE lanes && $1::text[] AND {READY}),
    (SELECT max(spec_version) FROM image_generation_jobs
      WHERE lane = ANY($1) AND status = 'processing' AND lease_expires_at > now()))"""
"""The newest version of specs that anybody draws in the lanes $1: a worker that is ready, or one
that holds a lease. 0 while there is nobody."""

COLD_START = f"""(SELECT min(coalesce(cold_start, '0')) FROM workers
    WHERE lanes && $1::text[] AND {READY})"""
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
        gain: float | None = None,
        cold_start: timedelta | None = None,
        draining: bool = False,
        anew: bool = False,
    ) -> bool:
        """Says that a worker can run so many jobs of these lanes at once, for a while.

        With 0 slots it claims jobs of a lane to fail them, since it lacks what they need.

        Returns False where an admin has told it to claim no more: then nobody counts on it.

        `spec_version` is the newest that it draws, `models` those that it holds, where it tells.
        `gain` is how many times as fast as one after another its local slots draw, where it knows.
        `cold_start` is how long its model takes to start, None while it is warm. `draining` is
        whether it has heard already that it shall claim no more. `anew` is whether it has just
        started: what an earlier one of its name was told counts no more.
        """
        held = None if models is None else sorted(models)
        row = await self._database.fetchrow(
            *(_READY, name, sorted(slots), dict(slots), length, spec_version, held, cold_start),
            *(draining, anew, gain),
        )
        return row is None or not row["draining"]

    async def away(self, name: str) -> bool:
        """Says that a worker claims nothing for now; returns False where it shall claim no more.

        Its row stays, and with it what an admin has told it.
        """
        row = await self._database.fetchrow(_AWAY, name)
        return row is None or not row["draining"]

    async def drain(self, name: str) -> bool:
        """Tells a worker to claim no more; returns False if it was told, or is not there."""
        return await self._database.fetchrow(_DRAIN, name) is not None

    async def known(self, name: str) -> bool:
        """Returns whether there is a worker of a name, one that was told to claim no more, too."""
        return await self._database.fetchrow(_KNOWN, name) is not None

    async def hold(self, lane: Lane, models: Collection[str]) -> bool:
        """Returns whether a worker of a lane that is ready may hold one of these models."""
        return await self._database.fetchrow(_HELD, lane, list(models)) is not None

    async def lack_upscaler(self) -> bool:
        """Returns whether workers that are ready say that they have no upscaler, and none has.

        False while nobody says so: none is ready, or those that are leave upscales to others.
        """
        return await self._database.fetchrow(_LACKS_UPSCALER) is not None

    async def gone(self, name: str) -> None:
        """Says that a worker has ended."""
        await self._database.execute("DELETE FROM workers WHERE name = $1", name)
