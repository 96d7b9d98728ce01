"""Operators are told of models that retire as long as a gateway runs."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from server.routing.catalogue import KNOWN, Catalogue
from server.upkeep.retirements import RetirementNotices

OLD = replace(KNOWN["fake"], name="old", retires_on=date(2026, 12, 31))
START = datetime(2026, 11, 30, 22, tzinfo=UTC)


class Clock:
    """A clock that each look at it sets forward."""

    def __init__(self, step: timedelta) -> None:
        self._now = START - step
        self.days_over = asyncio.Event()
        self._step = step

    def now(self) -> datetime:
        """Returns the time, a step later than before."""
        self._now += self._step
        if self._now >= START + timedelta(days=3):
            self.days_over.set()
        return self._now


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Returns what was logged."""
    return [one.__dict__["why"] for one in caplog.records if one.message == "model retires"]


def test_each_day_has_its_notices_once(caplog: pytest.LogCaptureFixture) -> None:
    notices = RetirementNotices(Catalogue([OLD, KNOWN["storybook"]]), Clock(timedelta(hours=1)))
    counts = []
    for _ in range(28):
        notices.tell()
        counts.append(len(told(caplog)))
    # From midnight on it is 30 days.
    assert counts == [0, 0, *[1] * 24, 2, 2]
    assert all(why.startswith("old: fake retires it on 2026-12-31") for why in told(caplog))


async def test_a_gateway_that_runs_goes_on_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(timedelta(hours=6))
    async with asyncio.timeout(60), RetirementNotices(Catalogue([OLD]), clock).running(0.001):
        await clock.days_over.wait()
    assert len(told(caplog)) >= 3
