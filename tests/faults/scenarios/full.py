"""A storage that stays full for longer than a lease, while a picture that waits is cancelled."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from aiohttp import web
from yarl import URL

from imggen import Job
from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import (
    LEASE_S,
    FaultEnvironment,
    NeverHappened,
    fault_environment,
    until,
)
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.scenarios.storage import BUCKET, client_of, settings_of
from tests.integration.strict_s3 import Refusal, StrictS3, strict_s3
from tests.integration.swift import running_swift

_NOBODY = str(UUID(int=0))


class Full:
    """A server that has room for one object of each job, and for no trial."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self._taken: dict[str, str] = {}

    def __call__(self, request: web.Request) -> Refusal | None:
        """Refuses a write for which there is no room."""
        if request.method != "PUT":
            return None
        user, job, *_ = request.path.removeprefix(f"/{BUCKET}/pixels/").split("/")
        if user != _NOBODY and self._taken.setdefault(job, request.path) == request.path:
            return None
        self.refused.add(job if user != _NOBODY else _NOBODY)
        return 507, "InsufficientStorage"


async def full_storage(server: str, build: Build, quick: bool) -> Report:
    """Fills the storage in the middle of two pictures, and cancels one of them."""
    full_s = (2 if quick else 6) * LEASE_S
    problems: list[Problem] = []
    cancelled, recovered = "", None
    with (
        TemporaryDirectory(prefix="imggen-faults-", ignore_cleanup_errors=True) as folder,
        running_swift(Path(folder)) as swift,
    ):
        async with (
            strict_s3(swift.endpoint_url) as strict,
            fault_environment(server, build) as environment,
        ):
            s3 = client_of(swift)
            await asyncio.to_thread(s3.create_bucket, Bucket=BUCKET)
            environment.settings |= settings_of(URL(strict.url).port or 0)
            caller = await environment.caller((await environment.gateway()).port)
            for name in ("a", "b"):
                worker = await environment.worker(name, IMGGEN_SLOTS='{"local": 1}')
                await worker.ready.wait()
            try:
                cancelled = (await _fill(environment, caller, strict)).job_id
                await asyncio.sleep(full_s)
                await caller.submit()
                restored = time.monotonic()
                strict.refuses = lambda _: None
                recovered = await environment.all_jobs_end() - restored
            except NeverHappened as never:
                problems.append(Problem(Rule.AWAITED, str(never)))
            problems += await _left(environment, s3)
    report = reported(
        "storage full in mid-picture",
        f"full for {full_s:g} s, {full_s / LEASE_S:g} leases; one picture cancelled",
        environment.history,
        recovered,
        problems,
    )
    problems += report.drawn_again()
    problems += [
        Problem(Rule.OUTCOME, f"a job {row.status}")
        for row in environment.history.rows
        if row.status != ("cancelled" if row.job == cancelled else "completed")
    ]
    return report


async def _fill(environment: FaultEnvironment, caller: RecordingCaller, strict: StrictS3) -> Job:
    """Leaves no room until two pictures wait, and returns the job that is cancelled then."""
    full = strict.refuses = Full()
    jobs = [job for job in [await caller.submit(), await caller.submit()] if job is not None]

    async def wait() -> bool:
        return full.refused >= {job.job_id for job in jobs}

    await until(wait, "two pictures wait", environment.patience_s)
    await caller.client.cancel(jobs[-1])
    return jobs[-1]


async def _left(environment: FaultEnvironment, s3: Any) -> list[Problem]:
    """Returns the stored objects that no picture has, once there have been none for a while."""
    left: set[str] = set()
    seen: set[str] = set()

    async def none() -> bool:
        rows = await environment.query("SELECT storage_key FROM assets")
        listed = await asyncio.to_thread(s3.list_objects_v2, Bucket=BUCKET, Prefix="pixels/")
        keys = {entry["Key"].removeprefix("pixels/") for entry in listed.get("Contents", ())}
        seen.update(keys)
        left.clear()
        left.update(keys - {row["storage_key"] for row in rows})
        return not left

    try:
        await until(none, "nothing is left", 10.0)
    except NeverHappened:
        return [Problem(Rule.LEFT, f"{key} belongs to no picture") for key in sorted(left)]
    return [] if seen else [Problem(Rule.AWAITED, "nothing was stored")]
