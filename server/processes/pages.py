"""Metrics of several processes as one page.

Counters and histograms add up, with those of processes that have ended, so that a restart takes
nothing away. A gauge follows its rule below; one without a rule is read from the database by
every process alike, and only the first page counts.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

Rule = Callable[[Sequence[float]], float]

RULES: Mapping[str, Rule] = {
    # Of one process.
    "imggen_grpc_open_calls": sum,
    "imggen_watchers": sum,
    "imggen_followers": sum,
    "imggen_database_connections": sum,
    # They have one clock.
    "imggen_clock_skew_seconds": max,
    # All must serve.
    "imggen_serving": min,
    # Of the installation, as the process tells that looks after it; another one may have before.
    "imggen_outbox_held_seconds": max,
    "imggen_last_sweep_timestamp_seconds": max,
    "imggen_kept_orphans": max,
}
"""How gauges of a gateway process become one; a test demands a rule for each."""

_ADD_UP = ("counter", "histogram")


@dataclass(frozen=True, slots=True)
class Key:
    """A sample's name and labels."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its type in the words of Prometheus, its description and its samples."""

    name: str
    kind: str
    text: str
    samples: Mapping[Key, float]


Page = Mapping[str, Family]


def tell(registry: Collector) -> list[Any]:
    """Returns what a registry collects, for JSON."""
    return [
        [one.name, one.type, one.documentation, [[s.name, s.labels, s.value] for s in one.samples]]
        for one in registry.collect()
    ]


def read(told: Sequence[Any]) -> Page:
    """Returns the page that `tell` told."""
    return {
        name: Family(
            name,
            kind,
            text,
            {Key(of, tuple(sorted(labels.items()))): value for of, labels, value in samples},
        )
        for name, kind, text, samples in told
    }


def page_of(families: Collection[Family]) -> Page:
    """Returns a page of families."""
    return {family.name: family for family in families}


def lasting(page: Page) -> Page:
    """Returns what of a page still counts when its process has ended."""
    return {name: family for name, family in page.items() if family.kind in _ADD_UP}


def passing(page: Page) -> Page:
    """Returns the rest of a page: how things are with a process at the moment."""
    return {name: family for name, family in page.items() if family.kind not in _ADD_UP}


def merged(pages: Sequence[Page]) -> Page:
    """Returns one page of several."""
    names = dict.fromkeys(name for page in pages for name in page)
    return {name: _joined([page[name] for page in pages if name in page]) for name in names}


def _joined(families: Sequence[Family]) -> Family:
    first = families[0]
    adds_up = first.kind in _ADD_UP
    if not adds_up and first.name not in RULES:
        return first
    values: dict[Key, list[float]] = {}
    for family in families:
        for key, value in family.samples.items():
            values.setdefault(key, []).append(value)
    rule = sum if adds_up else RULES[first.name]
    samples = {
        # The time at which a counter began is that of the first one.
        key: min(found) if adds_up and key.name.endswith("_created") else rule(found)
        for key, found in values.items()
    }
    return Family(first.name, first.kind, first.text, samples)


def total(page: Page, name: str) -> float:
    """Returns the sum of all samples of a counter, 0 without one."""
    family = page.get(name)
    samples = {} if family is None else family.samples
    return sum(value for key, value in samples.items() if key.name.endswith("_total"))


def render(page: Page) -> bytes:
    """Returns a page in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(page))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, page: Page) -> None:
        self._page = page

    def collect(self) -> Iterator[Metric]:
        for family in self._page.values():
            metric = Metric(family.name, family.text, family.kind)
            for key, value in family.samples.items():
                metric.add_sample(key.name, dict(key.labels), value)
            yield metric
