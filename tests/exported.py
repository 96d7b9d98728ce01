"""Metrics as processes export them, read as Prometheus reads them."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from ray.util import metrics as exported

from actors.serve.metrics import (
    RayRefusals,
    RayRefusedPictures,
    RayRenderMetrics,
    RayTileMetrics,
    RayWorkerMetrics,
)
from server.domain.fleet import BudgetState, FleetState, LaneState, OutboxState
from server.domain.health import HealthState, ProviderHealth
from server.domain.states import Lane
from server.metrics import GatewayMetrics
from server.processes.crew import Crew
from server.processes.member import Ports
from server.upkeep.fleet import families_of

_SECOND = timedelta(seconds=1)
FLEET = FleetState(
    tuple(LaneState(lane, False, 1, _SECOND, 1, 1, 1) for lane in Lane),
    (BudgetState("global", 5_000_000, 0, 0),),
    (ProviderHealth("openai", "", HealthState.WELL),),
    OutboxState(_SECOND, None),
)
"""A fleet of which everything is known."""
_MADE: Mapping[type[exported.Metric], type[MetricWrapperBase]] = {
    exported.Counter: Counter,
    exported.Gauge: Gauge,
    exported.Histogram: Histogram,
}


def families(page: str) -> Iterator[Metric]:
    """Yields the metrics of a page that are ours, each with its samples."""
    for family in text_string_to_metric_families(page):
        if family.name.startswith(("imggen_", "ray_imggen_")):
            yield family


def ours(page: str) -> str:
    """Returns the lines of a page of Ray that are of our metrics."""
    words = ("ray_imggen_", "# HELP ray_imggen_", "# TYPE ray_imggen_")
    return "".join(line for line in page.splitlines(keepends=True) if line.startswith(words))


def names(page: str) -> dict[str, set[str]]:
    """Returns the labels of each name that a query can ask for, also of those without samples."""
    found = series(page)
    for family in families(page):
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        for end in ends.get(family.type, [""]):
            found.setdefault(family.name + end, set())
    return found


def series(page: str) -> dict[str, set[str]]:
    """Returns the labels of each name of ours that a query can ask for."""
    found: dict[str, set[str]] = {}
    for family in families(page):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def value(page: str, name: str, **labels: str) -> float | None:
    """Returns the value of the one sample with a name and these labels; None without one."""
    found = [
        sample.value
        for family in families(page)
        for sample in family.samples
        if sample.name == name and _has(sample.labels, labels)
    ]
    assert len(found) <= 1, f"{name} {labels}: {len(found)} samples"
    return found[0] if found else None


class _Fleet(Collector):
    def collect(self) -> Iterator[Metric]:
        return families_of(FLEET)


def page_of_gateway() -> str:
    """Returns what a gateway exports once every metric has a value."""
    metrics, method = GatewayMetrics(), "/imggen.v1.StyleService/ListStyles"
    metrics.registry.register(_Fleet())
    metrics.count_call(method, grpc.StatusCode.OK)
    metrics.time_call(method, 0.1)
    metrics.count_refusal("QUEUE_FULL")
    metrics.count_closed("media")()
    metrics.count_expiry("no answer in time")
    metrics.count_listener_break("the connection broke")
    metrics.outbox_held.labels("1", "a tool").set(10)
    metrics.read_connections(lambda: (1, 2))
    metrics.accepted_jobs.labels("local").inc()
    metrics.alerts.labels("budget_used").inc()
    metrics.refused_texts.labels("admission", "profanity", "profanity-words").inc()
    return metrics.page().decode()


def page_of_processes() -> str:
    """Returns what the supervisor of several gateway processes adds to their metrics."""
    crew = Crew(2, Ports("127.0.0.1:1", 2), asyncio.Event(), patience_s=1)
    page = asyncio.run(crew.page()).decode()
    return "".join(line for line in page.splitlines(keepends=True) if "imggen_process" in line)


def page_of_ray() -> str:
    """Returns what Ray exports of workers and diffusers, without Ray: names, kinds and labels.

    A test of a real Ray compares them.
    """
    registry = CollectorRegistry()
    holders = (
        *(RayWorkerMetrics(), RayRenderMetrics(dict), RayTileMetrics()),
        *(RayRefusals(), RayRefusedPictures()),
    )
    for holder in holders:
        for metric in vars(holder).values():
            if isinstance(metric, exported.Metric):
                info, kind = metric.info, _MADE[type(metric)]
                made = kind(
                    f"ray_{info['name']}",
                    info["description"],
                    info["tag_keys"],
                    registry=registry,
                )
                if info["tag_keys"]:
                    made.labels(*("x" for _ in info["tag_keys"]))
    return generate_latest(registry).decode()


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return wanted.items() <= labels.items()
