"""A database that answers and refuses: what callers, health, workers and sessions make of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import grpc
import grpc.aio
import pytest

from imggen.status import DETAILS_KEY
from server.domain.jobs import NewJob
from server.domain.states import JobStatus
from server.store import Store, open_store
from server.store.causes import Again, DatabaseAway
from server.store.write_probe import WriteProbe
from tests.integration.callers import Caller
from tests.integration.conftest import administer
from tests.integration.gateway_fixture import GatewayFixture
from tests.integration.job_queue import JobQueue, until

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"

# The state of a sequence outlives the error that ends its statement.
_MEETS = """
CREATE SEQUENCE tries;
CREATE FUNCTION meets(times bigint, state text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('tries') <= times THEN RAISE EXCEPTION 'met' USING ERRCODE = state; END IF;
  RETURN currval('tries');
END $$;
"""


_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


def name_of(database: str) -> str:
    """Returns the name in a database's URL."""
    return urlsplit(database).path.removeprefix("/")


@asynccontextmanager
async def read_only(server: str, database: str) -> AsyncIterator[None]:
    """Makes a database read only, for all its sessions, while entered."""
    name = name_of(database)
    await administer(server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await administer(server, _END.format(name))
    yield
    await administer(server, f"ALTER DATABASE {name} RESET default_transaction_read_only")


@asynccontextmanager
async def renamed(server: str, database: str) -> AsyncIterator[None]:
    """Gives a database another name while entered."""
    name = name_of(database)
    for old, new in ((name, f"{name}_away"), (f"{name}_away", name)):
        await administer(server, f"ALTER DATABASE {old} ALLOW_CONNECTIONS false")
        await administer(server, _END.format(old))
        await administer(server, f"ALTER DATABASE {old} RENAME TO {new}")
        await administer(server, f"ALTER DATABASE {new} ALLOW_CONNECTIONS true")
        if new != name:
            yield


@pytest.mark.parametrize("refusing", [read_only, renamed])
async def test_callers_repeat_their_calls_and_health_says_so(
    refusing: object, postgres: str, database: str, gateway: GatewayFixture, mia: Caller
) -> None:
    async def serves() -> bool:
        return gateway.endpoint.serving

    async def not_serves() -> bool:
        return not gateway.endpoint.serving

    assert callable(refusing)
    await mia.portrait()
    async with refusing(postgres, database):
        await until(not_serves)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await mia.portrait()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        details = dict(caught.value.trailing_metadata() or ())[DETAILS_KEY]
        assert b"RetryInfo" in details
        assert b"DATABASE_UNAVAILABLE" in details
    await until(serves)
    await mia.portrait()


async def test_a_worker_goes_on_after_a_database_that_was_read_only(
    postgres: str, job_queue: JobQueue
) -> None:
    async def submitted() -> NewJob | None:
        try:
            return await job_queue.submit()
        except DatabaseAway:
            return None

    new = await job_queue.submit()
    async with job_queue.worker(poll_s=0.05) as worker:
        async with read_only(postgres, job_queue.database):
            with pytest.raises(DatabaseAway):
                await job_queue.submit()
            worker.check()
        await job_queue.becomes(new, JobStatus.COMPLETED)
        # Sessions of that time only read; those that meet it give way to new ones.
        await job_queue.becomes(await until(submitted), JobStatus.COMPLETED)


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
async def test_a_statement_that_met_another_one_is_repeated(store: Store, state: str) -> None:
    await store.database.execute(_MEETS)
    row = await store.database.fetchrow("SELECT meets(2, $1) AS tries", state)
    assert row is not None
    assert row["tries"] == 3


async def test_it_is_given_up_after_some_tries(store: Store) -> None:
    await store.database.execute(_MEETS)
    with pytest.raises(Again):
        await store.database.fetchrow("SELECT meets(1000, '40001')")
    row = await store.database.fetchrow("SELECT last_value FROM tries")
    assert row is not None
    assert row["last_value"] == 4


async def test_what_a_role_has_set_does_not_matter(postgres: str, database: str) -> None:
    role = f"r{uuid4().hex}"
    settings = {
        "default_transaction_isolation": "serializable",
        "default_transaction_read_only": "on",
        "statement_timeout": "1",
        "lock_timeout": "1",
        "idle_in_transaction_session_timeout": "1",
        "search_path": "nowhere",
        "timezone": "Asia/Tokyo",
    }
    await administer(postgres, f"CREATE ROLE {role} SUPERUSER LOGIN")
    for name, value in settings.items():
        await administer(postgres, f"ALTER ROLE {role} SET {name} = '{value}'")
    url = database.replace("postgresql://postgres:", f"postgresql://{role}:")
    assert url != database
    try:
        async with open_store(url) as store:
            row = await store.database.fetchrow(
                "SELECT current_user, current_setting('transaction_isolation'),"
                " current_setting('transaction_read_only'), current_setting('timezone')"
                " FROM pg_sleep(0.01)"
            )
            assert row is not None
            assert tuple(row) == (role, "read committed", "off", "UTC")
            assert await store.styles.list()
    finally:
        await administer(postgres, f"DROP ROLE {role}")


async def test_a_full_disk_is_away_until_it_has_room_again(database: str, store: Store) -> None:
    # A small write may still find room in a page.
    await store.database.execute("""
        CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
        END $$;
        CREATE TRIGGER disk_full BEFORE INSERT ON stories EXECUTE FUNCTION disk_full();
        CREATE TRIGGER disk_full BEFORE INSERT ON write_probes FOR EACH ROW
          WHEN (NEW.room IS NOT NULL) EXECUTE FUNCTION disk_full();
    """)
    async with WriteProbe(database, store.database) as probe:
        await probe.ask()
        with pytest.raises(DatabaseAway):
            await store.database.execute("INSERT INTO stories DEFAULT VALUES")
        for _ in range(2):
            with pytest.raises(DatabaseAway) as caught:
                await probe.ask()
            assert caught.value.cause.words == "its disk is full"
        await store.database.execute("DROP FUNCTION disk_full CASCADE")
        await probe.ask()
    rows = await store.database.fetch("SELECT room FROM write_probes")
    assert [row["room"] for row in rows] == [None]


async def test_a_transaction_ends_with_its_own_error_where_its_connection_is_gone(
    store: Store,
) -> None:
    async def broken() -> None:
        async with store.database.transaction() as executor:
            [row] = await executor.fetch("SELECT pg_backend_pid() AS pid")
            await store.database.execute("SELECT pg_terminate_backend($1)", row["pid"])
            with pytest.raises(_LOST):
                await executor.execute("SELECT 1")
            raise LookupError

    with pytest.raises(LookupError):
        await broken()


async def test_a_caller_that_gives_up_ends_its_statement_and_no_connection(
    database: str, store: Store
) -> None:
    told = list[str]()
    store.database.count_expiry = told.append
    holder = await asyncpg.connect(database)
    try:
        await holder.execute("SELECT pg_advisory_lock(1)")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await store.database.fetch("SELECT pg_advisory_lock(1)")
        waiting = await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
    finally:
        await holder.close()
    assert (waiting, told) == (0, [])


async def test_a_call_is_made_again_for_a_whole_transaction_alone(store: Store) -> None:
    await store.database.execute(_MEETS)
    with pytest.raises(Again) as one:
        await store.database.fetch("SELECT meets(1000, '40001')")
    with pytest.raises(Again) as whole:
        async with store.database.transaction() as transaction:
            await transaction.fetch("SELECT meets(1000, '40001')")
    assert (one.value.whole, whole.value.whole) == (False, True)
