"""The health of providers: one circuit breaker and one probe for the whole fleet.

Times are the database's, so that workers whose clocks differ agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.health import HealthState, ProviderHealth
from server.store.database import Executor, Record


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a breaker opens: after `limit` failures in a row, first for `pause`.

    Each failed probe doubles the pause, up to `longest`. A probe counts for `probe` after its
    worker last said that it goes on.
    """

    limit: int = 5
    pause: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)
    probe: timedelta = timedelta(seconds=30)


# A failure of a call that was made before the breaker opened says nothing new.
_COUNTS = "(h.open_until IS NULL OR h.open_until <= now())"
_FAILURES = f"h.failures + {_COUNTS}::integer"

_FAILED = f"""
INSERT INTO provider_health AS h (provider, failures, open_until, reason)
VALUES ($1, 1, CASE WHEN $2 <= 1 THEN now() + $3 END, $5)
ON CONFLICT (provider, model) DO UPDATE SET
  failures = {_FAILURES},
  open_until = CASE WHEN {_COUNTS} AND {_FAILURES} >= $2
    THEN now() + least($3::interval * 2 ^ least({_FAILURES} - $2, 20), $4::interval)
    ELSE h.open_until END,
  probing_until = NULL, reason = $5, updated_at = now()
RETURNING failures >= $2 AND open_until > now() AND open_until =
  now() + least($3::interval * 2 ^ least(failures - $2, 20), $4::interval) AS opened
"""

_WAITS = """
INSERT INTO provider_health AS h (provider, open_until, reason) VALUES ($1, now() + $2, $3)
ON CONFLICT (provider, model) DO UPDATE SET
  open_until = greatest(h.open_until, excluded.open_until), reason = excluded.reason,
  probing_until = NULL, updated_at = now()
"""

_OFF = """
INSERT INTO provider_health AS h (provider, model, off_since, reason) VALUES ($1, $2, now(), $3)
ON CONFLICT (provider, model) DO UPDATE SET
  off_since = coalesce(h.off_since, now()), reason = excluded.reason, probing_until = NULL,
  updated_at = now()
RETURNING off_since = now() AS new
"""

# A success of a call that was made before the provider asked to wait does not end the wait.
_SUCCEEDED = """
UPDATE provider_health SET
  failures = 0, open_until = CASE WHEN open_until > now() THEN open_until END,
  probing_until = NULL, updated_at = now()
WHERE provider = $1 AND model = '' AND off_since IS NULL
  AND (failures > 0 OR probing_until IS NOT NULL)
"""

_PROBE = """
UPDATE provider_health SET probing_until = now() + $3
WHERE provider = $1 AND model = '' AND off_since IS NULL AND failures >= $2
  AND open_until <= now() AND (probing_until IS NULL OR probing_until <= now())
RETURNING probing_until
"""

# Its end names a probe: once an answer has decided, or another worker has taken the next one, no
# row has it.
_KEEP_PROBE = """
UPDATE provider_health SET probing_until = now() + $3
WHERE provider = $1 AND model = '' AND probing_until = $2
RETURNING probing_until
"""

_RETURN_PROBE = """
UPDATE provider_health SET probing_until = NULL, updated_at = now()
WHERE provider = $1 AND model = '' AND probing_until = $2
"""

_SLOW_PROBE = """
UPDATE provider_health SET probing_until = now() + $2::interval
WHERE (provider, model) IN (
  SELECT provider, model FROM provider_health
  WHERE provider = ANY($1) AND model = '' AND off_since <= now() - $2::interval
    AND (probing_until IS NULL OR probing_until <= now())
  FOR UPDATE SKIP LOCKED
)
RETURNING provider
"""

_TURNED_ON = "DELETE FROM provider_health WHERE provider = $1 AND model = $2 RETURNING true"

# The end of a state that ends by itself: `open_until` outlives the pause that it ended.
_ALL = """
SELECT provider, model, failures, reason, state,
  CASE WHEN state IN ('open', 'waiting') THEN open_until WHEN state = 'probing' THEN probing_until
  END AS until
FROM (SELECT *, CASE
    WHEN off_since IS NOT NULL THEN 'off'
    WHEN open_until > now() AND failures >= $1 THEN 'open'
    WHEN open_until > now() THEN 'waiting'
    WHEN failures < $1 THEN 'well'
    WHEN probing_until > now() THEN 'probing'
    ELSE 'half_open'
  END AS state
FROM provider_health) AS health ORDER BY provider, model
"""


class Health:
    """Runs the statements on the health of providers."""

    def __init__(self, database: Executor, rule: BreakerRule | None = None) -> None:
        self._database = database
        self._rule = rule or BreakerRule()

    async def failed(self, provider: str, reason: str) -> bool:
        """Counts a failure towards the breaker; returns whether that opened it."""
        rule = self._rule
        row = await self._database.fetchrow(
            _FAILED, provider, rule.limit, rule.pause, rule.longest, reason
        )
        return row is not None and row["opened"] is True

    async def waits(self, provider: str, delay: timedelta, reason: str) -> None:
        """Keeps calls from a provider that asked to wait; a longer wait stays."""
        await self._database.execute(_WAITS, provider, delay, reason)

    async def turn_off(self, provider: str, model: str, reason: str) -> bool:
        """Turns off a provider, or the model that is named; returns False if it was off."""
        row = await self._database.fetchrow(_OFF, provider, model, reason)
        return row is not None and row["new"] is True

    async def turn_on(self, provider: str, model: str = "") -> bool:
        """Forgets all failures of a provider, or of a model; returns False if there were none."""
        return await self._database.fetchrow(_TURNED_ON, provider, model) is not None

    async def succeeded(self, provider: str) -> None:
        """Ends a row of failures, and closes a breaker whose probe this was."""
        await self._database.execute(_SUCCEEDED, provider)

    @property
    def probe(self) -> timedelta:
        """How long a probe counts after it was taken or kept."""
        return self._rule.probe

    async def take_probe(self, provider: str) -> datetime | None:
        """Takes the one probe of a half-open breaker; returns its end, None if it is taken."""
        rule = self._rule
        row = await self._database.fetchrow(_PROBE, provider, rule.limit, rule.probe)
        return None if row is None else row["probing_until"]

    async def keep_probe(self, provider: str, until: datetime) -> datetime | None:
        """Puts the end of a probe off; returns the new one, None if the probe is over."""
        row = await self._database.fetchrow(_KEEP_PROBE, provider, until, self._rule.probe)
        return None if row is None else row["probing_until"]

    async def return_probe(self, provider: str, until: datetime) -> None:
        """Ends a probe that has decided nothing; the next call may take it."""
        await self._database.execute(_RETURN_PROBE, provider, until)

    async def take_slow_probes(self, providers: Sequence[str], every: timedelta) -> list[str]:
        """Takes the probes that are due of providers that are off, for this worker alone."""
        rows = await self._database.fetch(_SLOW_PROBE, list(providers), every)
        return [row["provider"] for row in rows]

    async def all(self) -> list[ProviderHealth]:
        """Returns the health of every provider and model that has failed."""
        return [_health(row) for row in await self._database.fetch(_ALL, self._rule.limit)]


def _health(row: Record) -> ProviderHealth:
    return ProviderHealth(
        provider=row["provider"],
        model=row["model"],
        state=HealthState(row["state"]),
        failures=row["failures"],
        until=row["until"],
        reason=row["reason"],
    )
