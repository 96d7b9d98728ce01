"""Writes `imggen.json`, the dashboard that Grafana loads: rows of panels, as listed here.

Run it as `make dashboard` does.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

FILE = Path(__file__).with_name("imggen.json")
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3
_SOURCE = {"type": "prometheus", "uid": "prometheus"}


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph: its title, its unit in Grafana's words, and its queries by their legends."""

    title: str
    unit: str
    queries: Mapping[str, str]
    told: str = ""


def highest(name: str, *by: str) -> str:
    """Returns the query of a gauge that several processes export alike."""
    return f"max by ({', '.join(by)}) ({name})"


def rate(name: str, *by: str) -> str:
    """Returns the query of how fast a counter grows, in all processes together."""
    return f"sum by ({', '.join(by)}) (rate({name}[$__rate_interval]))"


def counted(name: str, span: str, *by: str) -> str:
    """Returns the query of how much a counter grew in a span of at most an hour, in all processes.

    A series that is new counts whole: its process exports it from its first value on.
    """
    new = f"last_over_time({name}[{span}]) unless last_over_time({name}[1h] offset {span})"
    return f"sum by ({', '.join(by)}) ({new} or increase({name}[{span}]))"


def quantile(q: float, name: str, *by: str) -> str:
    """Returns the query of a quantile of a histogram, over all processes."""
    labels = ", ".join(("le", *by))
    return f"histogram_quantile({q}, sum by ({labels}) (rate({name}_bucket[$__rate_interval])))"


def quantiles(name: str, *by: str) -> dict[str, str]:
    """Returns the queries of the median and of the 95th percentile, by their legends."""
    of = " ".join(f"{{{{{label}}}}}" for label in by)
    return {
        f"{of} half".strip(): quantile(0.5, name, *by),
        f"{of} 95 %".strip(): quantile(0.95, name, *by),
    }


ROWS: Mapping[str, Sequence[Panel]] = {
    "The queue": (
        Panel(
            "Waiting jobs",
            "short",
            {"{{lane}}": highest("imggen_waiting_jobs", "lane")},
            "One that waits in several lanes counts in each.",
        ),
        Panel(
            "Oldest job",
            "s",
            {"{{lane}}": highest("imggen_oldest_waiting_seconds", "lane")},
            "Since its admission, in a batch also for the jobs that it needs. Not of paused lanes.",
        ),
        Panel(
            "Accepted and completed",
            "reqps",
            {
                "{{lane}} accepted": rate("imggen_accepted_jobs_total", "lane"),
                "{{lane}} completed": rate(
                    'ray_imggen_ended_attempts_total{outcome="completed"}', "lane"
                ),
            },
        ),
        Panel(
            "Workers and running jobs",
            "short",
            {
                "{{lane}} workers": highest("imggen_ready_workers", "lane"),
                "{{lane}} slots": highest("imggen_ready_slots", "lane"),
                "{{lane}} running": highest("imggen_running_jobs", "lane"),
            },
        ),
        Panel("Paused lanes", "short", {"{{lane}}": highest("imggen_lane_paused", "lane")}),
        Panel(
            "Wait until the first claim", "s", quantiles("ray_imggen_queue_wait_seconds", "lane")
        ),
        Panel("A claim", "s", quantiles("ray_imggen_claim_seconds", "lane")),
    ),
    "Drawing": (
        Panel("Stages", "s", quantiles("ray_imggen_stage_seconds", "lane", "stage")),
        Panel("A step", "s", quantiles("ray_imggen_step_seconds", "model")),
        Panel("A tile of the upscaler", "s", quantiles("ray_imggen_tile_seconds")),
        Panel(
            "Slots in use",
            "percentunit",
            {
                "{{lane}}": "sum by (lane) (ray_imggen_slots_in_use)"
                " / sum by (lane) (ray_imggen_slots)"
            },
        ),
        Panel(
            "Ends of attempts",
            "reqps",
            {
                "{{outcome}} {{reason}}": rate(
                    "ray_imggen_ended_attempts_total", "outcome", "reason"
                )
            },
        ),
        Panel(
            "Leases lost and jobs rescued",
            "short",
            {
                "lost": counted("ray_imggen_lost_leases_total", "15m"),
                "rescued": counted("ray_imggen_rescued_jobs_total", "15m"),
            },
            "In 15 minutes each.",
        ),
        Panel(
            "GPU memory",
            "bytes",
            {
                "{{NodeAddress}} {{kind}}": highest(
                    "ray_imggen_gpu_memory_bytes", "NodeAddress", "kind"
                )
            },
            "None on a CPU.",
        ),
    ),
    "Money and providers": (
        Panel(
            "Spent and held today",
            "currencyUSD",
            {
                "{{scope}} spent": highest("imggen_budget_spent_usd", "scope"),
                "{{scope}} held": highest("imggen_budget_held_usd", "scope"),
            },
            "A day begins at midnight UTC.",
        ),
        Panel(
            "Used of the limit",
            "percentunit",
            {
                "{{scope}}": "max by (scope) ((imggen_budget_spent_usd + imggen_budget_held_usd)"
                " / (imggen_budget_limit_usd > 0))"
            },
        ),
        Panel(
            "Providers that are not well",
            "short",
            {
                "{{provider}} {{model}} {{state}}": highest(
                    'imggen_provider_state{state!="well"}', "provider", "model", "state"
                )
                + " == 1"
            },
        ),
    ),
    "Calls": (
        Panel("Calls", "reqps", {"{{code}}": rate("imggen_grpc_calls_total", "code")}),
        Panel("A call with one answer", "s", quantiles("imggen_grpc_call_seconds", "method")),
        Panel("Refusals", "reqps", {"{{reason}}": rate("imggen_refused_calls_total", "reason")}),
        Panel(
            "Refused texts and pictures",
            "reqps",
            {
                "{{category}} at admission": rate("imggen_refused_texts_total", "category"),
                "{{category}} by a worker": rate("ray_imggen_refused_texts_total", "category"),
                "{{category}} of a picture": rate("ray_imggen_refused_pictures_total", "category"),
            },
        ),
        Panel(
            "Open calls and streams",
            "short",
            {
                "calls": "sum(imggen_grpc_open_calls)",
                "WatchJob": "sum(imggen_watchers)",
                "WatchEvents": "sum(imggen_followers)",
            },
        ),
        Panel(
            "Connections", "short", {"{{state}}": "sum by (state) (imggen_database_connections)"}
        ),
        Panel(
            "Connections lost",
            "short",
            {
                "given up: {{why}}": counted("imggen_database_given_up_total", "10m", "why"),
                "listener: {{why}}": counted("imggen_listener_breaks_total", "10m", "why"),
                "too many: {{port}}": counted(
                    "imggen_closed_http_connections_total", "10m", "port"
                ),
            },
            "In ten minutes each.",
        ),
    ),
    "Upkeep": (
        Panel(
            "Gateways that serve",
            "short",
            {
                "serve": "sum(imggen_serving)",
                "know the fleet": "sum(imggen_fleet_known)",
            },
        ),
        Panel(
            "Ages",
            "s",
            {
                "last sweep": "time() - (max(imggen_last_sweep_timestamp_seconds) > 0)",
                "oldest change kept": "max(imggen_outbox_oldest_seconds)",
                "oldest change held back": "max(imggen_outbox_unsettled_seconds)",
                "held back by {{pid}} {{name}}": "max by (pid, name) (imggen_outbox_held_seconds)",
            },
        ),
        Panel(
            "Clocks",
            "s",
            {
                "{{instance}}": "abs(imggen_clock_skew_seconds)",
                "worker at {{instance}}": "abs(ray_imggen_clock_skew_seconds)",
            },
            "How far each machine's is from the database's.",
        ),
        Panel("Unknown objects kept", "short", {"objects": "max(imggen_kept_orphans)"}),
        Panel(
            "Alerts sent",
            "short",
            {"{{kind}}": counted("imggen_alerts_total", "1h", "kind")},
            "In an hour each.",
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    """Returns the dashboard as Grafana reads it."""
    return {
        "uid": "imggen",
        "title": "imggen",
        "tags": ["imggen"],
        "timezone": "utc",
        "schemaVersion": 41,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "editable": False,
        "panels": list(_placed()),
    }


def _placed() -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for title, panels in ROWS.items():
        number += 1
        at = {"x": 0, "y": y, "w": 24, "h": 1}
        yield {"id": number, "type": "row", "title": title, "gridPos": at, "panels": []}
        for place, panel in enumerate(panels):
            number += 1
            row, column = divmod(place, _COLUMNS)
            at = {"x": column * _WIDTH, "y": y + 1 + row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            yield {"id": number, "gridPos": at, **_graph(panel)}
        y += 1 + -(-len(panels) // _COLUMNS) * _HEIGHT


def _graph(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.told,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": letter,
                "datasource": _SOURCE,
                "expr": expr,
                "legendFormat": legend,
            }
            for letter, (legend, expr) in zip(ascii_uppercase, panel.queries.items(), strict=False)
        ],
    }


def main() -> None:
    """Writes the file, or with `--check` exits when it is not what this would write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when it is stale")
    written = json.dumps(dashboard(), indent=2) + "\n"
    if not parser.parse_args().check:
        FILE.write_text(written)
    elif not FILE.exists() or FILE.read_text() != written:
        sys.exit(f"{FILE} is not what its generator writes; run `make dashboard`")


if __name__ == "__main__":
    main()
