"""Scaling of model deployments on what waits in the database.

Serve's own policy counts requests. Workers pull jobs, and send few requests at once however many
jobs wait in the database.
"""

import asyncio
import logging
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
_log = logging.getLogger(__name__)


class BacklogPolicy:
    """Wants as many replicas as draw what a lane has within a time.

    Serve calls it in its controller, by `policy_function: actors.serve.scaling:BacklogPolicy`, and
    applies the config's least and most replicas and its delays to what it returns. While the
    database is away, the replicas stay as they are.
    """

    def __init__(
        self,
        *,
        drawn_within_s: float = 60.0,
        unmeasured_s: float = 10.0,
        lane: str = Lane.LOCAL.value,
        model: str | None = None,
        poll_s: float = 2.0,
    ) -> None:
        """Takes the time within which what waits is to be drawn, and the replicas' lane.

        With a `model`, only what that may draw counts: others draw in the lane, too.

        `unmeasured_s` is how long a picture takes before any was measured, `poll_s` how often the
        database is asked. Raises ValueError for a lane that does not exist, or a time of 0 or less.
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
        self._lane = Lane(lane)
        self._model = model
        self._poll_s = poll_s
        self._asked_at = float("-inf")
        self._found: tuple[float, Demand] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._warned = False

    def __call__(self, context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
        """Returns how many replicas are wanted, and nothing to remember."""
        now = monotonic()
        if self._asking is None and now - self._asked_at >= self._poll_s:
            self._asked_at = now
            # One task a question: a loop would keep the policy alive after a redeploy.
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        if self._found is None or now - self._found[0] > _KEPT_POLLS * self._poll_s:
            return context.target_num_replicas, {}
        wanted = replicas_for(self._found[1], self._within, self._unmeasured)
        # Serve starts a replica for every request that it finds none for, and knows those of the
        # latest seconds: without a request it stays at none.
        return max(wanted, 1 if context.total_num_requests > 0 else 0), {}

    async def _ask(self) -> None:
        try:
            async with open_store(
                WorkerSettings().database, max_connections=1, warns=not self._warned
            ) as store:
                self._warned = True
                self._found = monotonic(), await store.demands.of(self._lane, self._model)
        except Unavailable as error:
            _log.warning("replicas kept", extra={"lane": self._lane, "error": said_of(error)})
        except Exception:
            # Nobody awaits the task. The replicas stay as they are, and the log says why.
            _log.exception("scaling broken", extra={"lane": self._lane})
        finally:
            self._asking = None


def replicas_for(demand: Demand, within: timedelta, unmeasured: timedelta) -> int:
    """Returns how many replicas draw all of a lane within a time; never more than it has jobs.

    What waits already for longer than that is drawn by as many more as it is late.
    """
    jobs = demand.waiting + demand.running
    render = unmeasured if demand.render is None else demand.render
    late = max(1.0, demand.oldest / within)
    return min(jobs, ceil(jobs * (render / within) * late))
