"""Metrics of several gateway processes become those of one."""

import json
from collections.abc import Iterator

import grpc
from prometheus_client import Metric
from prometheus_client.registry import Collector

from server.metrics import GatewayMetrics
from server.processes.pages import RULES, Page, lasting, merged, passing, read, render, tell, total
from server.upkeep.fleet import families_of
from tests.exported import FLEET, families, page_of_gateway, value

METHOD = "/imggen.v1.JobService/GetJob"


class Fleet(Collector):
    """The metrics of the fleet, as one process has read them."""

    def collect(self) -> Iterator[Metric]:
        return families_of(FLEET)


def told(metrics: GatewayMetrics) -> Page:
    """Returns the page of a process as its supervisor gets it."""
    return read(json.loads(json.dumps(tell(metrics.registry))))


def process(calls: int, *, watchers: int = 0, serving: bool = True) -> GatewayMetrics:
    metrics = GatewayMetrics()
    for _ in range(calls):
        metrics.count_call(METHOD, grpc.StatusCode.OK)
        metrics.time_call(METHOD, 0.003)
    metrics.watchers.inc(watchers)
    metrics.serving.set(serving)
    metrics.read_connections(lambda: (1, 3))
    return metrics


def test_counters_histograms_and_what_is_a_process_own_add_up() -> None:
    page = render(merged([told(process(2, watchers=1)), told(process(5, watchers=2))])).decode()
    assert value(page, "imggen_grpc_calls_total", method=METHOD, code="OK") == 7
    assert value(page, "imggen_grpc_call_seconds_count", method=METHOD) == 7
    assert value(page, "imggen_grpc_call_seconds_bucket", method=METHOD, le="0.004") == 7
    assert value(page, "imggen_grpc_call_seconds_bucket", method=METHOD, le="0.002") == 0
    assert value(page, "imggen_watchers") == 3
    assert value(page, "imggen_database_connections", state="used") == 4


def test_a_counter_began_when_the_first_of_them_did() -> None:
    pages = [told(process(1)), told(process(1))]
    created = [
        sample
        for page in pages
        for key, sample in page["imggen_grpc_calls"].samples.items()
        if key.name.endswith("_created")
    ]
    shown = render(merged(pages)).decode()
    assert value(shown, "imggen_grpc_calls_created", method=METHOD) == min(created)


def test_one_process_that_does_not_serve_is_told() -> None:
    page = render(merged([told(process(0)), told(process(0, serving=False))])).decode()
    assert value(page, "imggen_serving") == 0


def test_the_newest_sweep_counts_whoever_swept() -> None:
    swept, other = process(0), process(0)
    swept.last_sweep.set(1_800_000_000)
    swept.kept_orphans.set(30)
    page = render(merged([told(other), told(swept)])).decode()
    assert value(page, "imggen_last_sweep_timestamp_seconds") == 1_800_000_000
    assert value(page, "imggen_kept_orphans") == 30


def test_the_fleet_is_told_once_by_the_first_process() -> None:
    first, other = process(0), process(0)
    first.registry.register(Fleet())
    other.registry.register(Fleet())
    page = render(merged([told(first), told(other)])).decode()
    assert value(page, "imggen_waiting_jobs", lane="local") == 1
    assert value(page, "imggen_budget_limit_usd", scope="global") == 5


def test_what_an_ended_process_counted_still_counts_and_its_states_do_not() -> None:
    ended, alive = told(process(4, watchers=9)), told(process(1, watchers=1))
    page = merged([alive, lasting(ended)])
    assert total(page, "imggen_grpc_calls") == 5
    assert value(render(page).decode(), "imggen_watchers") == 1
    assert lasting(ended).keys() | passing(ended).keys() == ended.keys()
    assert not lasting(ended).keys() & passing(ended).keys()


def test_each_gauge_of_a_process_has_a_rule() -> None:
    gauges = {one.name for one in GatewayMetrics().registry.collect() if one.type == "gauge"}
    assert gauges == RULES.keys()


def test_the_page_of_several_has_the_metrics_of_one_gateway() -> None:
    metrics = process(1)
    metrics.registry.register(Fleet())
    shown = {one.name: (one.type, one.documentation) for one in families(page_of_gateway())}
    page = render(merged([told(metrics), told(process(1))])).decode()
    for one in families(page):
        assert shown[one.name] == (one.type, one.documentation)
    assert {name for name in shown if not name.endswith("_created")} <= {
        one.name for one in families(page)
    }
