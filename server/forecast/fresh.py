"""Values that are loaded again when they are too old."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Generic, TypeVar

from server.errors import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Entry(Generic[V]):
    value: V
    known: bool = False  # whether a load of it has ended
    loaded_at: float = 0.0
    loading: asyncio.Task[None] | None = None


class Fresh(Generic[K, V]):
    """A cache that loads a key's value again once it is older than `fresh_s`.

    One load of a key runs at a time. The caller that starts it waits for it; others get the old
    value meanwhile, and wait only if there is none. When a load raises, the old value is kept for
    another `fresh_s`; if there is none, it is `otherwise` for Unavailable, and other errors are
    raised.
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        otherwise: V,
        *,
        fresh_s: float,
        most: int = 1_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Keeps `most` keys; beyond that, the key whose last load is the oldest is dropped.

        A key that is loading is never dropped, so there can be more keys while they load.
        """
        self._load = load
        self._otherwise = otherwise
        self._fresh_s = fresh_s
        self._most = most
        self._clock = clock
        self._entries: dict[K, _Entry[V]] = {}  # in the order of their latest loads

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: K) -> V:
        """Returns the value of a key; raises what its first load raises, except Unavailable."""
        entry = self._entries.get(key) or _Entry(self._otherwise)
        if entry.loading is not None:
            loading = None if entry.known else entry.loading
        elif entry.known and self._clock() - entry.loaded_at < self._fresh_s:
            loading = None
        else:
            self._move_last(key, entry)
            # Others wait for it, too: nothing of this caller, such as its span, goes along.
            loading = asyncio.create_task(self._reload(key, entry), context=Context())
            entry.loading = loading
            loading.add_done_callback(_retrieve)
        if loading is not None:
            # A cancelled caller does not cancel the load, for which others may wait.
            await asyncio.shield(loading)
        return entry.value

    def _move_last(self, key: K, entry: _Entry[V]) -> None:
        self._entries.pop(key, None)
        idle = (one for one, other in self._entries.items() if other.loading is None)
        for one in list(islice(idle, max(0, len(self._entries) + 1 - self._most))):
            del self._entries[one]
        self._entries[key] = entry

    async def _reload(self, key: K, entry: _Entry[V]) -> None:
        try:
            entry.value = await self._load(key)
        except Unavailable:
            pass
        except Exception:
            # An old value serves its callers better than an error that repeats at every call.
            if not entry.known:
                raise
            _log.exception("value not loaded again", extra={"key": str(key)})
        finally:
            entry.loading = None
        entry.known = True
        entry.loaded_at = self._clock()


def _retrieve(load: asyncio.Task[None]) -> None:
    """Marks a load's error as seen: the callers that it would be raised to may all be cancelled."""
    if not load.cancelled():
        load.exception()
