"""Alerts to operators: logged, counted and posted, by one gateway of the fleet at a time.

They are rows that movements of money and workers have written, so none is lost with a process.
One that was posted just before a crash is posted again, with the same id.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp

from server.domain.money import Alert, AlertKind
from server.errors import Unavailable
from server.metrics import GatewayMetrics
from server.money.alerts import SIGNATURE, again_after, body_of, signature
from server.store import Store
from server.store.alerts import Alerts
from server.store.causes import said_of

_AT_ONCE = 100
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts are posted, and the secret that signs them."""

    url: str
    secret: str


class AlertSender:
    """Sends the alerts that are due; without a webhook, logging them is all."""

    def __init__(self, store: Store, metrics: GatewayMetrics, webhook: Webhook | None) -> None:
        self._store = store
        self._metrics = metrics
        self._webhook = webhook

    @asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Sends in the background while entered: at once, then every `interval_s`."""
        task = asyncio.create_task(self._run(interval_s), name="alerts")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def send(self) -> int | None:
        """Sends what is due; returns how many were sent, None while another gateway sends.

        Raises Unavailable when the database is away.
        """
        async with self._store.alone("alerts") as statements:
            if statements is None:
                return None
            due = await statements.alerts.due(_AT_ONCE)
            if not due:
                return 0
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
                return sum([await self._send(session, statements.alerts, one) for one in due])

    async def _run(self, interval_s: float) -> None:
        while True:
            try:
                await self.send()
            except Unavailable as error:
                _log.warning("alerts not sent", extra={"error": said_of(error)})
            except Exception:
                # The next round tries again, and calls are served meanwhile.
                _log.exception("alerts not sent")
            await asyncio.sleep(interval_s)

    async def _send(self, session: aiohttp.ClientSession, alerts: Alerts, alert: Alert) -> bool:
        if alert.tries == 0:
            self._tell(alert)
        problem = await self._post(session, alert) if self._webhook else None
        if problem is None:
            await alerts.delivered(alert)
            return True
        wait = again_after(alert)
        fields = {"alert": alert.id, "tries": alert.tries + 1, "error": problem}
        if wait is None:
            _log.error("alert given up", extra=fields)
        else:
            _log.warning("alert not delivered", extra=fields)
        await alerts.failed(alert, wait)
        return False

    def _tell(self, alert: Alert) -> None:
        self._metrics.alerts.labels(alert.kind).inc()
        if alert.kind is AlertKind.PROVIDER_FAILED:
            fields = {"scope": alert.scope, "model": alert.model, "reason": alert.reason}
            _log.error("provider alert", extra=fields)
            return
        _log.warning(
            "budget alert",
            extra={
                "kind": str(alert.kind),
                "scope": alert.scope,
                "day": alert.day.isoformat(),
                "percent": alert.percent,
                "limit_micros": alert.limit_micros,
                "held_micros": alert.held_micros,
                "spent_micros": alert.spent_micros,
            },
        )

    async def _post(self, session: aiohttp.ClientSession, alert: Alert) -> str | None:
        """Posts an alert; returns what was wrong, None when it is delivered."""
        assert self._webhook is not None, "without a webhook nothing is posted"
        body = body_of(alert)
        signed = signature(self._webhook.secret, int(self._store.clock.now().timestamp()), body)
        headers = {"Content-Type": "application/json", SIGNATURE: signed}
        try:
            async with session.post(
                self._webhook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return None if 200 <= answer.status < 300 else f"HTTP {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Not its text, which may hold the address and what is secret in it.
            return type(error).__name__
