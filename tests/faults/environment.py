"""The environment of a run: a database, a folder for the images, and their processes."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import uuid4

import asyncpg

from cluster.embedded.guardian import guarded_folder
from cluster.embedded.postgres import embedded_postgres
from imggen import Client
from server.identity.caller import Role
from server.identity.tokens import mint_token
from server.settings import GatewaySettings
from server.store.migrate import migrate
from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.history import ENDED, History, Move, collect, moves, record
from tests.faults.processes import (
    DEADLINE_S,
    GatewayProcess,
    WorkerProcess,
    gateway_process,
    worker_process,
)

T = TypeVar("T")

LEASE_S = 3.0
"""A short lease, so that a lost worker is noticed soon."""

HEARTBEAT_S = 0.5
"""The interval at which leases are renewed."""

POLL_S = 0.5
"""The interval at which a worker looks for jobs whose signal was lost."""

_ALL_START_S = 180.0
"""How long processes that start at once may take on a busy machine."""

_BROKEN_PATIENCE_S = 15.0
"""How long to wait for a broken build, which is expected not to recover."""


@contextmanager
def postgres(within: Path | None = None) -> Iterator[str]:
    """Runs a Postgres with a template of a migrated database, and yields its URL.

    Its data are in a new folder `within` another, by default that for temporary files.
    """
    with (
        guarded_folder("imggen-faults-", within) as folder,
        embedded_postgres(folder / "db") as url,
    ):
        asyncio.run(prepare(url))
        yield url


async def prepare(url: str) -> None:
    """Creates the template that each run's database is copied from."""
    await administer(url, "CREATE DATABASE faults_template")
    template = named(url, "faults_template")
    await migrate(template)
    await record(template)


async def administer(url: str, *statements: str) -> None:
    """Runs statements on a separate connection."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def named(url: str, database: str) -> str:
    """Returns the URL of a database of the server."""
    return url.replace("/postgres?", f"/{database}?")


async def until(
    condition: Callable[[], Awaitable[T]], what: str, patience_s: float = DEADLINE_S
) -> T:
    """Returns the condition's value as soon as it is true; raises NeverHappened."""
    try:
        async with asyncio.timeout(patience_s):
            while not (value := await condition()):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise NeverHappened(f"{what}: not within {patience_s:g} s") from None
    return value


class NeverHappened(Exception):
    """Raised when something that a run waits for does not happen in time."""


async def all_held(*workers: WorkerProcess) -> None:
    """Returns once each worker is at its hold point; raises NeverHappened, naming the late ones."""
    try:
        async with asyncio.timeout(_ALL_START_S):
            for worker in workers:
                await worker.held.wait()
    except TimeoutError:
        late = ", ".join(worker.name for worker in workers if not worker.held.is_set())
        raise NeverHappened(f"{late}: not held within {_ALL_START_S:g} s") from None


@dataclass
class FaultEnvironment:
    """The database, folder, processes and history of a scenario, all of one build."""

    build: Build
    database: str
    folder: Path
    history: History = field(default_factory=History)
    settings: dict[str, str] = field(default_factory=dict)
    patience_s: float = DEADLINE_S
    """How long to wait for jobs and watches to end."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def of(self, build: Build) -> "FaultEnvironment":
        """Returns the same environment, whose next processes are of another build."""
        return replace(self, build=build)

    async def gateway(self, **settings: str) -> GatewayProcess:
        """Starts a gateway."""
        number = next(self._numbers)
        return await self._stack.enter_async_context(
            gateway_process(
                self.build,
                self.process_settings() | settings,
                self.folder / f"gateway-{number}.log",
                self.folder / f"gateway-{number}.json",
            )
        )

    async def worker(self, name: str, *arguments: str, **settings: str) -> WorkerProcess:
        """Starts a worker; await its `ready` before use."""
        return await self._stack.enter_async_context(
            worker_process(
                name,
                self.build,
                self.process_settings() | settings,
                self.history,
                self.folder / f"{name}.log",
                arguments,
            )
        )

    async def caller(
        self, port: int, subject: str = "mia", roles: Sequence[Role] = ()
    ) -> RecordingCaller:
        """Returns a caller of the gateway on a port."""
        settings = GatewaySettings()
        token = mint_token(
            settings.jwt_secret.get_secret_value(),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            subject=subject,
            roles=roles,
        )
        client = await self._stack.enter_async_context(Client(f"127.0.0.1:{port}", token=token))
        caller = RecordingCaller(client, self.history)
        await caller.set_up()
        return caller

    async def moves(self) -> list[Move]:
        """Returns the status changes that were committed so far."""
        connection = await asyncpg.connect(self.database)
        try:
            return await moves(connection)
        finally:
            await connection.close()

    def jobs_reach(self, count: int) -> Callable[[], Awaitable[bool]]:
        """Returns a condition: at least that many jobs exist."""

        async def reached() -> bool:
            [found] = await self.query("SELECT count(*) FROM image_generation_jobs")
            return int(found[0]) >= count

        return reached

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Locks all rows of a table until the block ends."""
        connection = await asyncpg.connect(self.database)
        try:
            async with connection.transaction():
                await connection.execute(f"SELECT FROM {table} FOR UPDATE")
                yield
        finally:
            await connection.close()

    def statements_wait(self, count: int) -> Callable[[], Awaitable[bool]]:
        """Returns a condition: at least that many statements wait for a lock."""

        async def waiting() -> bool:
            rows = await self.query(
                "SELECT FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return len(rows) >= count

        return waiting

    async def query(self, statement: str) -> list[asyncpg.Record]:
        """Returns the rows of a query."""
        connection = await asyncpg.connect(self.database)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    async def all_jobs_end(self) -> float:
        """Waits until every acknowledged job has ended; returns the time of the last end."""

        async def ended() -> list[Move]:
            done = [move for move in await self.moves() if move.after in ENDED]
            return done if {move.job for move in done} >= self.history.acknowledged() else []

        return (await until(ended, "every job ends", self.patience_s))[-1].at

    async def action_happens(self, what: str) -> None:
        """Waits until a worker has recorded an action of this name."""

        async def recorded() -> bool:
            return bool(self.history.done(what))

        await until(recorded, what)

    async def all_jobs_complete(self) -> None:
        """Waits until every job is completed."""

        async def completed() -> bool:
            return not await self.query(
                "SELECT FROM image_generation_jobs WHERE status <> 'completed'"
            )

        await until(completed, "every job completes", self.patience_s)

    async def close(self) -> None:
        """Ends the processes, and adds the database's records to the history."""
        await self._stack.aclose()
        await collect(self.database, self.history)

    def process_settings(self) -> dict[str, str]:
        """Returns the settings of the processes of the run."""
        return {
            "IMGGEN_DATABASE_URL": self.database,
            "IMGGEN_STORAGE_URL": (self.folder / "pixels").as_uri(),
            "IMGGEN_URL_SECRET": "a-secret-of-the-faults-with-enough-bytes",
            "IMGGEN_PUBLIC_URL": "http://127.0.0.1:1",
            "IMGGEN_LISTEN": "127.0.0.1:0",
            "IMGGEN_HTTP_PORT": "0",
            "IMGGEN_METRICS_PORT": "0",
            "IMGGEN_LEASE_S": str(LEASE_S),
            "IMGGEN_HEARTBEAT_S": str(HEARTBEAT_S),
            "IMGGEN_POLL_S": str(POLL_S),
            "IMGGEN_DRAIN_S": "5",
            **self.settings,
        }


@asynccontextmanager
async def fault_environment(
    server: str, build: Build, **settings: str
) -> AsyncIterator[FaultEnvironment]:
    """Yields an environment on a new database; its history is complete after the block."""
    name = f"faults_{uuid4().hex}"
    await administer(server, f"CREATE DATABASE {name} TEMPLATE faults_template")
    with TemporaryDirectory(prefix="imggen-faults-") as folder:
        database = named(server, name)
        await administer(database, *build.statements)
        patience_s = _BROKEN_PATIENCE_S if build.name else DEADLINE_S
        environment = FaultEnvironment(
            build, database, Path(folder), settings=settings, patience_s=patience_s
        )
        try:
            yield environment
        finally:
            await environment.close()
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")
