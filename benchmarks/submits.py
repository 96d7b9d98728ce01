"""How many durable submits a gateway accepts in a second, compared with a bare handler."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import asyncpg

from benchmarks.children.bare_handlers import TABLES
from benchmarks.environment import BenchEnvironment, GatewayUnderTest, gateway_under_test
from benchmarks.load import GENERATE_PORTRAIT, LoadPlan, portrait
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from server.settings import GatewaySettings

CALLERS = 50
RATIO = Target(0.8, least=True)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Loads the gateway and a bare handler alternately, so that both see the same machine."""
    calls, rounds = bench.sized(3000, 300), bench.sized(5, 2)
    with ExitStack() as stack:
        gateway = stack.enter_context(gateway_under_test(bench))
        asyncio.run(_make_tables(gateway.database_url))
        arguments = ["--database-url", gateway.database_url]
        arguments += ["--connections", str(GatewaySettings().database_pool_max)]
        bare = stack.enter_context(
            child("benchmarks.children.bare_handlers", ["insert", *arguments])
        )
        echo = stack.enter_context(child("benchmarks.children.bare_handlers", ["echo", *arguments]))
        ours = load_plan(gateway, CALLERS, calls)
        theirs = replace(ours, address=bare.says["grpc"])
        echoes = replace(ours, address=echo.says["grpc"])
        for one in (ours, theirs, echoes):
            bench.generator.run(replace(one, calls=min(calls, 500)))
        pairs = [
            (bench.generator.run(ours).per_second, bench.generator.run(theirs).per_second)
            for _ in range(rounds)
        ]
        echoed = [bench.generator.run(echoes).per_second for _ in range(rounds)]
    note = f"rounds of {calls} calls"
    yield Figure.median(f"submits, {CALLERS} callers", [a for a, _ in pairs], "/s", note=note)
    yield Figure.median("bare handler, two INSERTs", [b for _, b in pairs], "/s", note=note)
    yield Figure.median("bare handler, echo", echoed, "/s", note=note)
    yield Figure.median(
        "submits against two INSERTs", [a / b for a, b in pairs], "x", RATIO, "by pair of rounds"
    )


def load_plan(gateway: GatewayUnderTest, callers: int, calls: int) -> LoadPlan:
    """Returns the plan of submits to a gateway."""
    requests = [portrait(gateway.character_id)]
    return LoadPlan(gateway.address, gateway.token, GENERATE_PORTRAIT, requests, callers, calls)


async def _make_tables(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(TABLES)
    finally:
        await connection.close()
