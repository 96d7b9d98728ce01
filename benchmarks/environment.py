"""The environment of benchmarks: a Postgres, and a gateway process on a new database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg

from benchmarks.load import LoadGenerator
from benchmarks.processes import Child, child
from cluster.embedded.guardian import guarded_folder
from cluster.embedded.postgres import embedded_postgres
from cluster.embedded.processes import ROOT
from imggen import Gender, SyncClient
from server.identity.tokens import mint_token
from server.settings import GatewaySettings
from server.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class BenchEnvironment:
    """A Postgres, a folder, the load generator, and the sizes of a run."""

    postgres: str
    folder: Path
    generator: LoadGenerator
    quick: bool
    jobs: int | None
    """The number of jobs that `success` draws; None for the usual one."""

    @property
    def storage(self) -> dict[str, str]:
        """The settings of a storage in the folder, from which nothing is downloaded."""
        return {
            "IMGGEN_STORAGE_URL": (self.folder / "images").as_uri(),
            "IMGGEN_URL_SECRET": "benchmarks" * 4,
            "IMGGEN_PUBLIC_URL": "http://127.0.0.1:1",
        }

    def sized(self, usual: int, quick: int) -> int:
        """Returns the usual count, or the smaller one in a quick run."""
        return quick if self.quick else usual


@dataclass(frozen=True, slots=True)
class GatewayUnderTest:
    """A running gateway, on a database that nothing else uses."""

    process: Child
    address: str
    token: str
    character_id: str
    database_url: str


@contextmanager
def bench_environment(
    generator: LoadGenerator, *, quick: bool, jobs: int | None = None
) -> Iterator[BenchEnvironment]:
    """Runs a Postgres for benchmarks; its data is in the checkout, since /tmp may be memory."""
    data = ROOT / ".imggen"
    data.mkdir(exist_ok=True)
    with (
        guarded_folder("bench-", data) as folder,
        embedded_postgres(folder / "db") as url,
    ):
        yield BenchEnvironment(url, folder, generator, quick, jobs)


@contextmanager
def gateway_under_test(bench: BenchEnvironment, **settings: str) -> Iterator[GatewayUnderTest]:
    """Runs a gateway with one user and one character on a new database."""
    url = asyncio.run(new_database(bench.postgres))
    token = new_token()
    with gateway_process(bench, url, **settings) as running:
        address = running.says["grpc"]
        with SyncClient(address, token=token) as client:
            character = new_character(client)
        yield GatewayUnderTest(running, address, token, character, url)


@contextmanager
def gateway_process(bench: BenchEnvironment, database_url: str, **settings: str) -> Iterator[Child]:
    """Runs a gateway with production settings except for addresses, storage and backlog limits.

    `settings` are laid over them, by their names in the environment.
    """
    environment = {
        "IMGGEN_DATABASE_URL": database_url,
        **bench.storage,
        "IMGGEN_LISTEN": "127.0.0.1:0",
        "IMGGEN_HTTP_PORT": "0",
        "IMGGEN_METRICS_PORT": "0",
        "IMGGEN_MAX_WAITING_JOBS": "0",  # submits are measured, not their rejection
        "IMGGEN_MAX_WAITING_JOBS_PER_USER": "0",
        **settings,
    }
    with child("server", environment=environment) as running:
        yield running


async def new_database(postgres: str) -> str:
    """Returns the URL of a new, migrated database."""
    name = f"bench_{uuid4().hex}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    url = postgres.replace("/postgres?", f"/{name}?")
    await migrate(url)
    return url


def new_token() -> str:
    """Returns a token that a gateway with the development secret accepts."""
    settings = GatewaySettings()
    return mint_token(
        settings.jwt_secret.get_secret_value(),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        subject="benchmarks",
    )


def new_character(client: SyncClient) -> str:
    """Creates a typical character, and returns its id."""
    character = client.create_character(
        name="Mia",
        age=7,
        gender=Gender.GENDER_FEMALE,
        hair="long red hair",
        eyes="green",
        skin="light",
        clothing="a yellow dress",
        features=["freckles"],
        traits=["brave"],
    )
    return character.id
