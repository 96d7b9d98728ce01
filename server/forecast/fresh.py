"""Values that are loaded again when they are no longer fresh."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from server.errors import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class _Entry(Generic[V]):
    value: V
    known: bool = False  # whether a load of it has ended
    loaded_at: float = 0.0
    loading: asyncio.Task[None] | None = None


class Fresh(Generic[K, V]):
    """Keeps a value for each key, and loads it again where it is older than `fresh_s`.

    One load of a key runs at a time. Who begins it waits for it; others are given the value of
    before meanwhile, and wait only where there is none. A load that is Unavailable leaves the
    value of before for another `fresh_s`, or `otherwise` where there is none.
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
        """Takes what loads a value. Of more than `most` keys, the longest not loaded is dropped."""
        self._load = load
        self._otherwise = otherwise
        self._fresh_s = fresh_s
        self._most = most
        self._clock = clock
        self._entries: dict[K, _Entry[V]] = {}  # in the order of their latest loads

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: K) -> V:
        """Returns the value of a key; raises what its load does, but for Unavailable."""
        entry = self._entries.get(key) or _Entry(self._otherwise)
        if entry.loading is not None:
            loading = None if entry.known else entry.loading
        elif entry.known and self._clock() - entry.loaded_at < self._fresh_s:
            loading = None
        else:
            self._move_last(key, entry)
            loading = entry.loading = asyncio.create_task(self._reload(key, entry))
        if loading is not None:
            # Who gives up waiting does not end the load, for which others may wait.
            await asyncio.shield(loading)
        return entry.value

    def _move_last(self, key: K, entry: _Entry[V]) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= self._most:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry

    async def _reload(self, key: K, entry: _Entry[V]) -> None:
        try:
            with suppress(Unavailable):
                entry.value = await self._load(key)
            entry.known = True
            entry.loaded_at = self._clock()
        finally:
            entry.loading = None
