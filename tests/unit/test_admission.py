"""Admission: budget, lineage and requests that come again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.admission.backlog import Backlog, QueueLimits
from server.admission.jobs import Admission
from server.admission.users import Accounts
from server.domain.ids import ImageId, JobId
from server.domain.jobs import NewJob, Placement
from server.errors import Conflict, FailedPrecondition, ResourceExhausted
from server.forecast.jobs import Forecast
from server.store.signals import WAKE, Signals
from tests.builders import new_job, request_key
from tests.unit.scripted import job_row, scripted_store, somebody, take_jobs

USER = somebody().user_id
HOLD = "AS held FROM"


class Office:
    """Is an admission with a budget, on a scripted database that takes every job."""

    def __init__(self, budget_micros: int = 0, limits: QueueLimits | None = None) -> None:
        store, self.database = scripted_store()
        self.signals = Signals(self.database)
        forecast = Forecast(store.jobs.outlook)
        backlog = Backlog(store.jobs.waiting, forecast, limits or QueueLimits())
        self.admission = Admission(store, self.signals, budget_micros, backlog)
        take_jobs(self.database)

    async def words(self) -> list[Any]:
        """Returns what was said on which channel."""
        async with self.signals.running():
            pass
        return [statement.args for statement in self.database.ran("pg_notify")]


def regeneration(**changes: Any) -> NewJob:
    return new_job(USER, placement=Placement(lineage_id=ImageId(uuid4())), **changes)


async def test_a_job_is_committed_before_a_worker_is_woken() -> None:
    office = Office()
    order = new_job(USER)
    job = await office.admission.admit(order)
    assert (job.id, job.max_retries) == (order.id, 3)
    assert await office.words() == [(WAKE, "local")]


async def test_the_same_request_has_the_same_answer_and_wakes_nobody() -> None:
    office = Office()
    order = new_job(USER, request=request_key())
    earlier = job_row(request_hash=b"same")
    office.database.answer("INSERT INTO image_generation_jobs")
    office.database.answer("FROM image_generation_jobs", earlier)
    assert (await office.admission.admit(order)).id == earlier["id"]
    assert await office.words() == []


async def test_another_request_under_the_same_id_is_a_conflict() -> None:
    office = Office()
    office.database.answer("INSERT INTO image_generation_jobs")
    office.database.answer("FROM image_generation_jobs", job_row(request_hash=b"other"))
    with pytest.raises(Conflict, match="use a new UUID"):
        await office.admission.admit(new_job(USER, request=request_key()))


async def test_a_price_is_held_and_one_beyond_the_budget_is_refused_until_tomorrow() -> None:
    office = Office(budget_micros=50)
    office.database.answer(HOLD, {"held": True})
    order = new_job(USER, price_micros=40)
    await office.admission.admit(order)
    assert office.database.ran(HOLD)[0].args == ([order.id], 50)

    office.database.answer(HOLD, {"held": False})
    with pytest.raises(ResourceExhausted, match="USD") as caught:
        await office.admission.admit(new_job(USER, price_micros=40))
    assert caught.value.retry_after is not None
    assert timedelta(0) < caught.value.retry_after <= timedelta(days=1)


async def test_a_regeneration_is_the_next_version_of_its_lineage() -> None:
    office = Office()
    office.database.answer("max(version)", {"version": 4})
    await office.admission.admit(regeneration())
    [stored] = office.database.ran("INSERT INTO image_generation_jobs")
    assert [job["version"] for job in stored.args[0]] == [5]


async def test_a_lineage_ends_after_five_regenerations() -> None:
    office = Office()
    office.database.answer("max(version)", {"version": 6})
    with pytest.raises(FailedPrecondition, match="its 5 regenerations"):
        await office.admission.admit(regeneration())


async def test_a_regeneration_that_comes_again_is_answered_though_its_lineage_is_full() -> None:
    office = Office()
    earlier = job_row(request_hash=b"same")
    office.database.answer("FROM image_generation_jobs", earlier)
    office.database.answer("max(version)", {"version": 6})
    job = await office.admission.admit(regeneration(request=request_key()))
    assert job.id == earlier["id"]


async def test_a_job_is_queued_again_with_its_money_held() -> None:
    office = Office(budget_micros=50)
    office.database.answer(HOLD, {"held": True})
    office.database.answer("sum(estimated_micros) AS micros FROM job,", {"micros": 30})
    job = JobId(uuid4())
    assert await office.admission.readmit(USER, job, None)
    assert office.database.ran(HOLD)[0].args == ([job], 50)
    assert await office.words() == [(WAKE, "local")]


async def test_a_job_that_cannot_be_queued_again_holds_nothing() -> None:
    office = Office()
    assert not await office.admission.readmit(USER, JobId(uuid4()), None)
    assert await office.words() == []


async def test_a_caller_is_stored_once() -> None:
    store, database = scripted_store()
    accounts, mia = Accounts(store), somebody()
    for _ in range(3):
        await accounts.ensure(mia)
    assert [statement.args[0] for statement in database.ran("INSERT INTO users")] == [mia.user_id]
