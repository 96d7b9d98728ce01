"""The rate and delay of snapshots for many watchers, and the gateway's memory for them."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from benchmarks.environment import BenchEnvironment, gateway_under_test
from benchmarks.processes import line_child
from benchmarks.report import Figure, Target
from imggen import SyncClient

RATE = 4
"""Progress writes per job and second."""

LEAST = Target(1.0, least=True)
GAP = Target(1.0)
LATE = Target(300.0)
MEMORY = Target(400.0)
_LAST_S = 2.0  # how long the last write may take to arrive

Times = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Stream:
    """The receipts of one stream, with the times of its job's writes.

    `seen` are (time, step) and `written` are (sent, committed), by step from 1.
    """

    seen: Sequence[tuple[float, int]]
    written: Times

    @classmethod
    def all(cls, watched: str, written: str) -> list[Self]:
        """Returns the streams in the JSON of the watchers and the writer."""
        times: Mapping[str, Times] = json.loads(written)
        return [cls(one["seen"], times[one["job_id"]]) for one in json.loads(watched)]

    def per_second(self) -> float:
        """Returns the snapshots received per second while the job was written."""
        inside = self._inside()
        return len(inside) / (self.written[-1][1] - self.written[0][0])

    def longest_gap(self) -> float:
        """Returns the longest time without a snapshot while the job was written, in seconds."""
        times = [self.written[0][0], *self._inside(), self.written[-1][1]]
        return max(later - earlier for earlier, later in pairwise(times))

    def lateness(self, place: int) -> list[float]:
        """Returns, for each write, the time until its step or a later one was received, in ms.

        `place` 0 counts from the time the write was sent, 1 from the time its commit was known.
        Raises ValueError if the last step was never received.
        """
        late, place_seen = [], 0
        for step, times in enumerate(self.written, 1):
            while place_seen < len(self.seen) and self.seen[place_seen][1] < step:
                place_seen += 1
            if place_seen == len(self.seen):
                raise ValueError(f"step {step} of {len(self.written)} was never received")
            late.append((self.seen[place_seen][0] - times[place]) * 1e3)
        return late

    def _inside(self) -> list[float]:
        begin, end = self.written[0][0], self.written[-1][1]
        return [at for at, _ in self.seen if begin <= at <= end]


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Writes the progress of jobs while streams in another process watch them."""
    jobs, watchers = bench.sized(50, 5), bench.sized(20, 4)
    steps = RATE * bench.sized(30, 5)
    with (
        gateway_under_test(bench) as gateway,
        SyncClient(gateway.address, token=gateway.token) as client,
        line_child("benchmarks.children.progress_writer") as writer,
        line_child("benchmarks.children.stream_watcher") as watching,
    ):
        ids = [
            client.generate_portrait(gateway.character_id, style="storybook").job_id
            for _ in range(jobs)
        ]
        plan = {"database_url": gateway.database_url, "jobs": jobs, "rate": RATE, "steps": steps}
        writer.write(json.dumps(plan))
        writer.read()
        watching.write(
            json.dumps(
                {
                    "address": gateway.address,
                    "token": gateway.token,
                    "job_ids": ids,
                    "watchers": watchers,
                }
            )
        )
        watching.read()
        writer.write("go")
        written = writer.read()
        time.sleep(_LAST_S)
        memory = gateway.process.resident_mib()
        watching.write("stop")
        streams = Stream.all(watching.read(), written)
    note = f"{len(streams)} streams, {jobs} jobs, {RATE} writes/s each"
    rates = [stream.per_second() for stream in streams]
    yield Figure.median("snapshots of a stream", rates, "/s", note=note)
    yield Figure.percentile("snapshots of the slowest stream", rates, "/s", 0.0, LEAST)
    gaps = [stream.longest_gap() for stream in streams]
    yield Figure.percentile("longest gap of any stream", gaps, "s", 1.0, GAP)
    late = [ms for stream in streams for ms in stream.lateness(1)]
    yield Figure.median(
        "commit to receipt, p50", late, "ms", note="the write's step or a later one"
    )
    yield Figure.percentile("commit to receipt, p99", late, "ms", 0.99, LATE)
    sent = [ms for stream in streams for ms in stream.lateness(0)]
    yield Figure.percentile("from before the write to receipt, p99", sent, "ms", 0.99)
    yield Figure.median("gateway's resident memory", [memory], "MiB", MEMORY)
