"""The HTTP endpoints for operators: health and metrics."""

import aiohttp
import grpc

from server.edge.http import serve_http
from server.edge.monitor import GatewayMonitor, monitor_app
from server.metrics import GatewayMetrics


async def test_readiness_follows_serving_and_liveness_does_not() -> None:
    serving = False
    app = monitor_app(GatewayMonitor(GatewayMetrics(), lambda: serving))
    async with serve_http(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as http:
        base = f"http://127.0.0.1:{port}"
        before = await http.get(f"{base}/readyz")
        alive = await http.get(f"{base}/livez")
        serving = True
        after = await http.get(f"{base}/readyz")

    assert (before.status, alive.status, after.status) == (503, 200, 200)


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics = GatewayMetrics()
    metrics.read_connections(lambda: (3, 5))
    metrics.read_open_calls(lambda: 2)
    metrics.watchers.inc()
    metrics.count_call("/a.B/C", grpc.StatusCode.OK)
    metrics.time_call("/a.B/C", 0.003)
    async with (
        serve_http(monitor_app(GatewayMonitor(metrics, lambda: True)), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        page = await answer.text()

    assert answer.headers["Content-Type"].startswith("text/plain")
    for line in (
        'imggen_grpc_calls_total{code="OK",method="/a.B/C"} 1.0',
        'imggen_grpc_call_seconds_bucket{le="0.004",method="/a.B/C"} 1.0',
        'imggen_database_connections{state="idle"} 3.0',
        'imggen_database_connections{state="used"} 2.0',
        "imggen_grpc_open_calls 2.0",
        "imggen_watchers 1.0",
    ):
        assert line in page
