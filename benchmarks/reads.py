"""How many jobs a gateway shows in a second, against a handler that knows them by heart."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.house import Ground, House, house
from benchmarks.load import GET_JOB, Order
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from benchmarks.submits import CALLERS
from imggen import SyncClient

RATIO = Target(0.6, least=True)
_JOBS = 100


def measure(ground: Ground) -> Iterator[Figure]:
    """Loads the gateway and the bare handler in turns, so that both see the same machine."""
    calls, rounds = ground.sized(5000, 300), ground.sized(5, 2)
    arguments = ["echo", "--database-url", ground.postgres, "--connections", "1"]
    with house(ground) as home, child("benchmarks.children.bare_handlers", arguments) as echo:
        ours = _order(home, calls)
        echoes = replace(ours, address=echo.says["grpc"])
        for one in (ours, echoes):
            ground.generator.run(replace(one, calls=min(calls, 500)))
        pairs = [
            (ground.generator.run(ours).per_second, ground.generator.run(echoes).per_second)
            for _ in range(rounds)
        ]
    note = f"rounds of {calls} calls, {_JOBS} jobs in turn"
    yield Figure.median(f"GetJob, {CALLERS} callers", [a for a, _ in pairs], "/s", note=note)
    yield Figure.median("bare handler, echo", [b for _, b in pairs], "/s", note=note)
    yield Figure.median(
        "GetJob against an echo", [a / b for a, b in pairs], "x", RATIO, "by pair of rounds"
    )


def _order(home: House, calls: int) -> Order:
    with SyncClient(home.address, token=home.token) as client:
        jobs = [
            client.generate_portrait(home.character_id, style="storybook").job_id
            for _ in range(_JOBS)
        ]
    requests = [{"job_id": job} for job in jobs]
    return Order(home.address, home.token, GET_JOB, requests, CALLERS, calls)
