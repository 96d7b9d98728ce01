"""Operators are told of a provider's failures that only they can mend, once a day."""

import json
import logging

import pytest

from actors.extractors import AskedScene, ModelFailed
from actors.extractors.pages import Page
from actors.worker.health import ToldExtractor
from actors.worker.patience import Patience
from server.metrics import GatewayMetrics
from server.money.alerts import body_of
from server.routing.failover import RULES, Effect, FailureKind
from server.store import Store
from server.upkeep.alerts import AlertSender
from tests.integration.job_queue import JobQueue
from tests.integration.paid_jobs import drawn, failing, providers, submit
from tests.integration.test_money_movements import rows

ALERTS = "SELECT scope, model, reason FROM alerts WHERE kind = 'provider_failed' ORDER BY id"
STOPPED = FailureKind.ACCOUNT_STOPPED


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if RULES[kind].goes_on], ids=str)
async def test_a_failure_whose_rule_alerts_is_told_once_for_many_calls(
    job_queue: JobQueue, kind: FailureKind
) -> None:
    for _ in range(2):
        new = await submit(job_queue, model="")
        await drawn(job_queue, new, providers([failing(kind)]))
        await job_queue.store.health.turn_on("fake")
        await job_queue.store.health.turn_on("fake", "fake")
    gone = "fake" if RULES[kind].effect is Effect.MODEL_OFF else ""
    told = [("provider:fake", gone, str(kind))] if RULES[kind].alerts else []
    assert await rows(job_queue.store, ALERTS) == told


class StoppedExtractor:
    """A chat model whose account is stopped."""

    provider = "reader"
    model = "gpt-5-mini"

    def most_micros(self, page: Page) -> int:
        """Returns the most that a call costs."""
        return 1

    async def ask(self, page: Page) -> AskedScene:
        """Fails."""
        raise ModelFailed(STOPPED, "the key was revoked")


async def test_a_stopped_account_of_the_chat_model_is_told(store: Store) -> None:
    told = ToldExtractor(StoppedExtractor(), store.alerts, Patience(30, lambda: False))
    for _ in range(2):
        with pytest.raises(ModelFailed):
            await told.ask(Page("Mia sat.", ()))
    assert await rows(store, ALERTS) == [("provider:reader", "", "account_stopped")]


async def test_another_kind_another_provider_and_another_day_are_told_again(store: Store) -> None:
    for provider, kind in [("a", STOPPED), ("b", STOPPED), ("a", FailureKind.REFUSED)]:
        await store.alerts.note_failure(provider, "", kind)
    assert len(await rows(store, ALERTS)) == 3
    await store.database.execute("UPDATE alerts SET day = day - 1")
    await store.alerts.note_failure("a", "", STOPPED)
    assert len(await rows(store, ALERTS)) == 4


async def test_it_is_sent_as_alerts_on_budgets_are(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.alerts.note_failure("openai", "", STOPPED)
    [alert] = await store.alerts.due(10)
    said = json.loads(body_of(alert))
    assert said["kind"] == "provider_failed"
    assert (said["scope"], said["reason"]) == ("provider:openai", "account_stopped")
    assert not {"model", "limit_micros", "percent"} & said.keys()
    metrics = GatewayMetrics()
    with caplog.at_level(logging.WARNING):
        assert await AlertSender(store, metrics, None).send() == 1
    [line] = caplog.records
    assert (line.message, line.levelno) == ("provider alert", logging.ERROR)
    assert b'imggen_alerts_total{kind="provider_failed"} 1.0' in metrics.page()


async def test_an_alert_of_a_newer_version_holds_no_other_up(store: Store) -> None:
    await store.alerts.note_failure("openai", "", STOPPED)
    await store.database.execute("ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check")
    await store.database.execute("ALTER TABLE alerts DROP CONSTRAINT alerts_reason_check")
    await store.database.execute(
        "INSERT INTO alerts (kind, day, scope, limit_micros, held_micros, spent_micros)"
        " VALUES ('newer', current_date, 'global', 0, 0, 0)"
    )
    assert await AlertSender(store, GatewayMetrics(), None).send() == 1
