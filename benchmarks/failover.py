"""Failover: the time from the end of a failed call to the begin of the call that draws instead."""

import json
import time
from bisect import bisect
from collections.abc import Iterator

from benchmarks.environment import BenchEnvironment, gateway_under_test
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from imggen import SyncClient
from tests.wire.records import Journal, Outcome, Recorded
from tests.wire.server import WireServer

BEGINS = Target(1_000.0)
_FIRST, _NEXT = "gpt-image-2.5-flare", "gpt-image-2.5-sunburst"


class TimedJournal(Journal):
    """A journal that notes when each picture was asked for, and when each call failed."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[float] = []
        self.failed: list[float] = []

    def add(self, entry: Recorded) -> None:
        """Appends a request."""
        self.begun.append(time.perf_counter())
        super().add(entry)

    def end(self, request_id: str, outcome: Outcome, status: int | None) -> None:
        """Notes how a request ended."""
        if status is not None and status >= 500:
            self.failed.append(time.perf_counter())
        super().end(request_id, outcome, status)

    def failovers(self) -> list[float]:
        """Returns the milliseconds from each failed call to the next request.

        Not every request follows a failed one: jobs go straight to the second offer while the
        first is paused.
        """
        return [
            (self.begun[following] - failed) * 1_000
            for failed in self.failed
            if (following := bisect(self.begun, failed)) < len(self.begun)
        ]


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Draws portraits, one after the other, whose first offer answers 500 to each.

    The gateway and the worker are processes of their own; the stand-in for OpenAI's API is here.
    """
    wire = WireServer()
    wire.journal = journal = TimedJournal()
    wire.script.always("server_error", model=_FIRST)
    models = {"IMGGEN_MODELS": f"{_FIRST},{_NEXT}"}
    with wire, gateway_under_test(bench, **models) as gateway:
        worker = {
            **models,
            **bench.storage,
            "IMGGEN_DATABASE_URL": gateway.database_url,
            "IMGGEN_SLOTS": json.dumps({"hosted": 8}),
            "IMGGEN_OPENAI_API_KEY": wire.api_key,
            "IMGGEN_OPENAI_BASE_URL": wire.base_url,
        }
        with (
            child("benchmarks.children.hosted_worker", environment=worker),
            SyncClient(gateway.address, token=gateway.token) as client,
        ):
            for _ in range(bench.sized(21, 3)):
                job = client.generate_portrait(gateway.character_id, style="storybook")
                client.wait(job)
    took = journal.failovers()[1:]  # the first one warms
    note = "of one job: attempt ended, money booked, queued, claimed, routed, held"
    yield Figure.median("failed call's end to the next one's begin, p50", took, "ms", BEGINS, note)
    yield Figure.percentile("failed call's end to the next one's begin, max", took, "ms", 1, BEGINS)
