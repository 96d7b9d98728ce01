"""Alerts are posted with a signature until they are delivered or given up, by one gateway."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from server.edge.http import serve_http
from server.metrics import GatewayMetrics
from server.money.alerts import SIGNATURE, signature
from server.store import Store
from server.upkeep.alerts import AlertSender, Webhook
from tests.builders import new_job, new_user
from tests.integration.test_money_movements import rows

SECRET = "a secret of thirty-two characters"
STATES = "SELECT tries, delivered_at IS NOT NULL, given_up_at IS NOT NULL FROM alerts ORDER BY id"


@dataclass
class Hook:
    """A real HTTP server that answers as the test says, and what it was sent."""

    answers: list[int] = field(default_factory=list)
    received: list[tuple[str, bytes]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Notes a post and answers it."""
        self.received.append((request.headers[SIGNATURE], await request.read()))
        return web.Response(status=self.answers.pop(0) if self.answers else 204)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """Yields the server."""
    hook, app = Hook(), web.Application()
    app.router.add_post("/alerts", hook.answer)
    async with serve_http(app, "127.0.0.1", 0) as port:
        hook.url = f"http://127.0.0.1:{port}/alerts"
        yield hook


async def use(store: Store, price: int, limit: int = 100) -> None:
    """Holds money."""
    new = new_job(await new_user(store), price_micros=price)
    await store.submits.submit(new)
    assert await store.money.hold([new.id], limit) is None


def sender(store: Store, hook: Hook, metrics: GatewayMetrics | None = None) -> AlertSender:
    """Returns a sender to the server."""
    return AlertSender(store, metrics or GatewayMetrics(), Webhook(hook.url, SECRET))


async def test_an_alert_is_posted_once_with_its_signature(
    store: Store, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = GatewayMetrics()
    alerts = sender(store, hook, metrics)
    assert await alerts.send() == 0
    await use(store, 80)
    with caplog.at_level(logging.WARNING):
        assert await alerts.send() == 1
    assert await alerts.send() == 0
    [(header, body)] = hook.received
    at = int(header.partition(",")[0].removeprefix("t="))
    assert header == signature(SECRET, at, body)
    said = json.loads(body)
    assert (said["kind"], said["scope"], said["percent"]) == ("budget_used", "global", 80)
    assert (said["limit_micros"], said["held_micros"], said["spent_micros"]) == (100, 80, 0)
    assert [record.message for record in caplog.records] == ["budget alert"]
    assert b'imggen_alerts_total{kind="budget_used"} 1.0' in metrics.page()
    assert SECRET not in caplog.text


async def test_a_refused_post_is_made_again_until_it_is_delivered(store: Store, hook: Hook) -> None:
    hook.answers = [500, 302]
    await use(store, 80)
    alerts = sender(store, hook)
    for _ in range(3):
        await alerts.send()
        assert await alerts.send() == 0  # not before its time
        await store.database.execute("UPDATE alerts SET next_try_at = now()")
    assert await rows(store, STATES) == [(3, True, False)]
    assert len({body for _, body in hook.received}) == 1
    assert len(hook.received) == 3


async def test_an_alert_is_given_up_after_many_tries(store: Store, hook: Hook) -> None:
    hook.url = "http://127.0.0.1:9/"  # nobody listens
    await use(store, 80)
    alerts = sender(store, hook)
    for _ in range(20):
        await alerts.send()
        await store.database.execute("UPDATE alerts SET next_try_at = now()")
    assert await rows(store, STATES) == [(16, False, True)]


async def test_two_gateways_send_an_alert_once(store: Store, hook: Hook) -> None:
    await use(store, 100)
    await asyncio.gather(*(sender(store, hook).send() for _ in range(2)))
    assert len(hook.received) == 2  # at 80 % and at 100 %
    assert len({body for _, body in hook.received}) == 2


async def test_without_a_webhook_an_alert_is_logged(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await use(store, 80)
    with caplog.at_level(logging.WARNING):
        assert await AlertSender(store, GatewayMetrics(), None).send() == 1
    assert [record.message for record in caplog.records] == ["budget alert"]
    assert await rows(store, STATES) == [(1, True, False)]


async def test_a_refused_hold_tells_that_its_budget_is_used_up(store: Store) -> None:
    await use(store, 70)
    for _ in range(2):
        await store.alerts.note_refusal("global", 31)
    assert await rows(store, "SELECT percent, held_micros FROM alerts") == [(100, 70)]


@pytest.mark.parametrize("price", [1, 30])
async def test_a_budget_that_covers_a_picture_is_not_used_up(store: Store, price: int) -> None:
    await use(store, 70)
    await store.alerts.note_refusal("global", price)
    assert await rows(store, "SELECT percent FROM alerts") == []


async def test_a_refusal_of_yesterday_or_of_a_limit_before_is_none_of_today(store: Store) -> None:
    await use(store, 70)
    await store.database.execute("UPDATE budgets SET day = day - 1")
    await store.alerts.note_refusal("global", 40)
    assert await rows(store, "SELECT percent FROM alerts") == []
