"""Whole stories: the error of their estimate, and one user's wait beside a busy one."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.environment import (
    BenchEnvironment,
    GatewayUnderTest,
    gateway_under_test,
    new_character,
)
from benchmarks.processes import child
from benchmarks.report import Figure, Target
from imggen import JobStatus, Page, SyncClient
from server.identity.tokens import mint_token
from server.settings import GatewaySettings

OFF = Target(30.0)
TIMES_IDLE = Target(2.0)
_IMAGE_S = 0.5
_SLOTS = 4
_PAGES = 10
_NOISE = 100


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Draws stories, and single images beside many of another user, at a set speed."""
    with (
        gateway_under_test(bench) as gateway,
        child(
            "benchmarks.children.timed_worker",
            ["--seconds", str(_IMAGE_S), "--slots", str(_SLOTS)],
            {"IMGGEN_DATABASE_URL": gateway.database_url},
        ),
        SyncClient(gateway.address, token=gateway.token) as client,
    ):
        _story(client)  # its measured times are the basis of the estimates
        stories = [_story(client) for _ in range(bench.sized(5, 1))]
        waits = _waits(bench, gateway)
    took = [actual for _, actual in stories]
    off = [abs(estimate - actual) / actual * 100 for estimate, actual in stories]
    note = f"{_IMAGE_S:g} s an image, {_SLOTS} at once"
    yield Figure.median(f"story of 2 portraits and {_PAGES} pages", took, "s", note=note)
    yield Figure.median("its estimate when it is admitted, off by", off, "%", OFF)
    idle, beside = waits
    yield Figure.median("one image on an idle system", idle, "s")
    base = statistics.median(idle)
    times = [wait / base for wait in beside]
    name = f"the same beside {_NOISE} of another user"
    yield Figure.median(name, times, "x idle", TIMES_IDLE)


def _story(client: SyncClient) -> tuple[float, float]:
    """Draws a new story; returns its estimated and its actual time, in seconds."""
    cast = [new_character(client) for _ in range(2)]
    pages = [Page(text=f"Page {number}.", character_ids=cast) for number in range(_PAGES)]
    story = client.create_story(title="A day", style="storybook", pages=pages)
    began = time.perf_counter()
    batch = client.generate_story(story)
    ends = batch.estimated_completion_time.ToDatetime(UTC)
    estimate = (ends - datetime.now(UTC)).total_seconds()
    client.wait_batch(batch, timeout=300)
    return estimate, time.perf_counter() - began


def _waits(bench: BenchEnvironment, gateway: GatewayUnderTest) -> tuple[list[float], list[float]]:
    """Returns the times of one image on an idle system and beside many of another user."""
    rounds = bench.sized(5, 1)
    with (
        SyncClient(gateway.address, token=_token("noisy")) as noisy,
        SyncClient(gateway.address, token=_token("quiet")) as quiet,
    ):
        theirs, ours = new_character(noisy), new_character(quiet)
        idle = [_one(quiet, ours) for _ in range(rounds)]
        beside = []
        for _ in range(rounds):
            jobs = [noisy.generate_portrait(theirs, style="anime") for _ in range(_NOISE)]
            beside.append(_one(quiet, ours))
            for job in jobs:
                if noisy.get_job(job).status == JobStatus.JOB_STATUS_QUEUED:
                    noisy.cancel(job)
            for job in noisy.list_jobs(statuses=["processing"]):
                for _snapshot in noisy.watch(job):
                    pass
    return idle, beside


def _one(client: SyncClient, character: str) -> float:
    began = time.perf_counter()
    client.wait(client.generate_portrait(character, style="anime"), timeout=300)
    return time.perf_counter() - began


def _token(subject: str) -> str:
    settings = GatewaySettings()
    return mint_token(
        settings.jwt_secret.get_secret_value(),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        subject=subject,
    )
