"""A preview is shown once it is checked; a refused one, or one without a verdict, is withheld."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from actors.testing.classifying import ScriptedPictures
from actors.worker.pictures import JobPictures, Previews
from actors.worker.reporting import Reporter, Stop
from server.domain.jobs import Claim
from server.domain.states import Lane, Stage
from server.store import Store
from server.store.signals import Signals
from tests.builders import new_job, new_user
from tests.integration.job_queue import until

LONG = timedelta(hours=1)


class Watched:
    """A claimed job that somebody watches with previews."""

    def __init__(self, store: Store, claim: Claim) -> None:
        self.store = store
        self.claim = claim
        self.stops: list[Stop] = []

    @asynccontextmanager
    async def rendering(self, looks: ScriptedPictures | None) -> AsyncIterator[Previews]:
        """Yields the progress of a render, once its worker knows of the watcher."""
        reporter = Reporter(self.store, Signals(self.store.database), self.claim, self.stops.append)
        async with reporter.running():
            await reporter.enter(Stage.RENDERING)
            async with JobPictures(looks).previewing(self.claim, reporter) as previews:
                assert previews.watched.is_set()
                yield previews

    async def shown(self) -> list[tuple[bytes, str | None]]:
        """Returns the preview that watchers get, and which classifier has checked it."""
        rows = await self.store.database.fetch("SELECT jpeg, checked_by FROM job_previews")
        return [tuple(row) for row in rows]

    async def at(self, step: int) -> bool:
        """Waits until a step is reported."""

        async def there() -> bool:
            row = await self.store.database.fetchrow("SELECT step FROM job_progress")
            return row is not None and row["step"] == step

        return bool(await until(there))


@pytest.fixture
async def job(store: Store) -> Watched:
    """Returns a watched job."""
    user = await new_user(store)
    new = new_job(user)
    await store.submits.submit(new)
    [claim] = await store.leases.claim("w", Lane.LOCAL, 1, LONG)
    await store.watches.renew([new.id], LONG)
    return Watched(store, claim)


async def test_a_preview_that_passes_is_shown_with_the_name_of_its_classifier(job: Watched) -> None:
    async with job.rendering(ScriptedPictures()) as previews:
        previews.step(1, 20, b"first")

        async def shown() -> bool:
            return await job.shown() == [(b"first", "scripted")]

        assert await until(shown)
        previews.step(2, 20)
        assert await job.at(2)
        assert await job.shown() == [(b"first", "scripted")]


@pytest.mark.parametrize("why", ["refused", "away"])
async def test_a_preview_that_does_not_pass_is_withheld_and_the_next_one_is_shown(
    job: Watched, why: str
) -> None:
    looks = ScriptedPictures({1: ("sexual",)} if why == "refused" else {}, away=why == "away")
    async with job.rendering(looks) as previews:
        previews.step(1, 20, b"first")

        async def looked() -> bool:
            return looks.asked == [b"first"] or (why == "away" and looks.away == 0)

        assert await until(looked)
        # Had it been shown, then before this step.
        previews.step(2, 20)
        assert await job.at(2)
        assert await job.shown() == []
        previews.step(3, 20, b"second")

        async def shown() -> bool:
            return await job.shown() == [(b"second", "scripted")]

        assert await until(shown)


async def test_steps_do_not_wait_for_a_check_and_only_the_newest_preview_is_checked(
    job: Watched,
) -> None:
    looks = ScriptedPictures()
    async with job.rendering(looks) as previews:
        for step in range(1, 6):
            previews.step(step, 20, str(step).encode())

        async def shown() -> bool:
            return await job.shown() == [(b"5", "scripted")]

        assert await until(shown)
    assert looks.asked == [b"5"]


async def test_without_a_classifier_a_preview_is_shown_as_not_checked(job: Watched) -> None:
    async with job.rendering(None) as previews:
        previews.step(1, 20, b"first")
        assert await job.at(1)
        assert await job.shown() == [(b"first", None)]
