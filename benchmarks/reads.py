"""How many GetJob calls a gateway answers in a second, compared with bare handlers."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from benchmarks.environment import BenchEnvironment, GatewayUnderTest, gateway_under_test
from benchmarks.in_turn import Server, compared, each_alone, in_turn
from benchmarks.load import GET_JOB, LoadPlan
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from benchmarks.submits import CALLERS
from imggen import SyncClient
from server.settings import GatewaySettings

SELECT = Target(0.85, least=True)
ECHO = Target(0.6, least=True)
_JOBS = 100


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Loads the gateway and the bare handlers in turn, so that all see the same machine."""
    calls, rounds = bench.sized(5000, 300), bench.sized(5, 2)
    with ExitStack() as stack:
        gateway = stack.enter_context(gateway_under_test(bench))
        plan = get_jobs(gateway, calls)
        arguments = ["--database-url", gateway.database_url]
        arguments += ["--connections", str(GatewaySettings().database_pool_max)]
        servers = [Server(f"GetJob, {CALLERS} callers", gateway.process, plan)]
        for kind, name in (("select", "bare handler, one SELECT"), ("echo", "bare handler, echo")):
            bare = stack.enter_context(
                child("benchmarks.children.bare_handlers", [kind, *arguments])
            )
            servers.append(Server(name, bare, replace(plan, address=bare.says["grpc"])))
        found = in_turn(bench.generator, servers, rounds)
    yield from each_alone(servers, found, f"rounds of {calls} calls, {_JOBS} jobs in turn")
    selects = [(ours, select) for ours, select, _ in found]
    yield from compared("GetJob against one SELECT", selects, SELECT)
    echoes = [ours.per_second / echo.per_second for ours, _, echo in found]
    yield Figure.median("GetJob against an echo", echoes, "x", ECHO, "by pair of rounds")


def get_jobs(gateway: GatewayUnderTest, calls: int) -> LoadPlan:
    """Returns the plan of reads of jobs that it has submitted to a gateway."""
    with SyncClient(gateway.address, token=gateway.token) as client:
        jobs = [
            client.generate_portrait(gateway.character_id, style="storybook").job_id
            for _ in range(_JOBS)
        ]
    requests = [{"job_id": job} for job in jobs]
    return LoadPlan(gateway.address, gateway.token, GET_JOB, requests, CALLERS, calls)
