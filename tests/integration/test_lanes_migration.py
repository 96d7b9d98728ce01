"""The migration to lanes: jobs that wait before it wait after it."""

from datetime import timedelta
from importlib.resources import files
from uuid import uuid4

from server.domain.states import Lane
from server.store import open_store
from server.store.database import open_database
from server.store.migrate import migrate, names
from tests.integration.conftest import administer, database_url
from tests.waiting import OUT_OF_STEP

_BEFORE = [name for name in names() if name < "0012"]
_JOBS = """
INSERT INTO users (id, issuer, subject) VALUES ('{0}', 'tests', 'mia');
INSERT INTO batches (id, user_id, style) VALUES ('{0}', '{0}', 'anime');
INSERT INTO image_generation_jobs (
  user_id, kind, lane, spec, spec_version, ai_provider, ai_model, status, turn, ready, batch_id,
  batch_position, worker, lease_expires_at, run_after
) VALUES
  ('{0}', 'scene', 'local', '{{}}', 1, 'local', 'a', 'queued', 3, true, NULL, NULL, NULL, NULL,
    now()),
  ('{0}', 'scene', 'local', '{{}}', 1, 'local', 'b', 'queued', 4, true, NULL, NULL, NULL, NULL,
    'infinity'),
  ('{0}', 'scene', 'local', '{{}}', 1, 'local', 'c', 'queued', 0, false, '{0}', 0, NULL, NULL,
    now()),
  ('{0}', 'scene', 'hosted', '{{}}', 1, 'local', 'd', 'processing', 2, true, NULL, NULL, 'w', now(),
    now());
"""


async def test_waiting_jobs_stand_in_their_lanes_after_it(postgres: str) -> None:
    name = f"test_{uuid4().hex}"
    url = database_url(postgres, name)
    await administer(postgres, f"CREATE DATABASE {name}")
    folder = files("server.store") / "migrations"
    async with open_database(url) as database:
        await database.execute(
            "CREATE TABLE migrations"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        for one in _BEFORE:
            await database.execute((folder / one).read_text())
            await database.execute("INSERT INTO migrations (name) VALUES ($1)", one)
        await database.execute(_JOBS.format(uuid4()))
    await migrate(url)
    async with open_store(url) as store:
        assert await store.database.fetch(OUT_OF_STEP) == []
        rows = await store.database.fetch(
            "SELECT models, turn, open FROM job_lanes WHERE lane = $1 ORDER BY turn", Lane.LOCAL
        )
        assert [tuple(row) for row in rows] == [(["a"], 3, True), (["b"], 4, False)]
        await store.leases.rescue(timedelta(0))
        assert await store.database.fetch(OUT_OF_STEP) == []
        assert await store.batches.advance_stuck()
        assert await store.database.fetch(OUT_OF_STEP) == []
    await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")
