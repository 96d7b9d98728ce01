"""Ports that the processes of one supervisor share, and nobody else gets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from aiohttp import web

from server.causes import CannotStart
from server.edge.http import Bounds, serve_http
from server.processes.ports import held_port, refuse_elsewhere

HOST = "127.0.0.1"


@pytest.fixture
def port() -> Iterator[int]:
    """Yields a port that is held."""
    with held_port("IMGGEN_LISTEN", HOST, 0) as held:
        yield held


def listener(port: int, *, shared: bool) -> socket.socket:
    """Returns a socket that listens as servers do."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((HOST, port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


@pytest.mark.parametrize("listening", [0, 1])
def test_another_server_is_refused_whether_or_not_a_process_listens(
    port: int, listening: int
) -> None:
    with ExitStack() as stack:
        for _ in range(listening):
            stack.enter_context(listener(port, shared=True))
        with pytest.raises(OSError, match="in use"):
            listener(port, shared=False)


@pytest.mark.parametrize("listening", [0, 1])
def test_another_supervisor_is_refused_whether_or_not_a_process_listens(
    port: int, listening: int
) -> None:
    with ExitStack() as stack:
        for _ in range(listening):
            stack.enter_context(listener(port, shared=True))
        with pytest.raises(CannotStart, match=f"{HOST}:{port} .Address already in use") as refused:
            stack.enter_context(held_port("IMGGEN_LISTEN", HOST, port))
    assert not refused.value.lasting


def test_a_server_on_the_port_refuses_a_supervisor() -> None:
    with listener(0, shared=False) as other:
        number = other.getsockname()[1]
        with (
            pytest.raises(CannotStart, match="IMGGEN_HTTP_PORT: cannot listen"),
            held_port("IMGGEN_HTTP_PORT", HOST, number),
        ):
            pass


def test_a_held_port_takes_no_connections_itself(port: int) -> None:
    with pytest.raises(ConnectionRefusedError), socket.create_connection((HOST, port)):
        pass


async def test_several_servers_share_it(port: int) -> None:
    with held_port("IMGGEN_HTTP_PORT", HOST, 0) as held:
        bounds = Bounds(shared=True)
        async with (
            serve_http(web.Application(), HOST, held, bounds) as first,
            serve_http(web.Application(), HOST, held, bounds) as second,
        ):
            assert first == second == held != port


def test_a_port_is_free_again_when_its_connections_are_just_closed() -> None:
    with (
        held_port("IMGGEN_LISTEN", HOST, 0) as number,
        listener(number, shared=True) as server,
        socket.create_connection((HOST, number)),
    ):
        connection, _ = server.accept()
        connection.close()  # first, so that this end waits
    with held_port("IMGGEN_LISTEN", HOST, number) as again:
        assert again == number


def test_all_addresses_of_a_host_are_held() -> None:
    with held_port("IMGGEN_LISTEN", "localhost", 0) as number:
        for family, _, _, _, address in socket.getaddrinfo("localhost", number, type=1):
            with socket.socket(family) as other, pytest.raises(OSError, match="in use"):
                other.bind(address)


def test_other_systems_are_refused_by_name() -> None:
    refuse_elsewhere(2, "linux")
    with pytest.raises(CannotStart, match=r"IMGGEN_PROCESSES: 2 .*Linux only.*darwin, use 1") as no:
        refuse_elsewhere(2, "darwin")
    assert no.value.lasting
