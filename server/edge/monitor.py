"""The HTTP endpoint of operators and orchestrators: metrics, liveness, readiness."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from server.metrics import GatewayMetrics


async def _nothing_first() -> None:
    """Leaves the metrics as they are."""


def monitor_app(
    metrics: GatewayMetrics,
    is_serving: Callable[[], bool],
    refresh: Callable[[], Awaitable[None]] = _nothing_first,
) -> web.Application:
    """Returns the application that answers `/metrics`, `/livez` and `/readyz`.

    `refresh` is awaited before the metrics are shown.
    """

    async def show_metrics(_request: web.Request) -> web.Response:
        await refresh()
        return web.Response(body=metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def is_alive(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def is_ready(_request: web.Request) -> web.Response:
        if is_serving():
            return web.Response(text="ready\n")
        return web.Response(
            status=503, text="not ready: the database is away, or the gateway drains\n"
        )

    app = web.Application()
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/livez", is_alive)
    app.router.add_get("/readyz", is_ready)
    return app
