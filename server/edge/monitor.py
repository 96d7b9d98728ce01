"""The HTTP endpoint of operators and orchestrators: metrics, liveness, readiness."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from server.metrics import GatewayMetrics


class Monitored(Protocol):
    """What the endpoint tells of: one gateway process, or several."""

    async def page(self) -> bytes:
        """Returns the metrics in the text format of Prometheus."""
        ...

    async def is_serving(self) -> bool:
        """Returns whether calls can be served."""
        ...

    async def is_alive(self) -> bool:
        """Returns whether it answers at all."""
        ...


async def _nothing_first() -> None:
    """Leaves the metrics as they are."""


@dataclass(frozen=True, slots=True)
class GatewayMonitor:
    """One gateway process; `refresh` is awaited before its metrics are shown."""

    metrics: GatewayMetrics
    serving: Callable[[], bool]
    refresh: Callable[[], Awaitable[None]] = _nothing_first

    async def page(self) -> bytes:
        """Returns the metrics of the process."""
        await self.refresh()
        return self.metrics.page()

    async def is_serving(self) -> bool:
        """Returns what it tells health checks."""
        return self.serving()

    async def is_alive(self) -> bool:
        """Returns True: it answers."""
        return True


def monitor_app(monitored: Monitored) -> web.Application:
    """Returns the application that answers `/metrics`, `/livez` and `/readyz`."""

    async def show_metrics(_request: web.Request) -> web.Response:
        page = await monitored.page()
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def is_alive(_request: web.Request) -> web.Response:
        if await monitored.is_alive():
            return web.Response(text="alive\n")
        return web.Response(status=503, text="not alive: a gateway process does not answer\n")

    async def is_ready(_request: web.Request) -> web.Response:
        if await monitored.is_serving():
            return web.Response(text="ready\n")
        return web.Response(
            status=503, text="not ready: the database is away, or the gateway drains\n"
        )

    app = web.Application()
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/livez", is_alive)
    app.router.add_get("/readyz", is_ready)
    return app
