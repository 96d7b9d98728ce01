"""`python -m server` as operators run it: its addresses, its signals and its errors."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import aiohttp
import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster.embedded.guardian import guarded_folder
from imggen import Client, Event
from imggen.v1 import job_pb2, job_pb2_grpc, style_pb2, style_pb2_grpc
from server.app import open_gateway
from server.identity.tokens import mint_token
from server.settings import DEVELOPMENT_SECRET, GatewaySettings
from server.storage import StorageSettings
from server.store.migrate import migrate
from tests.endpoint import failure
from tests.gateway_environment import ROOT, environment_of
from tests.integration.conftest import administer, database_url

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

OWN_SECRET = "a-secret-of-our-own-with-enough-bytes"


@dataclass(frozen=True)
class RunningGateway:
    """A gateway's process and its addresses."""

    process: Process
    grpc: str
    media: str
    metrics: str


async def test_the_process_serves_and_drains_on_sigterm(database: str, tmp_path: Path) -> None:
    async with _process(database, tmp_path) as running:
        async with grpc.aio.insecure_channel(running.grpc) as channel:
            styles = await style_pb2_grpc.StyleServiceStub(channel).ListStyles(
                style_pb2.ListStylesRequest(), metadata=_bearer()
            )
            unknown = job_pb2_grpc.JobServiceStub(channel).GetJob(
                job_pb2.GetJobRequest(job_id=str(uuid4())), metadata=_bearer()
            )
            failed = await failure(unknown)
            health = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service="imggen.v1.GenerationService")
            )
        async with aiohttp.ClientSession() as http:
            forged = await http.get(f"http://{running.media}/media/x.png?expires=1&signature=2")
            ready = await http.get(f"http://{running.metrics}/readyz")
            alive = await http.get(f"http://{running.metrics}/livez")
            page = await (await http.get(f"http://{running.metrics}/metrics")).text()
        running.process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(running.process.communicate(), 20)

    assert "watercolor" in {style.id for style in styles.styles}
    assert failed.reason == "JOB_NOT_FOUND"
    assert health.status == SERVING
    assert (forged.status, ready.status, alive.status) == (403, 200, 200)
    assert 'imggen_database_connections{state="idle"}' in page
    assert "imggen_serving 1.0" in page
    assert running.process.returncode == 0
    events = [json.loads(line)["event"] for line in log.decode().splitlines()]
    lifecycle = [event for event in events if event in {"listening", "draining", "stopped"}]
    assert lifecycle == ["listening", "draining", "stopped"]


async def test_a_client_follows_events_from_one_gateway_to_the_next(
    database: str, tmp_path: Path
) -> None:
    settings = _settings(database)
    followed: list[tuple[str, int]] = []
    made: list[str] = []
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        first = await stack.enter_async_context(AsyncExitStack())
        running = await first.enter_async_context(open_gateway(settings, _storage(tmp_path)))
        address = running.addresses.grpc
        client = await stack.enter_async_context(Client(address, token=_token()))
        mia = await client.create_character(name="Mia")

        async def cancel_one() -> None:
            job = await client.generate_portrait(mia, style="anime")
            await client.cancel(job)
            made.append(job.job_id)

        events = await stack.enter_async_context(aclosing(client.events("oldest", kinds=["job"])))
        await cancel_one()
        followed += [_summary(await anext(events)) for _ in range(2)]
        await first.aclose()
        again = settings.model_copy(update={"listen": address})
        await stack.enter_async_context(open_gateway(again, _storage(tmp_path)))
        await cancel_one()
        followed += [_summary(await anext(events)) for _ in range(2)]

    assert followed == [
        (job_id, status)
        for job_id in made
        for status in (job_pb2.JOB_STATUS_QUEUED, job_pb2.JOB_STATUS_CANCELLED)
    ]


async def test_a_database_without_migrations_is_refused(postgres: str, tmp_path: Path) -> None:
    name = f"empty_{uuid4().hex}"
    await administer(postgres, f"CREATE DATABASE {name}")
    environment = environment_of(database_url(postgres, name), tmp_path)

    refused = await _run(environment)
    first = await _run(environment, "migrate")
    second = await _run(environment, "migrate")
    await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")

    assert refused[0] == 1
    assert "run `python -m server migrate` first" in refused[2]
    assert (first[0], second[0]) == (0, 0)
    assert first[1].splitlines()
    assert second[1] == ""


async def test_a_process_can_wait_until_another_one_has_migrated(
    postgres: str, tmp_path: Path
) -> None:
    name = f"empty_{uuid4().hex}"
    environment = environment_of(database_url(postgres, name), tmp_path)
    await administer(postgres, f"CREATE DATABASE {name}")
    waiting = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "migrate", "--wait",
        env=environment, cwd=ROOT, stderr=PIPE,
    )  # fmt: skip
    assert waiting.stderr is not None
    said = (await asyncio.wait_for(waiting.stderr.readline(), 30)).decode()
    still = waiting.returncode
    migrated = await _run(environment, "migrate")
    await asyncio.wait_for(waiting.wait(), 30)
    again = await _run(environment, "migrate", "--wait")
    await administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")

    assert said.startswith("waiting: the database lacks 0001_")
    assert (still, migrated[0], waiting.returncode) == (None, 0, 0)
    assert again == (0, "", "")


async def test_a_process_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    environment = environment_of("postgresql://127.0.0.1:1/imggen", tmp_path)
    waiting = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "migrate", "--wait",
        env=environment, cwd=ROOT, stderr=PIPE,
    )  # fmt: skip
    assert waiting.stderr is not None
    said = await asyncio.wait_for(waiting.stderr.readline(), 30)
    still = waiting.returncode
    waiting.kill()
    await waiting.wait()

    assert b'waiting: cannot reach the database "imggen" at 127.0.0.1:1 (Connection' in said
    assert still is None


async def test_a_database_that_is_away_is_refused(tmp_path: Path) -> None:
    environment = environment_of("postgresql://127.0.0.1:1/imggen", tmp_path)
    status, _, errors = await _run({**environment, "IMGGEN_START_WAIT_S": "2"})

    assert status == 1
    first, last = errors.splitlines()
    assert json.loads(first)["event"] == "waiting for the database"
    assert 'cannot reach the database "imggen" at 127.0.0.1:1 (Connection refused)' in last


@pytest.mark.parametrize("command", [(), ("migrate",)])
async def test_a_database_that_does_not_exist_is_refused(
    postgres: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    environment = environment_of(database_url(postgres, "nowhere"), tmp_path)
    status, _, errors = await _run(environment, *command)

    assert status == 2
    assert '(database "nowhere" does not exist); correct IMGGEN_DATABASE_URL' in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"IMGGEN_LISTEN": "0.0.0.0:0"}, "anyone can sign tokens with the development secret"),
        (
            {"IMGGEN_LISTEN": "0.0.0.0:0", "IMGGEN_JWT_SECRET": OWN_SECRET},
            "0.0.0.0:0 is not a loopback address, and with IMGGEN_IMAGE_SAFETY=none nothing",
        ),
        ({"IMGGEN_STORAGE_URL": "ftp://x"}, "is not a storage"),
        ({"IMGGEN_DRAIN_S": "soon"}, "IMGGEN_DRAIN_S"),
        ({"IMGGEN_TLS_CERT_FILE": "/nowhere", "IMGGEN_TLS_KEY_FILE": "/nowhere"}, "/nowhere"),
    ],
)
async def test_settings_that_do_not_fit_end_the_process_with_a_message(
    database: str, tmp_path: Path, change: Mapping[str, str], message: str
) -> None:
    status, _, errors = await _run({**environment_of(database, tmp_path), **change})

    assert status in {1, 2}
    assert message in errors
    assert "Traceback" not in errors


async def test_unchecked_pictures_are_served_elsewhere_on_purpose_and_with_a_warning(
    database: str, tmp_path: Path
) -> None:
    changes = {
        # On purpose: this test is about the setting.
        "IMGGEN_SERVE_UNCHECKED_PICTURES": "anywhere",
        "IMGGEN_LISTEN": "0.0.0.0:0",
        "IMGGEN_JWT_SECRET": OWN_SECRET,
    }
    async with _process(database, tmp_path, **changes) as running:
        running.process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(running.process.communicate(), 20)
    lines = [json.loads(line) for line in log.decode().splitlines()]
    [warning] = [line for line in lines if line["event"] == "pictures not checked"]
    assert (warning["level"], warning["listen"]) == ("warning", "0.0.0.0:0")


async def test_a_port_that_is_taken_is_refused(database: str, tmp_path: Path) -> None:
    async with _process(database, tmp_path) as running:
        environment = {**environment_of(database, tmp_path), "IMGGEN_LISTEN": running.grpc}
        status, _, errors = await _run(environment)

    assert status == 1
    assert running.grpc in errors


async def test_health_follows_the_database(tmp_path: Path) -> None:
    with guarded_folder("imggen-postgres-") as folder:
        async with _postgres(folder) as database:
            await migrate(database)
        async with AsyncExitStack() as stack, asyncio.timeout(60):
            postgres = await stack.enter_async_context(AsyncExitStack())
            await postgres.enter_async_context(_postgres(folder))
            running = open_gateway(_settings(database), _storage(tmp_path))
            gateway = await stack.enter_async_context(running)
            channel = grpc.aio.insecure_channel(gateway.addresses.grpc)
            await stack.enter_async_context(channel)
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            states = [(await watch.read()).status]
            await postgres.aclose()
            states.append((await watch.read()).status)
            async with aiohttp.ClientSession() as http:
                ready = await http.get(f"http://{gateway.addresses.metrics}/readyz")
            get = job_pb2.GetJobRequest(job_id=str(uuid4()))
            jobs = job_pb2_grpc.JobServiceStub(channel)
            failed = await failure(jobs.GetJob(get, metadata=_bearer()))
            await postgres.enter_async_context(_postgres(folder))
            states.append((await watch.read()).status)
            watch.cancel()

    assert states == [SERVING, NOT_SERVING, SERVING]
    assert ready.status == 503
    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")


@asynccontextmanager
async def _postgres(folder: Path) -> AsyncIterator[str]:
    """Runs Postgres from a separate process: a fork beside gRPC's threads may crash."""
    code = (
        "import pathlib, sys; from cluster.embedded.postgres import embedded_postgres\n"
        "with embedded_postgres(pathlib.Path(sys.argv[1])) as url:\n"
        "    print(url, flush=True); sys.stdin.read()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, f"{folder}/data", cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        # The end of its standard input ends Postgres.
        await process.communicate(b"")


def _token() -> str:
    return mint_token(DEVELOPMENT_SECRET, issuer="imggen-dev", audience="imggen", subject="mia")


def _bearer() -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {_token()}"),)


def _summary(event: Event) -> tuple[str, int]:
    return event.job.job_id, event.job.status


def _settings(database: str) -> GatewaySettings:
    return GatewaySettings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "http_port": 0,
            "metrics_port": 0,
            "database_url": database,
            "health_interval_s": 0.05,
            "drain_s": 0.1,
        }
    )


def _storage(folder: Path) -> StorageSettings:
    return StorageSettings.model_validate(
        {
            "storage_url": f"file://{folder}/pixels",
            "url_secret": "a-secret-of-the-tests-with-enough-bytes",
            "public_url": "http://127.0.0.1:1",
        }
    )


async def _run(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *arguments,
        env=environment, cwd=ROOT, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def _process(database: str, folder: Path, **changes: str) -> AsyncIterator[RunningGateway]:
    ready = folder / "ready.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--ready-file", str(ready),
        env={**environment_of(database, folder), **changes}, cwd=ROOT, stderr=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not ready.exists():
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.02)
        yield RunningGateway(process, **json.loads(ready.read_text()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
