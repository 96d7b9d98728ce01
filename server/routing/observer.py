"""The observer: what the router is told, read from the store and kept for a moment."""

import asyncio
from datetime import datetime, time, timedelta
from time import monotonic

from server.domain.ids import UserId
from server.domain.states import Lane
from server.routing.conditions import BudgetRest, Conditions, GpuCost, LaneLoad, Soundness, Speed
from server.store import Store
from server.store.conditions import Observed, observe

_PROVIDER = "provider:"
_MOST_USERS = 1_000


class Observer:
    """Reads conditions; those of a user are kept for `fresh_s` seconds.

    The budgets, whose rest changes meanwhile, are checked again where money is held.
    """

    def __init__(self, store: Store, gpu: GpuCost, *, fresh_s: float = 1.0) -> None:
        self._store = store
        self._gpu = gpu
        self._fresh_s = fresh_s
        self._kept: dict[UserId | None, tuple[float, Conditions]] = {}
        self._reading = asyncio.Lock()

    async def conditions(self, user: UserId | None = None) -> Conditions:
        """Returns the conditions, with the rest of a user's budget if one is named."""
        if (known := self._known(user)) is not None:
            return known
        async with self._reading:  # others that ask meanwhile take what this reads
            if (known := self._known(user)) is not None:
                return known
            began = monotonic()
            found = await self._read(user)
            if len(self._kept) >= _MOST_USERS:
                self._kept.clear()
            self._kept[user] = (began, found)
            return found

    def forget(self) -> None:
        """Reads again at the next question, since something has just changed."""
        self._kept.clear()

    def forget_before(self, user: UserId, began: float) -> bool:
        """Forgets what was read of a user before a time; returns whether there was anything."""
        kept = self._kept.get(user)
        if kept is None or kept[0] >= began:
            return False
        del self._kept[user]
        return True

    def _known(self, user: UserId | None) -> Conditions | None:
        kept = self._kept.get(user)
        return kept[1] if kept and monotonic() - kept[0] < self._fresh_s else None

    async def _read(self, user: UserId | None) -> Conditions:
        seen = await observe(self._store.database, user)
        health = await self._store.health.all()
        return Conditions(
            now=seen.now,
            lanes={lane: _load(seen, lane) for lane in Lane},
            held=seen.held,
            speeds={key: Speed(images, seconds) for key, (images, seconds) in seen.speeds.items()},
            scores={key: Soundness(images, mean) for key, (images, mean) in seen.scores.items()},
            health={(one.provider, one.model): one for one in health},
            gpu=self._gpu,
            rest=_rest(seen, user),
        )


def _load(seen: Observed, lane: Lane) -> LaneLoad:
    joins = lane is Lane.LOCAL
    return LaneLoad(
        seen.waiting.get(lane, 0),
        seen.slots.get(lane, 0),
        gain=seen.gain if joins else None,
        overlap=seen.overlap if joins else 1.0,
        paused=lane in seen.paused,
        cold_start_s=seen.cold_starts.get(lane, 0.0),
    )


def _rest(seen: Observed, user: UserId | None) -> BudgetRest:
    return BudgetRest(
        total=seen.rest.get("global"),
        user=seen.rest.get(f"user:{user}"),
        providers={
            scope.removeprefix(_PROVIDER): left
            for scope, left in seen.rest.items()
            if scope.startswith(_PROVIDER)
        },
        renews_at=midnight(seen.now),
        user_id=user,
    )


def midnight(now: datetime) -> datetime:
    """Returns when the next day's budgets begin: at midnight, UTC."""
    return datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
