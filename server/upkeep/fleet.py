"""Metrics of the fleet, which every gateway reads from the database and exports alike."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from time import monotonic

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from server.domain.fleet import BudgetState, FleetState, LaneState, OutboxState
from server.domain.health import HealthState, ProviderHealth
from server.errors import Unavailable
from server.metrics import GatewayMetrics
from server.routing.catalogue import Catalogue
from server.store import Store

_FRESH_S = 5.0
_PATIENCE_S = 2.0
_MICROS = 1_000_000
_log = logging.getLogger(__name__)


class FleetMetrics(Collector):
    """The newest state of the fleet as metrics; without one, `imggen_fleet_known` is 0.

    While the database is away there are no values rather than old ones.
    """

    def __init__(
        self, store: Store, metrics: GatewayMetrics, paid: Collection[str], catalogue: Catalogue
    ) -> None:
        """Takes the providers that are paid, and the models that are offered."""
        self._store = store
        self._catalogue = catalogue
        self._paid = frozenset(paid)
        self._state: FleetState | None = None
        self._fresh_until = 0.0
        self._reading = asyncio.Lock()
        metrics.registry.register(self)

    async def refresh(self) -> None:
        """Reads the state, unless it was read within the last seconds."""
        async with self._reading:
            if monotonic() < self._fresh_until:
                return
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    self._state = await self._read()
            except (Unavailable, TimeoutError):
                # The watch over the database logs it.
                self._state = None
            except Exception:
                # A scrape has other metrics as well.
                _log.exception("fleet not read")
                self._state = None
            self._fresh_until = monotonic() + _FRESH_S

    async def _read(self) -> FleetState:
        fleet, health = self._store.fleet, self._store.health
        scopes = {"global", *(f"provider:{name}" for name in self._paid)}
        return FleetState(
            tuple(await fleet.lanes()),
            tuple(await fleet.budgets(scopes)),
            tuple(self._known(await health.all())),
            await fleet.outbox(),
        )

    def _known(self, health: Collection[ProviderHealth]) -> Iterator[ProviderHealth]:
        """Yields the health of what is offered; a paid provider that never failed has no row."""
        failed = {one.provider for one in health if not one.model}
        drawing = {row.provider for row in self._catalogue.models}
        for provider in sorted(self._paid & drawing - failed):
            yield ProviderHealth(provider, "", HealthState.WELL)
        yield from self._catalogue.offered(health)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the metrics of the newest state."""
        return families_of(self._state)


def families_of(state: FleetState | None) -> Iterator[GaugeMetricFamily]:
    """Yields the metrics of a state, without samples for None."""
    yield GaugeMetricFamily(
        "imggen_fleet_known",
        "1 while the database tells the metrics of the fleet.",
        value=float(state is not None),
    )
    yield from _lanes(() if state is None else state.lanes)
    yield from _budgets(() if state is None else state.budgets)
    yield _providers(() if state is None else state.health)
    yield from _outbox(None if state is None else state.outbox)


def _lanes(lanes: Collection[LaneState]) -> Iterator[GaugeMetricFamily]:
    def family(name: str, text: str, value: Callable[[LaneState], float]) -> GaugeMetricFamily:
        made = GaugeMetricFamily(name, text, labels=("lane",))
        for one in lanes:
            made.add_metric((one.lane,), value(one))
        return made

    yield family(
        "imggen_waiting_jobs",
        "Jobs that wait in a lane; one that waits in several counts in each.",
        lambda one: one.waiting,
    )
    yield family(
        "imggen_oldest_waiting_seconds",
        "How long the oldest job waits that the lane may take now, in a batch also for the jobs"
        " that it needs; 0 without one, and while the lane is paused.",
        lambda one: one.oldest.total_seconds() if one.oldest else 0,
    )
    yield family(
        "imggen_lane_paused",
        "1 while an admin has paused the lane: nothing is claimed there.",
        lambda one: float(one.paused),
    )
    yield family("imggen_running_jobs", "Jobs that a worker runs.", lambda one: one.running)
    yield family("imggen_ready_workers", "Workers that claim.", lambda one: one.workers)
    yield family("imggen_ready_slots", "Jobs that they run at once.", lambda one: one.slots)


def _budgets(budgets: Collection[BudgetState]) -> Iterator[GaugeMetricFamily]:
    limit, held, spent = (
        GaugeMetricFamily(f"imggen_budget_{name}_usd", text, labels=("scope",))
        for name, text in (
            ("limit", "The limit of a budget for a day; none for a scope without one."),
            ("held", "What is held of a budget for calls that may cost it, today (UTC)."),
            ("spent", "What paid calls have cost today (UTC)."),
        )
    )
    for one in budgets:
        if one.limit_micros is not None:
            limit.add_metric((one.scope,), one.limit_micros / _MICROS)
        held.add_metric((one.scope,), one.held_micros / _MICROS)
        spent.add_metric((one.scope,), one.spent_micros / _MICROS)
    yield from (limit, held, spent)


def _providers(health: Collection[ProviderHealth]) -> GaugeMetricFamily:
    states = GaugeMetricFamily(
        "imggen_provider_state",
        "1 for the state of a provider of offered models, or of one of them that is off, else 0.",
        labels=("provider", "model", "state"),
    )
    for one in health:
        for state in HealthState:
            states.add_metric((one.provider, one.model, state), float(state is one.state))
    return states


def _outbox(outbox: OutboxState | None) -> Iterator[GaugeMetricFamily]:
    oldest = GaugeMetricFamily(
        "imggen_outbox_oldest_seconds", "The age of the oldest change that the outbox keeps."
    )
    unsettled = GaugeMetricFamily(
        "imggen_outbox_unsettled_seconds",
        "The age of the oldest change that followers do not get, as an older transaction is open.",
    )
    if outbox is not None:
        oldest.add_metric((), outbox.oldest.total_seconds() if outbox.oldest else 0)
        unsettled.add_metric((), outbox.unsettled.total_seconds() if outbox.unsettled else 0)
    yield from (oldest, unsettled)
