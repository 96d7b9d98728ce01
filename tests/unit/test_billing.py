"""Billing: what is held as a call begins decides whether its previews are asked for."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import pytest

from actors.providers.fake import FakeProvider
from actors.worker.billing import BilledProvider
from actors.worker.payments import Payments
from server.domain.ids import ImageId, JobId, UserId
from server.domain.jobs import Claim
from server.domain.states import Lane
from server.routing.catalogue import KNOWN
from server.routing.formats import RATIOS, scene_format
from server.routing.wishes import Offer
from server.store.database import Executor
from server.store.money import Money
from tests.provider_suite import Recorder
from tests.unit.hosted import MIA, content

FAKE = KNOWN["fake"]
FORMAT = scene_format(FAKE, RATIOS["1:1"])
ONE = UUID(int=1)


@dataclass
class Database:
    """A database that begins every call; somebody starts to watch while it does."""

    progress: Recorder

    async def fetchrow(self, query: str, *args: Any) -> dict[str, Any]:
        self.progress.watched.set()
        return {"answer": "begun", "job_id": None}


@pytest.mark.parametrize("previews_micros", [0, 9_000])
async def test_who_watches_while_the_call_is_held_gets_previews_that_cost_nothing_only(
    previews_micros: int,
) -> None:
    progress = Recorder()
    offer = Offer(FAKE, FORMAT, "hd", 10_000, 10_000, 1.0, 0.0, 1.0, previews_micros)
    claim = Claim(
        *(JobId(ONE), UserId(ONE), ImageId(ONE), 1, content(MIA).spec, Lane.HOSTED, "fake", 0)
    )
    money = Money(cast(Executor, Database(progress)))

    async def write(end: Any) -> bool:
        return bool(await end())

    payments = Payments(claim, money, write)
    provider = BilledProvider(FakeProvider(), offer, claim.limits, payments)
    await provider.render(content(MIA), FORMAT, (), progress)
    assert bool(progress.previews) is (previews_micros == 0)
    assert progress.reports
