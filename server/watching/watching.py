"""All watching of a gateway: jobs, batches, plans and the feed, with one connection for signals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.databases import Address
from server.store import Store
from server.store.signals import CHANGED, WAKE, Listener
from server.watching.batches import BatchWatches
from server.watching.feed import CHECKPOINT_S, Feed
from server.watching.jobs import JobWatches
from server.watching.loop import SILENCE_S
from server.watching.plans import PlanWatches


class Watching:
    """The watches of jobs, batches and plans, and the feed.

    Each stream sends something at least every `silence_s` seconds.
    """

    def __init__(self, store: Store, where: str | Address, *, silence_s: float = SILENCE_S) -> None:
        self.jobs = JobWatches(store, silence_s=silence_s)
        self.batches = BatchWatches(store, silence_s=silence_s)
        self.plans = PlanWatches(store)
        self.feed = Feed(store, checkpoint_s=min(CHECKPOINT_S, silence_s))
        self.listener = Listener(where, silent=store.database.expire)
        for watches in (self.jobs, self.batches, self.plans):
            self.listener.subscribe(CHANGED, watches.hear, watches.change_all)
        # The feed needs both channels: a new job has no watchers, so its signal wakes workers only.
        for channel in (CHANGED, WAKE):
            self.listener.subscribe(channel, lambda _: self.feed.wake(), self.feed.wake)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens and reads in the background while entered."""
        async with (
            self.feed.running(),
            self.jobs.running(),
            self.batches.running(),
            self.plans.running(),
            self.listener.running(),
        ):
            yield
