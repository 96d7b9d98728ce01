"""`python -m server --processes 2`: two processes that look like one gateway."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imggen.v1 import character_pb2, character_pb2_grpc, style_pb2, style_pb2_grpc
from server.identity.tokens import mint_token
from server.settings import DEVELOPMENT_SECRET
from tests.exported import value
from tests.gateway_environment import ROOT, environment_of

CALLS, LISTED = "imggen_grpc_calls_total", "/imggen.v1.StyleService/ListStyles"
OWN = [("grpc.use_local_subchannel_pool", 1)]
"""Without it, channels of one process share a connection."""


@dataclass(frozen=True)
class Running:
    """A supervisor's process, its log so far, and where it listens."""

    process: Process
    log: Path
    grpc: str
    media: str
    metrics: str

    async def page(self) -> str:
        return (await self.get("/metrics"))[1]

    async def get(self, path: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://{self.metrics}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def list_styles(self, times: int) -> None:
        """Calls on a connection of its own each time."""
        for _ in range(times):
            async with grpc.aio.insecure_channel(self.grpc, OWN) as channel:
                await style_pb2_grpc.StyleServiceStub(channel).ListStyles(
                    style_pb2.ListStylesRequest(), metadata=bearer(), timeout=20
                )

    def events(self) -> list[dict[str, object]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


async def test_two_processes_are_one_gateway(database: str, tmp_path: Path) -> None:
    async with supervisor(database, tmp_path) as running:
        await running.list_styles(24)
        page = await running.page()
        by_process = [value(page, "imggen_process_calls_total", process=n) or 0 for n in "01"]
        assert sum(by_process) == 24
        assert all(by_process), by_process
        assert value(page, CALLS, method=LISTED) == 24
        assert value(page, "imggen_processes") == 2
        assert value(page, "imggen_serving") == 1
        # What one process is enough for, and what all read alike, is told once.
        assert value(page, "imggen_fleet_known") == 1
        assert value(page, "imggen_waiting_jobs", lane="local") == 0
        assert (value(page, "imggen_database_connections", state="idle") or 0) >= 2
        assert [(await running.get(path))[0] for path in ("/readyz", "/livez")] == [200, 200]
        async with grpc.aio.insecure_channel(running.grpc) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

        await _others_are_refused(running, database, tmp_path)
        await _a_killed_process_is_replaced(running)
        await _a_call_under_way_is_answered(running, database)


async def _others_are_refused(running: Running, database: str, folder: Path) -> None:
    for arguments in ((), ("--processes", "2")):
        for name, address in (("LISTEN", running.grpc), ("HTTP_PORT", running.media)):
            taken = address if name == "LISTEN" else address.rpartition(":")[2]
            environment = {**environment_of(database, folder), f"IMGGEN_{name}": taken}
            status, errors = await run(environment, *arguments)
            assert status == 1
            assert f"IMGGEN_{name}: cannot listen on {address} (Address already in use)" in errors


async def _a_killed_process_is_replaced(running: Running) -> None:
    before = value(await running.page(), CALLS, method=LISTED) or 0
    old = children(running.process.pid)
    os.kill(old[0], signal.SIGKILL)
    await until(lambda: value_is(running, "imggen_processes", 1))
    assert (await running.get("/readyz"))[0] == 200  # the other one serves
    await running.list_styles(5)
    await until(lambda: value_is(running, "imggen_processes", 2))
    await _a_silent_process_is_told(running)
    page = await running.page()
    assert value(page, "imggen_process_restarts_total") == 1
    assert (value(page, CALLS, method=LISTED) or 0) == before + 5  # no counter falls by a restart
    assert len(set(children(running.process.pid)) & set(old)) == 1
    [line] = [line for line in running.events() if line["event"] == "process ended"]
    assert (line["status"], line["level"]) == (-signal.SIGKILL, "error")


async def _a_silent_process_is_told(running: Running) -> None:
    silent = children(running.process.pid)[1]
    before = value(await running.page(), CALLS, method=LISTED)
    os.kill(silent, signal.SIGSTOP)
    page, ready, alive = await asyncio.gather(
        running.page(), running.get("/readyz"), running.get("/livez")
    )
    os.kill(silent, signal.SIGCONT)
    assert (ready[0], alive[0]) == (503, 503)
    assert value(page, "imggen_serving") == 0
    assert value(page, CALLS, method=LISTED) == before
    await until(lambda: value_is(running, "imggen_serving", 1))


async def _a_call_under_way_is_answered(running: Running, database: str) -> None:
    """Drains as an init system does that sends SIGTERM to every process of a service."""
    processes = [running.process.pid, *children(running.process.pid)]
    blocker = await asyncpg.connect(database)
    async with grpc.aio.insecure_channel(running.grpc) as channel:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE characters")
            request = character_pb2.CreateCharacterRequest(
                character=character_pb2.Character(name="Mia")
            )
            stub = character_pb2_grpc.CharacterServiceStub(channel)
            call = stub.CreateCharacter(request, metadata=bearer(), timeout=60)
            await until(lambda: is_waiting(blocker))
            for pid in processes:
                os.kill(pid, signal.SIGTERM)
            await until(lambda: said(running, "draining", 2))
        made = await call
    await blocker.close()
    assert made.character.name == "Mia"
    assert await asyncio.wait_for(running.process.wait(), 30) == 0
    assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]
    assert running.events()[-1]["event"] == "stopped"
    assert "process_number" not in running.events()[-1]


async def test_a_killed_supervisor_leaves_no_process(database: str, tmp_path: Path) -> None:
    async with supervisor(database, tmp_path) as running:
        left = children(running.process.pid)
        assert len(left) == 2
        running.process.kill()
        await until(lambda: gone(left))
        drained = [line for line in running.events() if line["event"] == "stopped"]
        assert sorted(str(line["process_number"]) for line in drained) == ["0", "1"]


async def test_what_becomes_wrong_ends_the_last_process_and_not_the_first(
    database: str, tmp_path: Path
) -> None:
    async with supervisor(database, tmp_path) as running:
        first, second = children(running.process.pid)
        (tmp_path / "pixels").rename(tmp_path / "elsewhere")
        (tmp_path / "pixels").touch()
        os.kill(second, signal.SIGKILL)
        await until(lambda: refused(running))
        assert (await running.get("/readyz"))[0] == 200
        os.kill(first, signal.SIGKILL)
        assert await asyncio.wait_for(running.process.wait(), 60) == 2


async def test_a_second_signal_ends_all_at_once(database: str, tmp_path: Path) -> None:
    async with supervisor(database, tmp_path, IMGGEN_DRAIN_DELAY_S="3600") as running:
        left = children(running.process.pid)
        os.killpg(running.process.pid, signal.SIGINT)  # as Ctrl-C does
        await until(lambda: said(running, "draining", 2))
        os.killpg(running.process.pid, signal.SIGINT)
        assert await asyncio.wait_for(running.process.wait(), 30) == 130
        await until(lambda: gone(left))


async def test_a_start_that_waits_is_ended_by_a_signal(tmp_path: Path) -> None:
    environment = environment_of("postgresql://127.0.0.1:1/imggen", tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "--processes", "2"),
        env={**environment, "IMGGEN_START_WAIT_S": "3600"},
        cwd=ROOT,
        stderr=PIPE,
    )
    assert process.stderr is not None
    line = json.loads(await asyncio.wait_for(process.stderr.readline(), 60))
    left = children(process.pid)
    process.terminate()
    await asyncio.wait_for(process.communicate(), 60)
    assert (line["event"], line["process_number"]) == ("waiting for the database", 0)
    assert process.returncode == 0
    assert len(left) == 1
    assert await gone(left)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"IMGGEN_DRAIN_S": "-1"}, ("--processes", "2"), "IMGGEN_DRAIN_S: must be 0 or more"),
        ({"IMGGEN_PROCESSES": "0"}, (), "IMGGEN_PROCESSES: must be 1 or more, is 0"),
        # What only the processes themselves find out.
        ({"IMGGEN_DATABASE_URL": "nowhere"}, ("--processes", "3"), 'database "nowhere" does not'),
    ],
)
async def test_a_wrong_setting_is_said_once(
    postgres: str, tmp_path: Path, change: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    if "IMGGEN_DATABASE_URL" in change:
        change = {"IMGGEN_DATABASE_URL": postgres.replace("/postgres?", "/nowhere?")}
    environment = {**environment_of(postgres, tmp_path), **change}
    status, errors = await run(environment, *arguments)
    lines = [line for line in errors.splitlines() if line.startswith("error:")]
    assert (status, len(lines)) == (2, 1), errors
    assert message in lines[0]


def bearer() -> tuple[tuple[str, str], ...]:
    token = mint_token(DEVELOPMENT_SECRET, issuer="imggen-dev", audience="imggen", subject="mia")
    return (("authorization", f"Bearer {token}"),)


def children(pid: int) -> list[int]:
    """Returns the processes that a process has started, the oldest first."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return sorted(found)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():
            await asyncio.sleep(0.05)


async def value_is(running: Running, name: str, wanted: float) -> bool:
    return value(await running.page(), name) == wanted


async def said(running: Running, event: str, times: int) -> bool:
    return sum(line["event"] == event for line in running.events()) >= times


async def refused(running: Running) -> bool:
    """Returns whether a process has ended since only a changed setting helps."""
    return any(line.get("status") == 2 for line in running.events())


async def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def is_waiting(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Returns whether a statement of another waits for a lock on characters."""
    return bool(
        await connection.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'characters'::regclass"
        )
    )


async def run(environment: dict[str, str], *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *arguments, env=environment, cwd=ROOT, stderr=PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, errors.decode()


@asynccontextmanager
async def supervisor(database: str, folder: Path, **changes: str) -> AsyncIterator[Running]:
    ready, log = folder / "ready.json", folder / "log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "--processes", "2", "--ready-file", str(ready)),
            env={**environment_of(database, folder), **changes},
            cwd=ROOT,
            stderr=out,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(60):
            while not ready.exists():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield Running(process, log, **json.loads(ready.read_text()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
