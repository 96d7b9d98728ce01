"""HTTP proxies, of the environment or given: who goes through them, and what an error says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import pytest

from imggen import Client
from imggen.errors import BadArgument, Unavailable
from imggen.proxying import proxy_for
from imggen.testing import FakeService

NAMES = ("grpc_proxy", "https_proxy", "http_proxy")
ELSEWHERE = "imggen.example:443"


@dataclass
class Tunnels:
    """An HTTP proxy on this machine that leads every CONNECT to one port, or refuses it."""

    port: int = 0
    leads_to: int = 0
    status: int = 200
    heads: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(f"HTTP/1.1 {self.status} So\r\n\r\n".encode())
            if self.status != 200:
                await writer.drain()
                return
            onward, back = await asyncio.open_connection("127.0.0.1", self.leads_to)
            with closing(back):
                await asyncio.gather(_pour(reader, back), _pour(onward, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def listening(tunnels: Tunnels) -> AsyncIterator[None]:
    tasks: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(tunnels.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    tunnels.port = server.sockets[0].getsockname()[1]
    async with server:
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "no_grpc_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def tunnels(fake: FakeService) -> AsyncIterator[Tunnels]:
    tunnels = Tunnels(leads_to=int(fake.target.rpartition(":")[2]))
    async with listening(tunnels):
        yield tunnels


@pytest.mark.parametrize("name", NAMES)
async def test_calls_to_this_machine_go_to_no_proxy(
    fake: FakeService, tunnels: Tunnels, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, tunnels.url)
    port = fake.target.rpartition(":")[2]
    for target in (fake.target, f"localhost:{port}", f"dns:///127.0.0.1:{port}"):
        async with Client(target, token="secret") as client:
            await client.create_character(name="Mia")
        async with Client(target, token="secret", proxy=tunnels.url) as client:
            await client.create_character(name="Mia")
    assert not tunnels.heads


@pytest.mark.parametrize("name", NAMES)
async def test_calls_to_others_go_through_the_proxy_of_the_environment(
    tunnels: Tunnels, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, tunnels.url)
    async with Client(ELSEWHERE, insecure=True) as client:
        assert (await client.create_character(name="Mia")).id
    assert tunnels.heads[0].startswith(f"CONNECT {ELSEWHERE} ")


async def test_a_given_proxy_counts_more_than_the_environment(
    tunnels: Tunnels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    async with Client(ELSEWHERE, insecure=True, proxy=tunnels.url) as client:
        assert (await client.create_character(name="Mia")).id


@pytest.mark.parametrize(
    "exempt",
    ["imggen.example", "example", ".example", "*.example", " other , IMGGEN.example", "*"],
)
async def test_a_target_that_the_environment_exempts_goes_to_no_proxy(
    tunnels: Tunnels, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    monkeypatch.setenv("https_proxy", tunnels.url)
    monkeypatch.setenv("no_proxy", exempt)
    async with Client("imggen.example:9", insecure=True, timeout=0.5) as client:
        with pytest.raises(Exception, match=r"imggen\.example:9") as raised:
            await client.create_character(name="Mia")
    assert "proxy" not in str(raised.value)
    assert not tunnels.heads


@pytest.mark.parametrize(
    ("target", "listed", "exempt"),
    [
        ("imggen.example:443", "imggen.example:443", True),
        ("imggen.example", "imggen.example:443", True),
        ("imggen.example:443", "imggen.example:8443", False),
        ("dns:///imggen.example:8443", ".example:8443", True),
        ("imggen.example:443", ".imggen.example", True),
        ("imggen.example:443", "imggen.example.", True),
        ("imggen.example:443", "other.example imggen.example", True),
        ("imggen.example:443", "ggen.example", False),
        ("imggen.example:443", ".", False),
        ("10.1.2.3:1", "10.0.0.0/8", True),
        ("10.1.2.3:1", "10.1.2.3:1", True),
        ("10.1.2.3:1", "10.1.2.3:2", False),
        ("10.1.2.3:1", "11.0.0.0/8", False),
        ("10.1.2.3:1", "3", False),
        ("10.1.2.3:1", "2.3", False),
        ("[2001:db8::7]:1", "2001:db8::/32", True),
        ("[2001:db8::7]:1", "[2001:db8::7]:1", True),
        ("[2001:db8::7]:1", "[2001:db8::7]:2", False),
        ("ipv4:10.1.2.3:1,10.1.2.4:2", "10.1.2.3:1", False),
        ("ipv4:10.1.2.3:1,10.1.2.4:2", "10.1.2.3:1,10.1.2.4", True),
    ],
)
def test_an_exemption_has_hosts_networks_and_ports(target: str, listed: str, exempt: bool) -> None:
    environment = {"https_proxy": "http://proxy.example:1", "no_proxy": listed}
    assert (proxy_for(target, None, environment) is None) == exempt


async def test_an_error_names_the_proxy_and_hides_its_password(
    tunnels: Tunnels, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnels.status = 403
    monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{tunnels.port}")
    async with Client(ELSEWHERE, insecure=True) as client:
        with pytest.raises(Unavailable) as raised:
            await client.create_character(name="Mia")
    words = f"{ELSEWHERE} through the proxy 127.0.0.1:{tunnels.port} (https_proxy)"
    assert words in str(raised.value)
    assert "403" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in tunnels.heads[0].replace("  ", " ")


async def test_a_proxy_that_is_not_there_is_named_too() -> None:
    async with Client(ELSEWHERE, insecure=True, proxy="http://127.0.0.1:9") as client:
        with pytest.raises(Unavailable, match=r"the proxy 127.0.0.1:9 \(the argument"):
            await client.create_character(name="Mia")


@pytest.mark.parametrize(
    "url", ["proxy:3128", "socks5://proxy:1", "https://u:secret@p:1", "http://"]
)
def test_what_is_no_http_proxy_is_refused(url: str) -> None:
    with pytest.raises(BadArgument, match="use http://HOST:PORT") as raised:
        Client(ELSEWHERE, proxy=url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "target",
    [
        *("127.0.0.1:1", "127.9.9.9:1", "localhost:1", "LOCALHOST:1", "localhost.:1", "[::1]:1"),
        *("::1", "[::1]", "[::ffff:127.0.0.1]:1", "ipv6:%5B::1%5D:1", "dns:///localhost:1"),
        *("unix:/run/imggen.sock", "unix:///run/imggen.sock", "unix-abstract:imggen"),
        "ipv4:127.0.0.1:1,127.0.0.2:1",
    ],
)
def test_loopback_has_no_proxy(target: str) -> None:
    environment = {"http_proxy": "http://proxy:3128"}
    assert proxy_for(target, None, environment) is None
    assert proxy_for(target, "http://proxy:3128", environment) is None


@pytest.mark.parametrize(
    "target",
    ["10.0.0.7:1", "localhost.example:1", "ipv4:127.0.0.1:1,10.0.0.7:1", "[2001:db8::1]:1"],
)
def test_others_have_one(target: str) -> None:
    assert proxy_for(target, None, {"http_proxy": "http://proxy:3128"}) is not None


def test_the_environment_is_read_as_grpc_reads_it() -> None:
    proxy = "http://proxy:3128"
    assert proxy_for(ELSEWHERE, "", {"https_proxy": proxy}) is None
    assert proxy_for(ELSEWHERE, None, {"grpc_proxy": "", "https_proxy": proxy}) is None
    assert proxy_for(ELSEWHERE, None, {"https_proxy": "socks5://proxy:1080"}) is None
    assert proxy_for("10.1.2.3:1", None, {"https_proxy": proxy, "no_proxy": "10.0.0.0/8"}) is None
    exempt = {"https_proxy": proxy, "no_grpc_proxy": "", "no_proxy": "*"}
    assert proxy_for(ELSEWHERE, None, exempt) is not None
    assert proxy_for("notexample.com:1", None, {"https_proxy": proxy, "no_proxy": "example.com"})
