"""Health: the probe that an attempt takes of a provider, and what its calls tell the fleet.

Operators are told of failures that only they can mend.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

from actors.extractors import AskedScene, ModelFailed, PaidExtractor
from actors.extractors.pages import Page
from actors.providers.base import (
    CharacterReference,
    Content,
    Provider,
    ProviderFailed,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.wrapped import WrappedProvider
from actors.worker.calls import provider_call, told_of
from actors.worker.patience import Patience
from imggen.v1.errors_pb2 import ErrorReason
from server.domain.models import Format
from server.domain.money import CallName
from server.errors import Unavailable
from server.routing.failover import RULES, Effect, FailureKind
from server.store import Store
from server.store.alerts import Alerts
from server.store.health import Health

_WAIT = timedelta(seconds=20)
"""How long a provider that is busy is left alone where it did not say."""
_log = logging.getLogger(__name__)


class BeingProbed(Unavailable):
    """Raised while another attempt tries whether a provider is well again; nothing was called."""

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"{provider} is being probed after failures", ErrorReason.ERROR_REASON_RENDER_FAILED
        )


@asynccontextmanager
async def probe(health: Health, provider: str) -> AsyncIterator[None]:
    """Holds the probe of a half-open breaker for the block; raises BeingProbed if it is taken.

    What the provider answers meanwhile decides; where it answers nothing, the next call probes.
    """
    until = await health.take_probe(provider)
    if until is None:
        raise BeingProbed(provider)
    held = _HeldProbe(health, provider, until)
    keeping = asyncio.create_task(held.keep(), name=f"probe of {provider}")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        with suppress(Unavailable):  # it ends by itself
            await health.return_probe(provider, held.until)


class _HeldProbe:
    """A probe that an attempt holds until a time, which moves on while its worker lives."""

    def __init__(self, health: Health, provider: str, until: datetime) -> None:
        self.until = until
        self._health = health
        self._provider = provider

    async def keep(self) -> None:
        """Holds it for longer, again and again, until somebody has decided."""
        while True:
            await asyncio.sleep(self._health.probe.total_seconds() / 3)
            with suppress(Unavailable):
                until = await self._health.keep_probe(self._provider, self.until)
                if until is None:
                    return
                self.until = until


class ToldProvider(WrappedProvider):
    """A hosted provider whose answers and failures are told to the fleet as they come."""

    def __init__(self, provider: Provider, store: Store, patience: Patience) -> None:
        super().__init__(provider)
        self._health = store.health
        self._alerts = store.alerts
        self._patience = patience

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture; whatever becomes of it, a provider that drew it is well."""
        try:
            picture = await self._provider.render(content, format, references, progress)
        except ProviderFailed as error:
            await self._patience.write(partial(self._tell, error))
            raise
        await self._patience.write(lambda: self._health.succeeded(self.name))
        return picture

    async def _tell(self, error: ProviderFailed) -> None:
        health, name = self._health, self.name
        fields = {"provider": name, "model": self.model, "kind": error.kind}
        # First, since a provider that is off makes no other call that would tell.
        await _alert(self._alerts, name, self.model, error.kind)
        match RULES[error.kind].effect:
            case Effect.COUNTS:
                if await health.failed(name, error.kind):
                    _log.error("breaker open", extra=fields)
            case Effect.WAITS:
                await health.waits(name, error.delay or _WAIT, error.kind)
            case Effect.OFF:
                if await health.turn_off(name, "", error.kind):
                    _log.error("provider off", extra={**fields, "error": error.message})
            case Effect.MODEL_OFF:
                if await health.turn_off(name, self.model, error.kind):
                    _log.error("model off", extra={**fields, "error": error.message})
            case Effect.ANSWERED:
                await health.succeeded(name)


class ToldExtractor:
    """A paid extractor whose failures are told to operators; rules read meanwhile."""

    def __init__(self, extractor: PaidExtractor, alerts: Alerts, patience: Patience) -> None:
        self._extractor = extractor
        self._alerts = alerts
        self._patience = patience

    @property
    def provider(self) -> str:
        """Whose budget pays."""
        return self._extractor.provider

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self._extractor.model

    def most_micros(self, page: Page) -> int:
        """Returns the most that asking for a page can cost."""
        return self._extractor.most_micros(page)

    async def ask(self, page: Page) -> AskedScene:
        """Returns the scene of a page, with its bill; raises ModelFailed."""
        try:
            with provider_call(CallName.READ, self.provider, self.model) as call:
                asked = await self._extractor.ask(page)
                call.set(told_of(asked.bill.request_id, asked.bill.cost_micros))
            return asked
        except ModelFailed as error:
            failed = partial(_alert, self._alerts, self.provider, self.model, error.kind)
            await self._patience.write(failed)
            raise


async def _alert(alerts: Alerts, provider: str, model: str, kind: FailureKind) -> None:
    """Tells operators of a failure, where its rule says so."""
    rule = RULES[kind]
    if rule.alerts:
        gone = model if rule.effect is Effect.MODEL_OFF else ""
        await alerts.note_failure(provider, gone, kind)
