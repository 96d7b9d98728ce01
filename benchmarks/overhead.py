"""The time that the service adds to a job, compared with direct calls of model and finishing."""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Iterator, Mapping

import asyncpg

from benchmarks.environment import BenchEnvironment, new_character
from benchmarks.processes import LineChild, line_child
from benchmarks.report import Figure, Target
from cluster.embedded.local import running
from imggen import Stage, SyncClient

ADDED = Target(150.0)
WAITED = Target(50.0)
RENDERING = Target(20.0)
_STAGES = ("resolving", "rendering", "finishing", "storing")


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Draws each picture twice, by the whole embedded service and directly, alternating.

    Both draw the same content with the same seed, at 256 px and 20 steps, with as many
    threads.
    """
    with running(bench.folder / "embedded", lambda _: None) as local:
        # Ray sets OMP_NUM_THREADS to 1 for the diffuser's one CPU.
        threads = {"IMGGEN_TORCH_THREADS": os.environ["IMGGEN_TORCH_THREADS"]}
        threads["OMP_NUM_THREADS"] = "1"
        with (
            SyncClient(local.address, token=local.token) as client,
            line_child("benchmarks.children.direct_render", threads) as direct,
        ):
            character = new_character(client)
            direct.read()
            rounds = [
                (_serviced(client, character), _directly(direct))
                for _ in range(bench.sized(12, 2) + 1)
            ][1:]  # the first round warms both
    service = [ours["all"] for ours, _ in rounds]
    plain = [theirs["all"] for _, theirs in rounds]
    added = [a - b for a, b in zip(service, plain, strict=True)]
    yield Figure.median("job by the whole service", service, "ms")
    yield Figure.median("pipeline and finishing, directly", plain, "ms")
    share = statistics.median(added) / statistics.median(plain)
    yield Figure.median("added by the service", added, "ms", ADDED, f"{share:.1%} by pair")
    for stage in _STAGES:
        more = [ours[stage] - theirs.get(stage, 0.0) for ours, theirs in rounds]
        target = RENDERING if stage == "rendering" else None
        yield Figure.median(f"  of it, {stage}", more, "ms", target)
    rest = [ours["all"] - sum(ours[stage] for stage in _STAGES) for ours, _ in rounds]
    yield Figure.median("  of it, before, after and between", rest, "ms")
    finishing = [ours["finishing"] - theirs["finishing"] for ours, theirs in rounds]
    both = [a + b for a, b in zip(finishing, rest, strict=True)]
    yield Figure.median("  finishing, before, after and between", both, "ms", WAITED)


def _serviced(client: SyncClient, character: str) -> dict[str, float]:
    """Returns the time from a caller's request to its image, and that of each stage, in ms."""
    began = time.perf_counter()
    job = client.generate_portrait(character, style="storybook", quality="standard")
    client.wait(job)
    whole = (time.perf_counter() - began) * 1e3
    timings = {
        Stage.Name(one.stage).removeprefix("STAGE_").lower(): one.duration.ToMicroseconds() / 1e3
        for one in client.get_job(job).stage_timings
    }
    return {"all": whole, **timings}


def _directly(direct: LineChild) -> Mapping[str, float]:
    """Returns the times of the newest job's picture without the service, in ms."""
    direct.write(asyncio.run(_newest_spec()))
    times: dict[str, float] = json.loads(direct.read())
    return times


async def _newest_spec() -> str:
    connection = await asyncpg.connect(os.environ["IMGGEN_DATABASE_URL"])
    try:
        spec = await connection.fetchval(
            "SELECT spec FROM image_generation_jobs ORDER BY created_at DESC LIMIT 1"
        )
    finally:
        await connection.close()
    return json.dumps(json.loads(spec))  # one line
