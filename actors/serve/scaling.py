"""Scaling of model deployments on what waits in the database.

Serve's own policy counts requests. Workers pull jobs, and send few requests at once however many
jobs wait in the database.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil
from time import monotonic
from typing import Any

from ray.serve.config import AutoscalingContext

from actors.settings import WorkerSettings
from server.domain.lanes import Demand
from server.domain.states import Lane
from server.errors import Unavailable
from server.store import open_store
from server.store.causes import said_of

_KEPT_POLLS = 3
_TOLD_WITHIN_S = 20.0
"""The time within which workers tell of replicas that have come: two of their heartbeats."""
_log = logging.getLogger(__name__)


class BacklogPolicy:
    """Wants as many replicas as draw what its lanes have within a time.

    Serve calls it in its controller, by `policy_function: actors.serve.scaling:BacklogPolicy`, and
    applies the config's least and most replicas and its delays to what it returns. While the
    database is away, the replicas stay as they are.
    """

    def __init__(
        self,
        *,
        drawn_within_s: float = 60.0,
        unmeasured_s: float = 10.0,
        lanes: Sequence[str] = (Lane.LOCAL.value,),
        model: str | None = None,
        poll_s: float = 2.0,
    ) -> None:
        """Takes the time within which what waits is to be drawn, and the lanes of the replicas.

        Those of what holds the upscaler are `upscale`, too. With a `model`, only what that may draw
        counts, and upscales of what it drew: others draw in the lanes, too.

        `unmeasured_s` is how long a picture takes before any was measured, `poll_s` how often the
        database is asked. Raises ValueError for no lane, one that does not exist, or a time of 0 or
        less.
        """
        for name, seconds in (
            ("drawn_within_s", drawn_within_s),
            ("unmeasured_s", unmeasured_s),
            ("poll_s", poll_s),
        ):
            if not seconds > 0:
                raise ValueError(f"{name}: {seconds} is not above 0")
        self._within = timedelta(seconds=drawn_within_s)
        self._unmeasured = timedelta(seconds=unmeasured_s)
        if isinstance(lanes, str) or not lanes:
            raise ValueError(f"lanes: {lanes!r} is no list of lanes; use [local, upscale]")
        self._lanes = tuple(Lane(lane) for lane in lanes)
        self._model = model
        self._poll_s = poll_s
        self._asked_at = float("-inf")
        self._found: tuple[float, list[Demand]] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._warned = False
        self._told_of = ToldOf()

    def __call__(self, context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
        """Returns how many replicas are wanted, and nothing to remember."""
        now = monotonic()
        if self._asking is None and now - self._asked_at >= self._poll_s:
            self._asked_at = now
            # One task a question: a loop would keep the policy alive after a redeploy.
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        if self._found is None or now - self._found[0] > _KEPT_POLLS * self._poll_s:
            return context.target_num_replicas, {}
        told_of = self._told_of.among(context.current_num_replicas, now)
        wanted = replicas_for(self._found[1], self._within, self._unmeasured, told_of)
        # Serve starts a replica for every request that it finds none for, and knows those of the
        # latest seconds: without a request it stays at none.
        return max(wanted, 1 if context.total_num_requests > 0 else 0), {}

    async def _ask(self) -> None:
        try:
            async with open_store(
                WorkerSettings().database, max_connections=1, warns=not self._warned
            ) as store:
                self._warned = True
                demands = [await store.demands.of(lane, self._model) for lane in self._lanes]
                self._found = monotonic(), demands
        except Unavailable as error:
            _log.warning("replicas kept", extra={"lane": self._named, "error": said_of(error)})
        except Exception:
            # Nobody awaits the task. The replicas stay as they are, and the log says why.
            _log.exception("scaling broken", extra={"lane": self._named})
        finally:
            self._asking = None

    @property
    def _named(self) -> str:
        return ", ".join(self._lanes)


class ToldOf:
    """The replicas that draw what workers say is drawn at once: the fewest of the latest time.

    Divided among those that have just come as well, each would seem to draw less, and still more
    would be started. While none runs, what was told last is that of those that ran last.
    """

    def __init__(self) -> None:
        self._ran = deque([(float("-inf"), 1)])
        """When so many ran last, the fewest first."""

    def among(self, running: int, now: float) -> int:
        """Returns how many they are while so many run."""
        running = running or self._ran[-1][1]
        while self._ran and self._ran[-1][1] >= running:
            self._ran.pop()
        self._ran.append((now, running))
        while now - self._ran[0][0] > _TOLD_WITHIN_S:
            self._ran.popleft()
        return self._ran[0][1]


def replicas_for(
    demands: Iterable[Demand], within: timedelta, unmeasured: timedelta, replicas: int = 1
) -> int:
    """Returns how many replicas draw all of some lanes within a time; never more than their jobs.

    What waits already for longer than that is drawn by as many more as it is late. So many
    `replicas` share what is drawn at once.
    """
    all_jobs, wanted = 0, 0.0
    for demand in demands:
        jobs = demand.waiting + demand.running
        render = unmeasured if demand.render is None else demand.render
        late = max(1.0, demand.oldest / within)
        all_jobs += jobs
        wanted += jobs * (render / within) * late / max(1.0, demand.at_once / replicas)
    return min(all_jobs, ceil(wanted))
