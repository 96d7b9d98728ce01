"""How many durable submits a gateway accepts in a second, compared with a bare handler."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import asyncpg

from benchmarks.children.bare_handlers import TABLES
from benchmarks.environment import BenchEnvironment, GatewayUnderTest, gateway_under_test
from benchmarks.in_turn import Server, compared, each_alone, in_turn
from benchmarks.load import GENERATE_PORTRAIT, LoadPlan, portrait
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from server.settings import GatewaySettings

CALLERS = 50
RATIO = Target(1.0, least=True)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Loads the gateway and the bare handlers in turn, so that all see the same machine."""
    calls, rounds = bench.sized(3000, 300), bench.sized(5, 2)
    with ExitStack() as stack:
        gateway = stack.enter_context(gateway_under_test(bench))
        asyncio.run(_make_tables(gateway.database_url))
        arguments = ["--database-url", gateway.database_url]
        arguments += ["--connections", str(GatewaySettings().database_pool_max)]
        plan = load_plan(gateway, CALLERS, calls)
        servers = [Server(f"submits, {CALLERS} callers", gateway.process, plan)]
        for kind, name in (("insert", "bare handler, two INSERTs"), ("echo", "bare handler, echo")):
            bare = stack.enter_context(
                child("benchmarks.children.bare_handlers", [kind, *arguments])
            )
            servers.append(Server(name, bare, replace(plan, address=bare.says["grpc"])))
        found = in_turn(bench.generator, servers, rounds)
    yield from each_alone(servers, found, f"rounds of {calls} calls")
    pairs = [(ours, inserts) for ours, inserts, _ in found]
    yield from compared("submits against two INSERTs", pairs, RATIO)


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
