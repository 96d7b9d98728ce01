"""The gRPC endpoint: services, the interceptor, health, reflection, TLS and a drain."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from server.edge.binding import cannot_listen
from server.edge.calls import OpenCalls
from server.edge.descriptors import read_descriptors
from server.edge.files import file_limit, hang_up, shares
from server.edge.interceptors import CallInterceptor, CallLimits
from server.edge.places import Places
from server.edge.reflection import Reflection
from server.edge.tls import CertificateFiles, Certificates
from server.identity.tokens import TokenVerifier
from server.metrics import GatewayMetrics
from server.settings import GatewaySettings
from server.traces import NO_TRACES, Traces

# Times the interceptor's limits: from here on gRPC itself refuses a message or metadata, without
# a reason, and nothing counts it.
_HARD_LIMIT = 4
# How long answers may take to leave after the drain; then only connections that do not read, or
# that say nothing, are left.
_CLOSE_S = 1.0
_HANDSHAKE_MS = 10_000


@dataclass(frozen=True, slots=True)
class Service:
    """One gRPC service: its full name, and what registers its servicer with a server."""

    name: str
    register: Callable[[grpc.aio.Server], None]


class Endpoint:
    """Serves services over gRPC while it is entered; leaving it drains it."""

    def __init__(
        self,
        settings: GatewaySettings,
        services: Sequence[Service],
        verifier: TokenVerifier,
        metrics: GatewayMetrics,
        traces: Traces = NO_TRACES,
        *,
        shares_port: bool = False,
    ) -> None:
        """Takes whether other processes of the same supervisor listen on its port, too."""
        self.calls = OpenCalls()
        self.port = 0
        self.serving = False
        self._settings = settings
        self._names = [service.name for service in services]
        self._metrics = metrics
        self._health = health.aio.HealthServicer()
        limits = CallLimits(
            settings.default_deadline_s, settings.max_request_bytes, settings.max_metadata_bytes
        )
        self._places = Places(_most_connections(settings))
        self._keeping = AsyncExitStack()
        interceptor = CallInterceptor(
            verifier, metrics, self.calls, limits, traces, self._places.heard
        )
        self._server = grpc.aio.server(
            interceptors=[interceptor], options=_options(settings, shares_port)
        )
        for service in services:
            service.register(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection = Reflection([*self._names, health.SERVICE_NAME], read_descriptors())
        reflection.register(self._server)
        metrics.read_open_calls(self.calls.__len__)

    async def __aenter__(self) -> Self:
        """Listens; health says NOT_SERVING until `set_serving(True)`."""
        await self.set_serving(False)
        self.port = self._listen()
        await self._server.start()
        await self._keeping.enter_async_context(self._places.kept(self.port))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.drain()

    @property
    def address(self) -> str:
        """Where it listens, `host:port`, with the port that was taken."""
        return f"{self._settings.listen.rpartition(':')[0]}:{self.port}"

    async def set_serving(self, serving: bool) -> None:
        """Tells health checks whether calls can be served; during a drain they get NOT_SERVING."""
        status = health_pb2.HealthCheckResponse.ServingStatus
        for name in ("", *self._names):
            await self._health.set(name, status.SERVING if serving else status.NOT_SERVING)
        self._note(serving and not self.calls.draining)

    async def announce_shutdown(self) -> None:
        """Answers all health checks with NOT_SERVING from now on, and goes on serving."""
        await self._health.enter_graceful_shutdown()
        self._note(False)

    async def drain(self) -> None:
        """Says NOT_SERVING, refuses new calls, ends streams, lets the others finish, closes."""
        await self.announce_shutdown()
        # A load balancer goes on sending calls here until it has seen NOT_SERVING.
        await asyncio.sleep(self._settings.drain_delay_s)
        async with asyncio.TaskGroup() as group:
            stopped = group.create_task(self._server.stop(self._settings.drain_s + _CLOSE_S))
            await self.calls.drain(self._settings.drain_s)
            await asyncio.wait([stopped], timeout=_CLOSE_S)
            # It also waits for connections that have not begun to speak HTTP/2, to the end of its
            # grace period; stopped again, it waits for nothing.
            await self._server.stop(None)
        await self._keeping.aclose()
        # Such a connection would keep gRPC from ending with the process for another ten seconds.
        hang_up(self.port)

    def _note(self, serving: bool) -> None:
        self.serving = serving
        self._metrics.serving.set(serving)

    def _listen(self) -> int:
        settings = self._settings
        credentials = self._credentials()
        try:
            if credentials is None:
                return self._server.add_insecure_port(settings.listen)
            return self._server.add_secure_port(settings.listen, credentials)
        except RuntimeError as error:
            port = int(settings.listen.rpartition(":")[2])
            raise cannot_listen("IMGGEN_LISTEN", settings.host, port, error) from error

    def _credentials(self) -> grpc.ServerCredentials | None:
        settings = self._settings
        if settings.tls_cert_file is None or settings.tls_key_file is None:
            return None
        files = CertificateFiles(
            settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file
        )
        return Certificates(files).credentials()


def _options(settings: GatewaySettings, shares_port: bool = False) -> list[tuple[str, int]]:
    options = [
        # Two gateways on one port would otherwise share its calls silently. Processes of one
        # supervisor share them on purpose.
        ("grpc.so_reuseport", int(shares_port)),
        ("grpc.max_receive_message_length", settings.max_request_bytes * _HARD_LIMIT),
        # Between its two limits gRPC refuses metadata at random.
        ("grpc.max_metadata_size", settings.max_metadata_bytes * _HARD_LIMIT),
        ("grpc.absolute_max_metadata_size", settings.max_metadata_bytes * _HARD_LIMIT),
        ("grpc.keepalive_time_ms", _ms(settings.keepalive_s)),
        ("grpc.keepalive_timeout_ms", _ms(settings.keepalive_timeout_s)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _ms(settings.keepalive_min_s)),
        ("grpc.max_allowed_incoming_connections", _most_connections(settings)),
        # Until it has begun to speak HTTP/2.
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.max_connection_age_grace_ms", _ms(settings.max_connection_age_grace_s)),
    ]
    if settings.max_connection_age_s:
        options.append(("grpc.max_connection_age_ms", _ms(settings.max_connection_age_s)))
    return options


def _most_connections(settings: GatewaySettings) -> int:
    return shares(file_limit(), settings.database_pool_max).grpc


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
