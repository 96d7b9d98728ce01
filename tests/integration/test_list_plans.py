"""A page of a list costs about what its rows cost, for a user with very many jobs."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from server.domain.ids import CharacterId, PageId, StoryId, UserId
from server.domain.images import ImageFilter
from server.domain.jobs import JobFilter
from server.domain.paging import LastRow, PageRequest
from server.domain.states import ImageStatus, ImageType, JobStatus
from server.store import Store, open_store
from server.store.database import Executor, Record
from server.store.migrate import migrate
from server.store.store import Statements
from tests.integration.conftest import administer, database_url

ROWS, BUFFERS = 3_000, 6_000
USER = UserId(UUID(int=1))
# The large story has every second job, the others have fifty each; so it is with characters.
LARGE, SMALL = StoryId(UUID(int=10_000)), StoryId(UUID(int=10_007))
LARGE_PAGE, SMALL_PAGE = PageId(UUID(int=20_000)), PageId(UUID(int=20_007))
MAIN, MINOR = CharacterId(UUID(int=30_000)), CharacterId(UUID(int=30_007))
ALL, ODD, TAGGED, FEW = ("shop", "a"), ("side", "odd"), ("tag", "x"), ("order", "4711")

FIRST = PageRequest(50)
LATER = PageRequest(50, LastRow(datetime(2026, 5, 1, 14, tzinfo=UTC), UUID(int=7)))
PLANS = [("custom", FIRST), ("generic", FIRST), ("generic", LATER)]

JOB_FILTERS = [
    JobFilter(statuses, story, pair)
    for statuses, story, pair in itertools.product(
        ((), (JobStatus.FAILED,), (JobStatus.COMPLETED,), (JobStatus.FAILED, JobStatus.COMPLETED)),
        (None, LARGE, SMALL),
        (None, ALL, ODD, TAGGED, FEW),
    )
]
IMAGE_VALUES: dict[str, tuple[Any, ...]] = {
    "story_id": (LARGE, SMALL),
    "page_id": (LARGE_PAGE, SMALL_PAGE),
    "character_id": (MAIN, MINOR),
    "type": (ImageType.SCENE,),
    "status": (ImageStatus.FAILED, ImageStatus.COMPLETED),
    "metadata": (ALL, ODD, FEW),
}
IMAGE_FILTERS = [
    ImageFilter(**dict(zip(names, values, strict=True)))
    for count in (0, 1, 2, len(IMAGE_VALUES))
    for names in itertools.combinations(IMAGE_VALUES, count)
    for values in itertools.product(*(IMAGE_VALUES[name] for name in names))
]

_FILL = """
SET LOCAL session_replication_role = replica;  -- no triggers, no foreign keys
CREATE TEMPORARY TABLE job ON COMMIT DROP AS
  SELECT n, to_id(1000000 + n) AS id, to_id(2000000 + n) AS image_id,
    CASE WHEN n % 20000 = 9 THEN 'failed' WHEN n > 99900 THEN 'queued' ELSE 'completed' END
      AS status,
    ('[0:3]={portrait,scene,scene,cover}'::text[])[n % 4] AS kind,
    timestamptz '2026-05-01 12:00Z' + n / 7 * interval '1 s' AS created_at,
    CASE n % 2 WHEN 0 THEN 0 ELSE n % 1000 END AS part
  FROM generate_series(1, 100000) AS n;
INSERT INTO users (id, issuer, subject) VALUES (to_id(1), 'tests', 'mia');
INSERT INTO characters
  (id, user_id, name, gender, species, hair, eyes, skin, clothing, features, traits)
  SELECT to_id(30000 + n), to_id(1), 'Mia', 'female', '', '', '', '', '', '{}', '{}'
  FROM generate_series(0, 999) AS n;
INSERT INTO images (
  id, user_id, story_id, page_id, character_ids, image_type, style, style_version, ai_model,
  ai_provider, seed, lineage_id, status, url, completed_at, width, created_at
) SELECT image_id, to_id(1), to_id(10000 + part), to_id(20000 + part), ARRAY[to_id(30000 + part)],
  kind, 'anime', 1, 'storybook', 'local', 7, image_id, status, url, at, width, created_at
  FROM job LEFT JOIN (VALUES ('completed', 'key', now(), 1024)) AS done (status, url, at, width)
    USING (status);
INSERT INTO image_generation_jobs (
  id, user_id, image_id, story_id, page_id, kind, lane, status, spec, spec_version, ai_provider,
  ai_model, completed_at, error_reason, metadata, created_at
) SELECT id, to_id(1), image_id, to_id(10000 + part), to_id(20000 + part), kind, 'local', status,
  '{}', 1, 'local', 'storybook', CASE status WHEN 'queued' THEN NULL ELSE now() END,
  CASE status WHEN 'failed' THEN 'RENDER_FAILED' END, metadata, created_at
  FROM job, LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object('shop', 'a', 'side',
    CASE n % 2 WHEN 1 THEN 'odd' END, 'tag', CASE n % 90 WHEN 7 THEN 'x' END,
    'order', CASE n % 9000 WHEN 7 THEN '4711' END)) AS metadata) AS words;
INSERT INTO job_metadata (user_id, key, value, created_at, job_id, image_id)
  SELECT to_id(1), key, value, created_at, id, image_id
  FROM image_generation_jobs, jsonb_each_text(metadata) AS pair;
INSERT INTO image_characters (character_id, created_at, image_id)
  SELECT character_ids[1], created_at, id FROM images;
INSERT INTO stories (id, user_id, title, style, page_count, created_at)
  SELECT to_id(10000 + n), to_id(1), 'Day', '', 0, now() - n / 7 * interval '1 s'
  FROM generate_series(0, 2999) AS n;
INSERT INTO batches (user_id, story_id, style, created_at)
  SELECT to_id(1), to_id(10000 + n % 2 * n), 'anime', now() - n / 7 * interval '1 s'
  FROM generate_series(1, 3000) AS n;
"""


@pytest.fixture(scope="module")
def full(postgres: str) -> Iterator[str]:
    """Yields the URL of a database with a user who has 100,000 jobs."""
    name = f"test_{uuid4().hex}"
    url = database_url(postgres, name)

    async def fill() -> None:
        await administer(postgres, f"CREATE DATABASE {name}")
        await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(
                "CREATE FUNCTION to_id(bigint) RETURNS uuid LANGUAGE sql IMMUTABLE"
                " AS $$ SELECT lpad(to_hex($1), 32, '0')::uuid $$"
            )
            async with connection.transaction():
                await connection.execute(_FILL)
            await connection.execute("ANALYZE")
        finally:
            await connection.close()

    asyncio.run(fill())
    yield url
    asyncio.run(administer(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


class Explaining:
    """Keeps the plans of statements, which return no rows."""

    def __init__(self, database: Executor) -> None:
        self._database = database
        self.plans: list[dict[str, Any]] = []

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        """Runs a statement as a prepared one, and keeps its plan."""
        await self._database.execute(f"PREPARE listed AS {query}")
        arguments = ", ".join(map(_literal, args))
        [row] = await self._database.fetch(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE listed ({arguments})"
        )
        await self._database.execute("DEALLOCATE listed")
        self.plans.append(json.loads(row[0])[0]["Plan"])
        return []

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        """Runs a statement as `fetch` does."""
        await self.fetch(query, *args)
        return None

    async def execute(self, query: str, *args: Any) -> str:
        """Runs a statement as `fetch` does."""
        await self.fetch(query, *args)
        return ""


@pytest.mark.parametrize(("plans", "page"), PLANS)
async def test_no_page_of_jobs_reads_many_rows(full: str, plans: str, page: PageRequest) -> None:
    async with open_store(full) as store, _explaining(store, plans) as explaining:
        for wanted in JOB_FILTERS:
            await Statements(explaining).jobs.page(USER, page, wanted)
            _check(explaining.plans.pop(), wanted)


@pytest.mark.parametrize(("plans", "page"), PLANS)
async def test_no_page_of_images_reads_many_rows(full: str, plans: str, page: PageRequest) -> None:
    async with open_store(full) as store, _explaining(store, plans) as explaining:
        for wanted in IMAGE_FILTERS:
            await Statements(explaining).images.page(USER, page, wanted)
            _check(explaining.plans.pop(), wanted)


@pytest.mark.parametrize(("plans", "page"), PLANS)
async def test_no_page_of_another_list_reads_many_rows(
    full: str, plans: str, page: PageRequest
) -> None:
    async with open_store(full) as store, _explaining(store, plans) as explaining:
        statements = Statements(explaining)
        await statements.characters.page(USER, page)
        await statements.stories.page(USER, page)
        await statements.batches.page(USER, page)
        await statements.batches.page(USER, page, LARGE)
        await statements.batches.page(USER, page, SMALL)
        for plan in explaining.plans:
            _check(plan, plan)


async def test_pages_of_several_filters_have_every_row_once(full: str) -> None:
    async with open_store(full) as store:
        for wanted in (
            JobFilter((JobStatus.COMPLETED,), None, TAGGED),
            JobFilter((), LARGE, TAGGED),
            JobFilter((), SMALL, ODD),
            JobFilter((JobStatus.FAILED,), None, ALL),
            JobFilter((JobStatus.QUEUED, JobStatus.FAILED), LARGE, ALL),
        ):
            expected = await store.database.fetch(
                "SELECT id FROM image_generation_jobs WHERE status = ANY($1)"
                " AND coalesce(story_id = $2, true) AND metadata ->> $3 = $4"
                " ORDER BY created_at DESC, id DESC",
                list(wanted.statuses or JobStatus),
                wanted.story_id,
                *(wanted.metadata or ()),
            )
            assert await _walk(store, wanted) == [row["id"] for row in expected]


async def _walk(store: Store, wanted: JobFilter) -> list[UUID]:
    found: list[UUID] = []
    page: PageRequest | None = PageRequest(100)
    while page:
        listing = await store.jobs.page(USER, page, wanted)
        found += [job.id for job in listing.rows]
        page = PageRequest(100, listing.next) if listing.next else None
    return found


@asynccontextmanager
async def _explaining(store: Store, plans: str) -> AsyncIterator[Explaining]:
    """Yields what explains statements with plans for their arguments, or for any."""
    async with store.database.transaction() as executor:
        await executor.execute(f"SET LOCAL plan_cache_mode = force_{plans}_plan")
        yield Explaining(executor)


def _check(plan: dict[str, Any], what: object) -> None:
    nodes = _nodes(plan)
    read = max(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
    )
    buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert read <= ROWS, (what, read, plan)
    assert buffers <= BUFFERS, (what, buffers, plan)


def _literal(value: object) -> str:
    return f"'{{{','.join(value)}}}'" if isinstance(value, list) else f"'{value}'"


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]
