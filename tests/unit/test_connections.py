"""Connections that say nothing, or too much: on the ports of gRPC, of media and of metrics."""

import asyncio
import logging
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from threading import get_ident

import aiohttp
import grpc.aio
import pytest
from aiohttp import web
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imggen.v1 import job_pb2, job_pb2_grpc
from server.edge.files import Shares, file_limit, raise_file_limit, shares, sockets_of
from server.edge.http import Bounds, FileAnswer, serve_http
from server.edge.places import Places
from tests.endpoint import running_endpoint

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, ACKNOWLEDGED = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), bytes([0, 0, 0, 4, 1, 0, 0, 0, 0])
PING = bytes([0, 0, 8, 6, 0, 0, 0, 0, 0]) + b"12345678"
GOAWAY, PONG = 7, 6
_LARGE = bytes(16 << 20)
SILENT = (b"", b"PRI * HTTP/2.0\r\n")


@pytest.mark.parametrize("said", SILENT)
async def test_connections_that_do_not_speak_http2_do_not_hold_a_drain(said: bytes) -> None:
    async with running_endpoint(drain_s=300) as gateway:
        port = gateway.endpoint.port
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in silent:
            writer.write(said)
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        watch = stub.WatchJob(job_pb2.WatchJobRequest(), metadata=gateway.bearer())
        await watch.read()
        async with asyncio.timeout(60):  # of the 300 that calls are given
            await gateway.endpoint.drain()
        # Otherwise gRPC would wait for them at the end of the process.
        for reader, writer in silent:
            await asyncio.wait_for(reader.read(), 5)  # to its end
            writer.close()


async def test_pings_are_allowed_as_often_as_the_setting_says() -> None:
    assert await _answers_to_pings(keepalive_min_s=0.01) == {PONG}
    assert GOAWAY in await _answers_to_pings(keepalive_min_s=60)


async def _answers_to_pings(keepalive_min_s: float) -> set[int]:
    """Returns the kinds of frames with which a gateway answers eight pings."""
    kinds = set()
    async with running_endpoint(keepalive_min_s=keepalive_min_s) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.endpoint.port)
        writer.write(PREFACE + SETTINGS + ACKNOWLEDGED)
        for _ in range(8):
            writer.write(PING)
            while (kind := await _kind_of_next(reader)) not in (PONG, GOAWAY):
                pass
            kinds.add(kind)
            if kind == GOAWAY:
                break
            await asyncio.sleep(0.05)
        writer.close()
    return kinds


async def _kind_of_next(reader: asyncio.StreamReader) -> int:
    head = await asyncio.wait_for(reader.readexactly(9), 10)
    await reader.readexactly(int.from_bytes(head[:3], "big"))
    return head[3]


async def test_unfinished_requests_make_room_for_whole_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    closed: list[None] = []
    async with _serving(Bounds("media", most=5, closed=lambda: closed.append(None))) as port:
        with caplog.at_level(logging.WARNING):
            halves = [await _half(port) for _ in range(40)]
            assert await _text(port) == "yes"
        still = [await _is_open(reader) for reader, _ in halves]
    assert sum(still) <= 5
    assert len(closed) >= 35
    assert [record.message for record in caplog.records] == ["too many connections"]
    for _, writer in halves:
        writer.close()


async def test_a_request_in_progress_is_not_closed_for_another() -> None:
    go_on, inside = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(_: web.Request) -> web.Response:
        inside.release()
        await go_on.wait()
        return web.Response(text="slow")

    async with _serving(Bounds(most=2), slow) as port, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}/slow"
        waiting = [asyncio.create_task(_of(http, url)) for _ in range(2)]
        for _ in waiting:
            await inside.acquire()
        with pytest.raises(aiohttp.ClientError):
            await _text(port)
        go_on.set()
        assert [await each for each in waiting] == ["slow", "slow"]
        assert await _text(port) == "yes"


async def test_an_answer_that_is_read_slowly_is_in_progress(tmp_path: Path) -> None:
    size = 32 * 1024 * 1024
    (tmp_path / "large").write_bytes(bytes(size))

    async def large(_: web.Request) -> FileAnswer:
        return FileAnswer(tmp_path / "large")

    async with _serving(Bounds(most=2), large) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        halves = [await _half(port) for _ in range(10)]
        assert await _text(port) == "yes"
        assert len(await reader.read()) == size
        for each in (writer, *(half for _, half in halves)):
            each.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux bounds writes")
@pytest.mark.parametrize("kept_in", ["memory", "a file"])
async def test_a_peer_that_reads_no_answer_loses_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kept_in: str
) -> None:
    (tmp_path / "large").write_bytes(_LARGE)

    async def large(_: web.Request) -> web.StreamResponse:
        if kept_in == "memory":
            return web.Response(body=_LARGE)
        return FileAnswer(tmp_path / "large")

    async with _serving(Bounds(most=2, unread_s=1.0), large) as port:
        deaf = [_asking(port) for _ in range(2)]
        for each in deaf:  # an answer begins, so that both have one in progress
            await asyncio.get_running_loop().sock_recv(each, 1)
        async with asyncio.timeout(60):
            while not await _has_place(port):
                await asyncio.sleep(0.1)
        for each in deaf:
            each.close()
    assert {record.message for record in caplog.records} <= {"too many connections"}


async def test_a_peer_that_reads_slowly_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(_LARGE)

    async def large(_: web.Request) -> FileAnswer:
        return FileAnswer(tmp_path / "large")

    async with _serving(Bounds(most=1, unread_s=1.0), large) as port:
        slow, got = _asking(port), 0
        while (piece := len(await asyncio.get_running_loop().sock_recv(slow, 1 << 17))) and (
            got < len(_LARGE)
        ):
            got += piece
            await asyncio.sleep(0.02)
        slow.close()
    assert got >= len(_LARGE)


async def test_of_endless_answers_the_longest_makes_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "large").write_bytes(_LARGE)

    async def large(_: web.Request) -> FileAnswer:
        return FileAnswer(tmp_path / "large")

    async with _serving(Bounds(most=2, answer_s=0.0), large) as port:
        loop = asyncio.get_running_loop()
        slow = []
        for _ in range(2):
            slow.append(_asking(port))
            await loop.sock_recv(slow[-1], 1)
        assert await _text(port) == "yes"
        assert await _read_to_the_end(slow[0]) < len(_LARGE)
        assert await _read_to_the_end(slow[1]) > len(_LARGE)
        for each in slow:
            each.close()
    assert [record.message for record in caplog.records] == ["too many connections"]


@pytest.mark.parametrize("said", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
async def test_a_connection_has_a_while_to_send_a_request(said: bytes) -> None:
    async with _serving(Bounds(quiet_s=0.2)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)

        async def trickle() -> None:
            while True:
                writer.write(b"a")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle()) if said else None
        # A byte that is on its way when the connection is closed resets it.
        await asyncio.wait_for(_rest(reader), 30)
        if trickling is not None:
            trickling.cancel()
        writer.close()


async def test_without_descriptors_it_logs_once_and_serves_again_when_there_are_some(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with _serving(Bounds("media", most=1000)) as port:
        with _few_files(free=6):
            halves = [await _half(port) for _ in range(3)]
            await asyncio.sleep(0.5)
        assert await _text(port) == "yes"
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 1
    for _, writer in halves:
        writer.close()


async def test_connections_of_grpc_are_bounded_by_the_files_that_there_are() -> None:
    with _few_files(free=80):
        most = shares(file_limit(), 10).grpc
        async with running_endpoint() as gateway:
            many = [
                await asyncio.open_connection("127.0.0.1", gateway.endpoint.port) for _ in range(3)
            ]
            assert most < file_limit() / 2
            assert (await (await gateway.list_styles()).code()).name == "OK"
            for _, writer in many:
                writer.close()


@pytest.mark.parametrize("said", [*SILENT, b"\x16\x03\x01\x02\x00\x01", PREFACE + SETTINGS])
async def test_connections_that_make_no_call_make_room_for_callers(said: bytes) -> None:
    async with AsyncExitStack() as stack:
        with _few_files(free=120):
            most = shares(file_limit(), 10).grpc
            gateway = await stack.enter_async_context(running_endpoint())
        stub = job_pb2_grpc.JobServiceStub(gateway.channel())
        watch = stub.WatchJob(job_pb2.WatchJobRequest(), metadata=gateway.bearer())
        await watch.read()
        silent = [
            await asyncio.open_connection("127.0.0.1", gateway.endpoint.port)
            for _ in range(2 * most)
        ]
        for _, writer in silent:
            writer.write(said)
        async with asyncio.timeout(60):
            # Those that speak HTTP/2 would keep their places for good.
            while not await _is_answered(gateway.endpoint.port):
                await asyncio.sleep(0.1)
        assert not watch.done()
        watch.cancel()
        for _, writer in silent:
            writer.close()


async def test_while_there_are_places_nobody_is_sent_away() -> None:
    async with running_endpoint() as gateway:
        port = gateway.endpoint.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PREFACE + SETTINGS)
        await _kind_of_next(reader)
        places = Places(most=100_000)
        assert [places.make_room(port) for _ in range(3)] == [0, 0, 0]
        scarce = Places(most=1)
        # The first look may see one that shakes hands.
        assert [scarce.make_room(port) for _ in range(2)] == [0, 1]
        await asyncio.wait_for(_rest(reader), 10)
        writer.close()


async def test_descriptors_are_listed_beside_the_event_loop() -> None:
    loop, looked, threads = asyncio.get_running_loop(), asyncio.Event(), set[int]()

    def listed() -> list[int]:
        threads.add(get_ident())
        loop.call_soon_threadsafe(looked.set)
        return []

    async with Places(10, listed).kept(0):
        await looked.wait()
    assert get_ident() not in threads


def test_sockets_are_found_where_the_system_lists_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for folder in (Path("/dev/fd"), tmp_path / "none"):
            assert [each.fileno() for each in sockets_of(port, folder)] == [server.fileno()]
        server.getsockname()  # it is still open


def test_files_are_divided_so_that_some_stay_free() -> None:
    assert shares(256, 10) == Shares(grpc=103, media=51, monitor=25)
    assert shares(65_536, 10) == Shares(grpc=32_743, media=1_000, monitor=100)
    for limit in range(16, 2000):
        divided = shares(limit, 10)
        assert min(divided.grpc, divided.media, divided.monitor) >= 1
        assert divided.grpc + divided.media + divided.monitor < limit


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert raise_file_limit() == file_limit() == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def _few_files(free: int) -> Iterator[None]:
    """Lowers the limit of this process to what it uses now and `free` more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def _serving(bounds: Bounds, slow: object = None) -> AsyncIterator[int]:
    async def yes(_: web.Request) -> web.Response:
        return web.Response(text="yes")

    app = web.Application()
    app.router.add_get("/", yes)
    if slow is not None:
        app.router.add_get("/slow", slow)  # type: ignore[arg-type]
    async with serve_http(app, "127.0.0.1", 0, bounds) as port:
        yield port


def _asking(port: int) -> socket.socket:
    """Returns a connection that has asked for what is large, and takes little at a time."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    peer.connect(("127.0.0.1", port))
    peer.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    peer.setblocking(False)
    return peer


async def _read_to_the_end(peer: socket.socket) -> int:
    """Returns how many bytes come before the connection ends, or is cut."""
    count = 0
    with suppress(ConnectionError):
        while got := await asyncio.get_running_loop().sock_recv(peer, 1 << 20):
            count += len(got)
    return count


async def _has_place(port: int) -> bool:
    try:
        return await _text(port) == "yes"
    except aiohttp.ClientError:
        return False


async def _half(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
    return reader, writer


async def _rest(reader: asyncio.StreamReader) -> None:
    """Returns when a connection has ended, whatever came before."""
    with suppress(ConnectionError):
        await reader.read()


async def _is_answered(port: int) -> bool:
    """Returns whether a new connection gets a call through, though one without a token."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        try:
            await call
        except grpc.aio.AioRpcError:
            return False
        return True


async def _is_open(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.05) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


async def _of(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as answer:
        return await answer.text()


async def _text(port: int) -> str:
    async with aiohttp.ClientSession() as http:
        return await _of(http, f"http://127.0.0.1:{port}/")
