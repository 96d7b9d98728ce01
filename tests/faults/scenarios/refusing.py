"""A database that answers and refuses: read-only, as after a failover, and renamed away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.faults.builds import Build
from tests.faults.environment import (
    FaultEnvironment,
    NeverHappened,
    administer,
    fault_environment,
    until,
)
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"

Refusing = Callable[[str, str], AbstractAsyncContextManager[None]]
"""Makes a database of a server refuse what is asked of it while it is entered."""


@asynccontextmanager
async def _read_only(server: str, name: str) -> AsyncIterator[None]:
    """Lets a database be read only, for all its next sessions."""
    setting = f"ALTER DATABASE {name} {{}} default_transaction_read_only"
    await administer(server, f"{setting.format('SET')} = on", _END.format(name))
    yield
    await administer(server, setting.format("RESET"))


@asynccontextmanager
async def _renamed(server: str, name: str) -> AsyncIterator[None]:
    """Gives a database another name for a while; nobody may be connected when it gets one."""
    for old, new in ((name, f"{name}_away"), (f"{name}_away", name)):
        await administer(
            server,
            f"ALTER DATABASE {old} ALLOW_CONNECTIONS false",
            _END.format(old),
            f"ALTER DATABASE {old} RENAME TO {new}",
            f"ALTER DATABASE {new} ALLOW_CONNECTIONS true",
        )
        if new != name:
            yield


async def read_only_database(server: str, build: Build, quick: bool) -> Report:
    """Lets the database be read only while pictures are drawn, and writable again."""
    return await _refused(server, build, quick, "database read-only", _read_only)


async def renamed_database(server: str, build: Build, quick: bool) -> Report:
    """Renames the database away while pictures are drawn, and back again."""
    return await _refused(server, build, quick, "database renamed away", _renamed)


async def _refused(server: str, build: Build, quick: bool, what: str, refusing: Refusing) -> Report:
    length_s = 4.0 if quick else 20.0
    problems: list[Problem] = []
    async with fault_environment(server, build, IMGGEN_LEASE_S="30") as environment:
        gateway = await environment.gateway(IMGGEN_HEALTH_INTERVAL_S="0.2")
        caller = await environment.caller(gateway.port)
        jobs = [await caller.submit() for _ in range(4)]
        assert all(jobs), environment.history.failed_calls
        worker = await environment.worker("w", "--step-s", "0.05")
        await environment.action_happens("rendering")
        recovered = None
        try:
            async with refusing(server, _name(environment)):
                await until(lambda: _serves(gateway.port, False), "health says so", 15.0)
                await caller.submit()
                await asyncio.sleep(length_s)
            back = asyncio.get_running_loop().time()
            await until(lambda: _serves(gateway.port, True), "health is well again", 30.0)
            await caller.submit()
            recovered = await environment.all_jobs_end() - back
        except NeverHappened as never:
            problems.append(Problem(Rule.AWAITED, str(never)))
        await worker.end()
    problems += [
        Problem(Rule.CALLS, call)
        for call in environment.history.failed_calls
        if "Unavailable" not in call
    ]
    if not environment.history.failed_calls:
        problems.append(Problem(Rule.INJECTED, "no call failed meanwhile"))
    report = reported(what, f"once, {length_s:g} s", environment.history, recovered, problems)
    problems += report.drawn_again()
    return report


def _name(environment: FaultEnvironment) -> str:
    return urlsplit(environment.database).path.removeprefix("/")


async def _serves(port: int, expected: bool) -> bool:
    """Returns whether the health of a gateway is as expected."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    return (answer.status == health_pb2.HealthCheckResponse.SERVING) is expected
