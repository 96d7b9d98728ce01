"""The gateway's Prometheus metrics, in a separate registry."""

from collections.abc import Callable

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class GatewayMetrics:
    """Counts and times calls; other parts of the gateway set its gauges."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "imggen_grpc_calls",
            "Calls that have ended.",
            ("method", "code"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "imggen_grpc_call_seconds",
            "How long calls with one answer took.",
            ("method",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._open_calls = Gauge(
            "imggen_grpc_open_calls", "Calls that are being served.", registry=self.registry
        )
        self._refused = Counter(
            "imggen_refused_calls",
            "Calls that have ended with an error of the contract, by its reason.",
            ("reason",),
            registry=self.registry,
        )
        self.accepted_jobs = Counter(
            "imggen_accepted_jobs",
            "Jobs that were accepted and are to be drawn, by the lane of their first choice.",
            ("lane",),
            registry=self.registry,
        )
        self.watchers = Gauge("imggen_watchers", "Open WatchJob streams.", registry=self.registry)
        self.followers = Gauge(
            "imggen_followers", "Open WatchEvents streams.", registry=self.registry
        )
        self.alerts = Counter(
            "imggen_alerts",
            "Alerts to operators that this gateway has sent.",
            ("kind",),
            registry=self.registry,
        )
        self.refused_texts = Counter(
            "imggen_refused_texts",
            "Texts that were refused, by where they were checked and why.",
            ("stage", "category", "rule"),
            registry=self.registry,
        )
        self._connections = Gauge(
            "imggen_database_connections",
            "Connections of the database pool.",
            ("state",),
            registry=self.registry,
        )
        self._closed = Counter(
            "imggen_closed_http_connections",
            "Connections that were closed because the port had as many as it may have.",
            ("port",),
            registry=self.registry,
        )
        self.outbox_held = Gauge(
            "imggen_outbox_held_seconds",
            "The age of each open transaction that holds back events, from 10 seconds on.",
            ("pid", "name"),
            registry=self.registry,
        )
        self._given_up = Counter(
            "imggen_database_given_up",
            "Times that the connections of the database pool were given up, by the reason.",
            ("why",),
            registry=self.registry,
        )
        self._listener_breaks = Counter(
            "imggen_listener_breaks",
            "Times that the connection broke on which this gateway hears of changes, by the cause.",
            ("why",),
            registry=self.registry,
        )
        self.serving = Gauge(
            "imggen_serving",
            "1 while health checks are answered SERVING.",
            registry=self.registry,
        )
        self.last_sweep = Gauge(
            "imggen_last_sweep_timestamp_seconds",
            "When this gateway last ended a sweep, in seconds since 1970; 0 if it has not.",
            registry=self.registry,
        )
        self.kept_orphans = Gauge(
            "imggen_kept_orphans",
            "Objects that the database does not know and that the last whole search by this gateway"
            " has left, since they are too many for a day.",
            registry=self.registry,
        )
        self._skew = Gauge(
            "imggen_clock_skew_seconds",
            "By how much the clock of this machine is ahead of the database's.",
            registry=self.registry,
        )
        # `labels()` takes a lock and hashes its arguments, so the children are kept.
        self._children: dict[tuple[str, grpc.StatusCode], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def count_call(self, method: str, code: grpc.StatusCode) -> None:
        """Counts a call that has ended."""
        child = self._children.get((method, code))
        if child is None:
            child = self._children[method, code] = self._calls.labels(method, code.name)
        child.inc()

    def count_refusal(self, reason: str) -> None:
        """Counts a call that has ended with an error of the contract."""
        self._refused.labels(reason).inc()

    def count_closed(self, port: str) -> Callable[[], None]:
        """Returns what counts a connection that was closed, since the port had too many."""
        return self._closed.labels(port).inc

    def time_call(self, method: str, seconds: float) -> None:
        """Adds the time that a call with one answer took."""
        timer = self._timers.get(method)
        if timer is None:
            timer = self._timers[method] = self._seconds.labels(method)
        timer.observe(seconds)

    def count_expiry(self, why: str) -> None:
        """Counts that the pool's connections were given up."""
        self._given_up.labels(why).inc()

    def count_listener_break(self, why: str) -> None:
        """Counts that the connection for signals broke."""
        self._listener_breaks.labels(why).inc()

    def read_open_calls(self, read: Callable[[], int]) -> None:
        """Reads the number of open calls from `read` at each scrape."""
        self._open_calls.set_function(read)

    def read_connections(self, read: Callable[[], tuple[int, int]]) -> None:
        """Reads the pool's connections, idle and all, from `read` at each scrape."""
        self._connections.labels("idle").set_function(lambda: read()[0])
        self._connections.labels("used").set_function(lambda: read()[1] - read()[0])

    def read_skew(self, read: Callable[[], float]) -> None:
        """Reads by how many seconds this machine's clock is ahead from `read` at each scrape."""
        self._skew.set_function(read)

    def page(self) -> bytes:
        """Returns all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)
