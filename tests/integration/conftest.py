"""Fixtures with real parts: one Postgres per session, one database per test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer

from cluster.embedded.local import Local
from server.store import Store, open_store
from server.store.migrate import migrate
from tests.collector import Collector, collector
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, open_gateway_fixture
from tests.integration.job_queue import JobQueue, open_job_queue
from tests.integration.local_ray import local_imggen
from tests.integration.swift import Swift, running_swift
from tests.temporary_postgres import temporary_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yields the URL of a Postgres that runs for the session."""
    with temporary_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """Returns the name of a migrated database, which the tests' databases are copied from."""
    name = "imggen_template"

    async def make() -> None:
        await administer(postgres, f"CREATE DATABASE {name}")
        await migrate(database_url(postgres, name))

    asyncio.run(make())
    return name


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    """Yields a real S3 server that runs for the session."""
    with running_swift(tmp_path_factory.mktemp("swift")) as swift:
        yield swift


def database_url(server: str, name: str) -> str:
    """Returns the URL of a database of the server."""
    return server.replace("/postgres?", f"/{name}?")


async def administer(server: str, statement: str) -> None:
    """Runs a statement on a separate connection."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def database(postgres: str, template: str) -> AsyncIterator[str]:
    """Yields the URL of a migrated database for one test."""
    name = f"test_{uuid4().hex}"
    # Files are copied in half the time that the log takes to hold each of their blocks.
    copy = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
    await administer(postgres, copy)
    yield database_url(postgres, name)
    await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """Yields a store on the test's database."""
    async with open_store(database) as store:
        yield store


@pytest.fixture
async def gateway(database: str, tmp_path: Path) -> AsyncIterator[GatewayFixture]:
    """Yields a whole gateway on the test's database, with a folder as its storage."""
    async with open_gateway_fixture(database, tmp_path / "pixels") as gateway:
        yield gateway


@pytest.fixture
def mia(gateway: GatewayFixture) -> Caller:
    """Returns a caller."""
    return gateway.caller("mia")


@pytest.fixture
def tom(gateway: GatewayFixture) -> Caller:
    """Returns another caller."""
    return gateway.caller("tom")


@pytest.fixture
async def job_queue(database: str, tmp_path: Path) -> AsyncIterator[JobQueue]:
    """Yields a queue of jobs for workers that run in the test."""
    async with open_job_queue(database, tmp_path / "pixels") as job_queue:
        yield job_queue


@pytest.fixture(scope="session")
def local() -> Iterator[Local]:
    """Yields all of imggen on one machine, with one Ray per session."""
    with local_imggen() as local:
        yield local


@pytest.fixture
async def otlp() -> AsyncIterator[Collector]:
    """Yields an OpenTelemetry collector."""
    async with collector() as collecting:
        yield collecting


@pytest.fixture
def tracer() -> Iterator[Tracer]:
    """Yields the tracer of a caller that uses OpenTelemetry."""
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider.get_tracer("a caller")
    provider.shutdown()
