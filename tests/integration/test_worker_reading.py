"""Pages are read by a paid model within budgets and limits; where they end, rules read."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actors.extractors import ExtractionFailed, PaidExtractor
from actors.extractors.answers import SCHEMA
from actors.extractors.chat import open_chat
from actors.extractors.pages import Page
from actors.extractors.price import ChatPrice
from actors.providers.base import Provider, ProviderFailed
from actors.providers.fake import FakeProvider, Turn
from actors.testing.models import every_model
from actors.testing.scripted import ScriptedRenderer
from actors.worker.billing import BilledExtractor
from actors.worker.patience import Patience
from actors.worker.payments import Payments
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.jobs import Claim, Job, NewJob
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.money import Begun, CallName, NewCall
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, JobStatus, Lane
from server.errors import Unavailable
from server.routing.catalogue import KNOWN, Catalogue
from server.routing.failover import FailureKind
from server.store import open_store
from server.store.money import Money
from tests.builders import new_job, render_spec
from tests.integration.cuttable_postgres import cuttable_postgres
from tests.integration.job_queue import JobQueue
from tests.wire.behaviours import Place, slow
from tests.wire.chat import REASONING_TOKENS
from tests.wire.contract import Operation
from tests.wire.records import Recorded
from tests.wire.schemas import filled
from tests.wire.server import WireServer

TEXT = "Mia sat on a red boat and counted the stars."
PAGE = Page(TEXT, ())
ANSWER = json.dumps(filled(SCHEMA, TEXT))
"""What the wire server answers to the page."""
PRICE = ChatPrice(Decimal(10), Decimal(20), 500)
PICTURE = 10_000
"""What the fake holds for a picture, and what a call costs that failed and is billed."""
LIMIT = 1_000_000
CHAT = [Operation.CHAT]
PAGED = render_spec(image_type=ImageType.SCENE, characters=(), page_text=TEXT)
LOCAL = Catalogue([KNOWN["storybook"]])
HOSTED = Catalogue([KNOWN["fake"]])


@pytest.fixture
async def chat(wire: WireServer) -> AsyncIterator[PaidExtractor]:
    """Yields the chat extractor, which asks the wire server."""
    async with open_chat(
        base_url=wire.base_url,
        api_key=wire.api_key,
        model="gpt-5-mini",
        provider="reader",
        price=PRICE,
        timeout_s=10.0,
    ) as extractor:
        yield extractor


def hold(chat: PaidExtractor) -> int:
    """Returns what a reading of the page can cost at most."""
    return chat.most_micros(PAGE)


def cost(asked: Recorded) -> int:
    """Returns what a reading did cost, by what was sent and answered."""
    messages = asked.fields["messages"]
    assert isinstance(messages, list)
    sent = 3 + sum(4 + len(one["content"].encode()) // 4 for one in messages)
    return sent * 10 + (REASONING_TOKENS + len(ANSWER.split())) * 20


def local() -> dict[str, Provider]:
    """Returns a free provider."""
    renderer = ScriptedRenderer()
    return {"storybook": every_model(renderer, renderer)["storybook"]}


def fake(script: Sequence[Turn] = ()) -> dict[str, Provider]:
    """Returns a paid provider."""
    return {"fake": FakeProvider(script)}


async def submit(
    queue: JobQueue,
    *,
    spec: RenderSpec = PAGED,
    hosted: bool = False,
    limit: int = LIMIT,
    **limits: Any,
) -> NewJob:
    """Submits a job that draws the page; a hosted one has its price held."""
    lane = JobLane(Lane.HOSTED, ("fake",)) if hosted else JobLane(Lane.LOCAL, ("storybook",))
    new = new_job(
        queue.user,
        spec=replace(spec, model=lane.models[0]),
        lanes=(lane,),
        limits=Limits(**limits),
        price_micros=PICTURE if hosted else 0,
        provider="fake" if hosted else "local",
    )
    async with queue.store.transaction() as tx:
        await tx.money.default_limit(limit)
        await tx.submits.submit(new)
        if hosted:
            assert await tx.money.hold([new.id], limit) is None
    queue.signals.wake([lane.lane])
    return new


async def drawn(
    queue: JobQueue, new: NewJob, chat: PaidExtractor, providers: dict[str, Provider] | None = None
) -> Job:
    """Runs a worker until the job has ended, on the free provider unless told otherwise."""
    async with queue.worker(
        extractor=chat,
        providers=providers or local(),
        catalogue=HOSTED if providers else LOCAL,
        poll_s=0.2,
    ):
        async with asyncio.timeout(60):
            while not (job := await queue.job(new.id)).status.ended:
                await asyncio.sleep(0.05)
            return job


async def calls(queue: JobQueue) -> list[tuple[object, ...]]:
    """Returns the paid calls in order: attempt, call, state, cost, reason."""
    assert await queue.store.database.fetch("SELECT * FROM money_differences") == []
    found = await queue.store.database.fetch(
        "SELECT attempt, call, state, cost_micros, reason FROM calls ORDER BY begun_at"
    )
    return [tuple(row) for row in found]


async def spent(queue: JobQueue, scope: str = "global") -> tuple[int, int]:
    """Returns what is held and spent today."""
    budget = await queue.store.budgets.get(scope)
    return budget.held_micros, budget.spent_micros


async def test_a_reading_is_settled_by_its_usage(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    new = await submit(job_queue)
    job = await drawn(job_queue, new, chat)
    [asked] = wire.journal.accepted
    assert job.status is JobStatus.COMPLETED
    assert 0 < cost(asked) < hold(chat)
    assert job.actual_micros == cost(asked)
    assert await calls(job_queue) == [(1, "read", "settled", cost(asked), "first")]
    for scope in ("global", "provider:reader", f"user:{job_queue.user}"):
        assert await spent(job_queue, scope) == (0, cost(asked))
    [kept] = await job_queue.store.database.fetch(
        "SELECT provider, model, held_micros, estimated, request_id, usage FROM calls"
    )
    assert (kept["provider"], kept["model"]) == ("reader", "gpt-5-mini")
    assert (kept["held_micros"], kept["estimated"]) == (hold(chat), False)
    assert kept["request_id"] == asked.request_id
    assert kept["usage"]["completion_tokens"] == REASONING_TOKENS + len(ANSWER.split())


async def test_spend_and_ledger_show_the_reading(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    new = await submit(job_queue, hosted=True)
    job = await drawn(job_queue, new, chat, fake())
    [asked] = wire.journal.accepted
    today = await job_queue.store.budgets.today()
    by_model = await job_queue.store.budgets.spend(
        (today, today), "model", None, after=None, most=9
    )
    assert [(one.key, one.calls, one.images) for one in by_model] == [
        ("fake", 1, 1),
        ("gpt-5-mini", 1, 0),
    ]
    assert sum(one.cost_micros for one in by_model) == job.actual_micros
    ledger = await job_queue.store.database.fetch(
        "SELECT kind, reason, held_micros, spent_micros FROM ledger WHERE call = 'read' ORDER BY id"
    )
    most, price = hold(chat), cost(asked)
    assert [tuple(row) for row in ledger] == [
        ("hold", "first", most, 0),
        ("settle", "first", -most, price),
    ]


async def test_the_reading_is_held_while_it_runs(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    wire.script.then(slow(Place.IN_BODY), on=CHAT)
    new = await submit(job_queue, hosted=True)
    drawing = asyncio.create_task(drawn(job_queue, new, chat, fake()))
    assert await asyncio.to_thread(wire.journal.wait, lambda journal: bool(journal.accepted))
    assert await spent(job_queue) == (PICTURE + hold(chat), 0)
    assert await spent(job_queue, "provider:reader") == (hold(chat), 0)
    wire.release()
    await drawing


@pytest.mark.parametrize("scope", ["global", "provider:reader", "user"])
async def test_rules_read_what_no_budget_covers(
    job_queue: JobQueue,
    chat: PaidExtractor,
    wire: WireServer,
    scope: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    named = f"user:{job_queue.user}" if scope == "user" else scope
    new = await submit(job_queue)
    await job_queue.store.budgets.set_limit(named, hold(chat) - 1, job_queue.user)
    with caplog.at_level(logging.WARNING, "actors.extractors"):
        job = await drawn(job_queue, new, chat)
    assert (job.status, job.actual_micros, job.retry_count) == (JobStatus.COMPLETED, 0, 0)
    assert wire.journal.accepted == []
    assert await calls(job_queue) == []
    [line] = [one for one in caplog.records if one.message == "extractor failed"]
    assert f"budget of {named} does not cover the price" in line.__dict__["error"]


async def test_a_hold_that_just_fits_is_enough(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    new = await submit(job_queue, limit=hold(chat))
    await drawn(job_queue, new, chat)
    assert len(wire.journal.accepted) == 1


@pytest.mark.parametrize("short", [0, 1])
async def test_a_reading_leaves_the_picture_its_part_of_the_jobs_limit(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer, short: int
) -> None:
    wire.script.always("usage_missing", on=CHAT)  # so that it costs its hold
    most = PICTURE + hold(chat) - short
    new = await submit(job_queue, hosted=True, max_cost_micros=most)
    job = await drawn(job_queue, new, chat, fake())
    assert job.status is JobStatus.COMPLETED
    assert job.actual_micros is not None
    assert job.actual_micros <= most
    assert len(wire.journal.accepted) == 1 - short
    assert [call for _, call, *_ in await calls(job_queue)] == ["read", "render"][short:]


async def test_readings_count_for_the_jobs_limit(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    """A second picture would fit without what the reading cost."""
    most = 2 * PICTURE + hold(chat) - 1
    new = await submit(job_queue, hosted=True, max_cost_micros=most)
    wire.script.always("usage_missing", on=CHAT)
    broken = [ProviderFailed(FailureKind.UNREADABLE, "it failed")]
    job = await drawn(job_queue, new, chat, fake(broken * 9))
    assert job.status is JobStatus.FAILED
    assert job.actual_micros is not None
    assert job.actual_micros <= most
    assert [call for _, call, *_ in await calls(job_queue)].count("render") == 1


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("bad_request", "released"),
        ("rate_limit", "released"),
        ("invalid_key", "released"),
        ("model_not_found", "released"),
        ("server_error", "unknown"),
        ("request_timeout", "unknown"),
        ("cut_before_headers", "unknown"),
        ("cut_in_body", "unknown"),
        ("not_json", "settled"),
        ("usage_missing", "settled"),
        ("usage_nan", "settled"),
    ],
)
async def test_each_failure_is_booked_and_fails_no_job(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer, behaviour: str, state: str
) -> None:
    wire.script.then(behaviour, on=CHAT)
    new = await submit(job_queue)
    job = await drawn(job_queue, new, chat)
    billed = 0 if state == "released" else hold(chat)
    assert (job.status, job.actual_micros, job.retry_count) == (JobStatus.COMPLETED, billed, 0)
    assert await calls(job_queue) == [(1, "read", state, billed, "first")]
    assert await spent(job_queue) == (0, billed)
    [row] = await job_queue.store.database.fetch("SELECT estimated FROM calls")
    assert row["estimated"] is (billed > 0)
    assert len(wire.journal.accepted) == 1
    assert await job_queue.store.health.all() == []


async def test_a_usage_above_the_hold_is_booked_in_full_and_alerted(
    job_queue: JobQueue,
    chat: PaidExtractor,
    wire: WireServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire.script.then("usage_huge", on=CHAT)
    new = await submit(job_queue)
    job = await drawn(job_queue, new, chat)
    price = 100 * cost(wire.journal.accepted[0])
    assert job.actual_micros == price > hold(chat)
    [alert] = await job_queue.store.database.fetch(
        "SELECT call, limit_micros, spent_micros FROM alerts WHERE kind = 'call_above_hold'"
    )
    assert tuple(alert) == ("read", hold(chat), price)
    assert "call above its hold" in caplog.messages


async def test_a_cancel_leaves_a_running_reading_unknown(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    wire.script.then(slow(Place.BEFORE_HEADERS), on=CHAT)
    new = await submit(job_queue)
    async with job_queue.worker(
        extractor=chat, providers=local(), catalogue=LOCAL, heartbeat_s=0.1
    ):
        assert await asyncio.to_thread(wire.journal.wait, lambda journal: bool(journal.accepted))
        await job_queue.cancel(new)
        await job_queue.becomes(new, JobStatus.CANCELLED)
    assert await calls(job_queue) == [(1, "read", "unknown", hold(chat), "first")]


async def test_the_reading_of_a_lost_worker_counts_as_billed_and_is_made_again(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    new = await submit(job_queue)
    claim = await job_queue.claim_as_lost_worker()
    call = NewCall(CallName.READ, "reader", "gpt-5-mini", hold(chat))
    assert (await job_queue.store.money.begin(claim, call)).ok
    await job_queue.store.leases.rescue(timedelta(0))
    job = await drawn(job_queue, new, chat)
    price = cost(wire.journal.accepted[0])
    assert await calls(job_queue) == [
        (1, "read", "unknown", hold(chat), "first"),
        (2, "read", "settled", price, "retry"),
    ]
    assert job.actual_micros == hold(chat) + price


async def test_one_attempt_pays_for_one_reading(job_queue: JobQueue, chat: PaidExtractor) -> None:
    await submit(job_queue)
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, timedelta(seconds=60))
    patience = Patience(30, lambda: False)
    reading = BilledExtractor(chat, None, Payments(claim, job_queue.store.money, patience.write))
    assert (await reading.read(PAGE)).told == TEXT
    with pytest.raises(ExtractionFailed, match="has made the call before"):
        await reading.read(PAGE)
    assert len(await calls(job_queue)) == 1


class LostAnswer(Money):
    """Money whose answer to a begin is lost."""

    async def begin(self, claim: Claim, call: NewCall) -> Begun:
        assert (await super().begin(claim, call)).ok
        raise Unavailable("the connection was cut", ErrorReason.ERROR_REASON_DATABASE_UNAVAILABLE)


async def test_a_reading_whose_begin_has_no_answer_is_released(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    await submit(job_queue)
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, timedelta(seconds=60))
    money = LostAnswer(job_queue.store.database)
    payments = Payments(claim, money, Patience(30, lambda: False).write)
    with pytest.raises(ExtractionFailed):
        await BilledExtractor(chat, None, payments).read(PAGE)
    assert wire.journal.accepted == []
    assert await calls(job_queue) == [(1, "read", "released", 0, "first")]
    assert await spent(job_queue) == (0, 0)


async def test_a_reading_that_cannot_be_begun_is_not_made(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    await submit(job_queue)
    [claim] = await job_queue.store.leases.claim("w", Lane.LOCAL, 1, timedelta(seconds=60))
    patience = Patience(30, lambda: False)
    async with cuttable_postgres(job_queue.database) as (proxy, url), open_store(url) as store:

        async def once_it_is_back(write: Callable[[], Awaitable[bool]]) -> bool:
            proxy.restore()
            return await patience.write(write)

        reading = BilledExtractor(chat, None, Payments(claim, store.money, once_it_is_back))
        proxy.cut()
        with pytest.raises(ExtractionFailed):
            await reading.read(PAGE)
    assert wire.journal.accepted == []
    assert await calls(job_queue) == []


async def test_an_empty_page_is_not_paid_for(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    spec = replace(PAGED, page_text=" \n")
    job = await drawn(job_queue, await job_queue.submit(spec=spec), chat)
    assert job.status is JobStatus.COMPLETED
    assert wire.journal.accepted == []
    assert await calls(job_queue) == []


async def test_a_scene_description_is_read_in_place_of_its_page(
    job_queue: JobQueue, chat: PaidExtractor, wire: WireServer
) -> None:
    await drawn(job_queue, await submit(job_queue, spec=replace(PAGED, scene="Mia sails.")), chat)
    [asked] = wire.journal.accepted
    messages = asked.fields["messages"]
    assert isinstance(messages, list)
    assert messages[1]["content"].endswith("Page:\nMia sails.")


async def test_a_free_model_reads_without_a_budget(job_queue: JobQueue, wire: WireServer) -> None:
    free = ChatPrice(Decimal(0), Decimal(0), 500)
    async with open_chat(
        base_url=wire.base_url,
        api_key=wire.api_key,
        model="gpt-5-mini",
        provider="reader",
        price=free,
        timeout_s=10.0,
    ) as extractor:
        job = await drawn(job_queue, await submit(job_queue, limit=0), extractor)
    assert (job.status, job.actual_micros) == (JobStatus.COMPLETED, 0)
    assert len(wire.journal.accepted) == 1
    assert await calls(job_queue) == []
