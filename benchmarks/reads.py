"""How many GetJob calls a gateway answers in a second, compared with a bare handler."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.environment import BenchEnvironment, GatewayUnderTest, gateway_under_test
from benchmarks.load import GET_JOB, LoadPlan
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from benchmarks.submits import CALLERS
from imggen import SyncClient

RATIO = Target(0.6, least=True)
_JOBS = 100


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Loads the gateway and the bare handler alternately, so that both see the same machine."""
    calls, rounds = bench.sized(5000, 300), bench.sized(5, 2)
    arguments = ["echo", "--database-url", bench.postgres, "--connections", "1"]
    with (
        gateway_under_test(bench) as gateway,
        child("benchmarks.children.bare_handlers", arguments) as echo,
    ):
        ours = get_jobs(gateway, calls)
        echoes = replace(ours, address=echo.says["grpc"])
        for one in (ours, echoes):
            bench.generator.run(replace(one, calls=min(calls, 500)))
        pairs = [
            (bench.generator.run(ours).per_second, bench.generator.run(echoes).per_second)
            for _ in range(rounds)
        ]
    note = f"rounds of {calls} calls, {_JOBS} jobs in turn"
    yield Figure.median(f"GetJob, {CALLERS} callers", [a for a, _ in pairs], "/s", note=note)
    yield Figure.median("bare handler, echo", [b for _, b in pairs], "/s", note=note)
    yield Figure.median(
        "GetJob against an echo", [a / b for a, b in pairs], "x", RATIO, "by pair of rounds"
    )


def get_jobs(gateway: GatewayUnderTest, calls: int) -> LoadPlan:
    """Returns the plan of reads of jobs that it has submitted to a gateway."""
    with SyncClient(gateway.address, token=gateway.token) as client:
        jobs = [
            client.generate_portrait(gateway.character_id, style="storybook").job_id
            for _ in range(_JOBS)
        ]
    requests = [{"job_id": job} for job in jobs]
    return LoadPlan(gateway.address, gateway.token, GET_JOB, requests, CALLERS, calls)
