"""A storage that refuses connections, is slow, and breaks connections in mid-write."""

import asyncio
import hashlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.faults.builds import Build
from tests.faults.callers import RecordingCaller
from tests.faults.environment import FaultEnvironment, NeverHappened, fault_environment, until
from tests.faults.report import Report, reported
from tests.faults.rules import Problem, Rule
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy_to
from tests.integration.swift import ACCESS_KEY, Swift, running_swift

BUCKET = "faults"
"""The bucket of the pictures."""

_SLOW_S = 0.1
_MIDDLE = 10_000
"""Bytes after which a connection breaks; every picture has more."""


async def broken_storage(server: str, build: Build, quick: bool) -> Report:
    """Refuses connections, slows each piece of data, and breaks connections in mid-write."""
    refused_s = 3.0 if quick else 15.0
    problems: list[Problem] = []
    with (
        TemporaryDirectory(prefix="imggen-faults-", ignore_cleanup_errors=True) as folder,
        running_swift(Path(folder)) as swift,
    ):
        swift_port = int(swift.endpoint_url.rpartition(":")[2])
        async with (
            tcp_proxy_to(swift_port) as (proxy, port),
            fault_environment(server, build) as environment,
        ):
            s3 = client_of(swift)
            await asyncio.to_thread(s3.create_bucket, Bucket=BUCKET)
            environment.settings |= settings_of(port)
            caller = await environment.caller((await environment.gateway()).port)
            worker = await environment.worker("w")
            await worker.ready.wait()
            try:
                await _refuse(environment, caller, proxy, refused_s)
                restored = time.monotonic()
                recovered = await environment.all_jobs_end() - restored
                await _slow_down(environment, caller, proxy)
                await _break(environment, caller, proxy)
            except NeverHappened as never:
                recovered = None
                problems.append(Problem(Rule.AWAITED, str(never)))
            problems += await _damaged(environment, s3)
    report = reported(
        "storage refusing, slow, cut in mid-write",
        f"refused {refused_s:g} s, slow, {proxy.broken} connections broken",
        environment.history,
        recovered,
        problems,
    )
    problems += report.drawn_again()
    problems += [
        Problem(Rule.OUTCOME, f"a job {row.status}")
        for row in environment.history.rows
        if row.status != "completed"
    ]
    return report


async def _refuse(
    environment: FaultEnvironment, caller: RecordingCaller, proxy: TcpProxy, length_s: float
) -> None:
    proxy.refusing = True
    proxy.cut()
    await caller.submit()

    async def refused() -> bool:
        return proxy.broken > 0

    await until(refused, "a connection is refused", environment.patience_s)
    await asyncio.sleep(length_s)
    proxy.refusing = False


async def _slow_down(
    environment: FaultEnvironment, caller: RecordingCaller, proxy: TcpProxy
) -> None:
    proxy.pause_s = _SLOW_S
    await caller.submit()
    await environment.all_jobs_end()
    proxy.pause_s = 0.0


async def _break(environment: FaultEnvironment, caller: RecordingCaller, proxy: TcpProxy) -> None:
    proxy.breaks_after = _MIDDLE
    await caller.submit()
    await environment.all_jobs_end()
    if proxy.breaks_after is not None:
        raise NeverHappened("no connection was broken in mid-write")


async def _damaged(environment: FaultEnvironment, s3: Any) -> list[Problem]:
    """Returns the assets whose stored bytes do not match their checksum."""
    assets = await environment.query("SELECT storage_key, sha256 FROM assets")
    problems = [] if assets else [Problem(Rule.AWAITED, "nothing was stored")]
    for key, digest in assets:
        found = await asyncio.to_thread(s3.get_object, Bucket=BUCKET, Key=f"pixels/{key}")
        data = await asyncio.to_thread(found["Body"].read)
        if hashlib.sha256(data).hexdigest() != digest:
            problems.append(Problem(Rule.DAMAGE, f"{key} is damaged"))
    return problems


def client_of(swift: Swift) -> Any:
    """Returns a client of the server itself."""
    return swift.session.client("s3", endpoint_url=swift.endpoint_url)


def settings_of(port: int) -> dict[str, str]:
    """Returns the settings of processes that store by a proxy at this port."""
    return {
        "IMGGEN_STORAGE_URL": f"s3://{BUCKET}/pixels",
        "IMGGEN_STORAGE_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "IMGGEN_URL_SECRET": "",
        "IMGGEN_PUBLIC_URL": "",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
