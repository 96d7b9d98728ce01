"""The supervisor: runs several gateway processes on the same ports, and answers for them."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict

from server.edge.addresses import Addresses
from server.edge.binding import serve_at
from server.edge.files import file_limit, raise_file_limit, shares
from server.edge.http import Bounds
from server.edge.monitor import monitor_app
from server.processes.crew import Crew
from server.processes.member import Ports
from server.processes.ports import held_port, refuse_elsewhere
from server.settings import GatewaySettings
from server.stopping import stop_signal
from server.storage.settings import StorageSettings

# What a process may take beyond its drain, to close what it has open.
_CLOSE_S = 15.0
_log = logging.getLogger(__name__)


async def supervise(
    settings: GatewaySettings,
    storage_settings: StorageSettings,
    announce: Callable[[Addresses], None],
) -> int:
    """Serves by several processes until SIGTERM or SIGINT, then drains them all.

    Returns the exit status: 0, or that of the process whose end was the end of all. A second signal
    ends all at once. Raises CannotStart.
    """
    refuse_elsewhere(settings.processes)
    raise_file_limit()
    with stop_signal() as stop:
        async with AsyncExitStack() as stack:
            ports = _hold(stack, settings, storage_settings)
            patience_s = settings.drain_delay_s + settings.drain_s + _CLOSE_S
            crew = Crew(settings.processes, ports, stop, patience_s)
            bounds = Bounds(
                "metrics",
                shares(file_limit(), 0).monitor,
                closed=crew.metrics.count_closed("metrics"),
            )
            monitor = await serve_at(stack, settings, "metrics_port", monitor_app(crew), bounds)
            addresses = _addresses(ports, monitor)

            def on_whole() -> None:
                fields = {**asdict(addresses), "processes": settings.processes}
                _log.info("listening", extra=fields)
                announce(addresses)

            await crew.run(on_whole)
    _log.info("stopped")
    return crew.status


def _hold(
    stack: AsyncExitStack, settings: GatewaySettings, storage_settings: StorageSettings
) -> Ports:
    """Takes the ports that the processes share; that of media only where they serve any."""
    host, _, port = settings.listen.rpartition(":")
    listen = stack.enter_context(held_port("IMGGEN_LISTEN", settings.host, int(port)))
    media = 0
    if not storage_settings.is_bucket:
        held = held_port("IMGGEN_HTTP_PORT", settings.host, settings.http_port)
        media = stack.enter_context(held)
    return Ports(f"{host}:{listen}", media)


def _addresses(ports: Ports, metrics_port: int) -> Addresses:
    host = ports.listen.rpartition(":")[0]
    media = f"{host}:{ports.http_port}" if ports.http_port else ""
    return Addresses(ports.listen, media, f"{host}:{metrics_port}")
