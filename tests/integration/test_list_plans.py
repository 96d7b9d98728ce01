"""A page of a list costs about what its rows cost, for a user with very many jobs."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from benchmarks.many_jobs import (
    ALL,
    FEW,
    LARGE,
    LARGE_PAGE,
    MAIN,
    MINOR,
    ODD,
    SMALL,
    SMALL_PAGE,
    TAGGED,
    fill,
)
from server.domain.ids import UserId
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


@pytest.fixture(scope="module")
def full(postgres: str) -> Iterator[str]:
    """Yields the URL of a database in which one user has 100,000 jobs."""
    name = f"test_{uuid4().hex}"
    url = database_url(postgres, name)

    async def prepare() -> None:
        await administer(postgres, f"CREATE DATABASE {name}")
        await migrate(url)
        await fill(url, USER, 100_000)

    asyncio.run(prepare())
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
