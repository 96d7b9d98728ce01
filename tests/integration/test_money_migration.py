"""Money that was held and spent before `calls` existed agrees with itself afterwards."""

from pathlib import Path
from uuid import uuid4

import asyncpg

from server.store import migrate as migrations
from server.store.migrate import migrate, names
from tests.integration.conftest import administer, database_url

MIGRATIONS = Path(migrations.__file__).parent / "migrations"
OLD = """
INSERT INTO users (id, issuer, subject)
VALUES ('00000000-0000-4000-8000-000000000001', 'test', 'mia');
INSERT INTO image_generation_jobs (
  id, user_id, kind, lane, status, spec, spec_version, ai_provider, ai_model, attempt, queued_at,
  completed_at, lease_expires_at, worker, error_reason, estimated_micros, actual_micros
) SELECT md5(status || n)::uuid, '00000000-0000-4000-8000-000000000001', 'scene', 'local', status,
  '{}', 1, 'somebody', 'paid', CASE status WHEN 'queued' THEN 0 ELSE 1 END,
  now() - n * interval '1 day',
  CASE WHEN status IN ('completed', 'failed') THEN now() END,
  CASE status WHEN 'processing' THEN now() END, CASE status WHEN 'processing' THEN 'w' END,
  CASE status WHEN 'failed' THEN 'RENDER_FAILED' END, 40 * n,
  CASE status WHEN 'completed' THEN 30 * n ELSE 0 END
FROM unnest(ARRAY['queued', 'processing', 'completed', 'failed']) AS status,
  generate_series(0, 2) AS n;
INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros, at)
SELECT id, 0, 'hold', ai_provider, estimated_micros, queued_at FROM image_generation_jobs;
INSERT INTO ledger (job_id, attempt, kind, provider, amount_micros)
SELECT id, attempt, CASE status WHEN 'completed' THEN 'settle' ELSE 'release' END, ai_provider,
  CASE status WHEN 'completed' THEN actual_micros ELSE estimated_micros END
FROM image_generation_jobs WHERE status IN ('completed', 'failed');
INSERT INTO budgets (scope, day, limit_micros, held_micros, spent_micros)
SELECT 'global', queued_at::date, 1000,
  sum(estimated_micros) FILTER (WHERE status IN ('queued', 'processing')), sum(actual_micros)
FROM image_generation_jobs GROUP BY queued_at::date;
"""


async def test_old_money_agrees_with_itself(postgres: str) -> None:
    name = f"old_{uuid4().hex}"
    await administer(postgres, f"CREATE DATABASE {name}")
    url = database_url(postgres, name)
    await migrated_before(url)
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    await connection.execute(OLD)
    query = "SELECT day, held_micros, spent_micros FROM budgets WHERE scope = 'global' ORDER BY day"
    before = [row for row in await connection.fetch(query) if row[1] or row[2]]
    assert "0013_calls.sql" in await migrate(url)
    assert await connection.fetch(query) == before
    assert await connection.fetch("SELECT * FROM money_differences") == []
    assert await connection.fetchval("SELECT sum(micros) FROM holds") == 2 * (40 + 80)
    assert await connection.fetchval("SELECT sum(cost_micros) FROM calls") == 30 + 60
    await connection.close()
    await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


async def migrated_before(url: str) -> None:
    """Applies the migrations that came before calls."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz)"
    )
    for name in (name for name in names() if name < "0013"):
        await connection.execute((MIGRATIONS / name).read_text())
        await connection.execute("INSERT INTO migrations VALUES ($1, now())", name)
    await connection.close()
