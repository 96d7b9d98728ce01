"""Losses: a page is read, and what each model of the catalogue would not show of it is kept."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from actors.engine.profiles import PROFILES, Profile
from actors.extractors import FallbackExtractor, PaidExtractor, SceneExtractor
from actors.prompts.dialect import CompiledPrompt
from actors.providers.base import Content, Provider
from actors.providers.local import tell
from actors.worker.billing import BilledExtractor
from actors.worker.health import ToldExtractor
from actors.worker.patience import Patience
from actors.worker.payments import Payments
from actors.worker.reading import ContentReader
from actors.worker.texts import JobTexts
from server.domain.jobs import Claim
from server.domain.scenes import NotDrawn, share_shown
from server.routing.catalogue import Catalogue
from server.store import Store

Losses = Mapping[str, Sequence[NotDrawn]]
"""What each model would not show of a page, without those that cannot draw it."""


Tell = Callable[[Content], CompiledPrompt]
"""Returns what a model is told of a content; raises ValueError if it cannot draw it."""


@dataclass(frozen=True, slots=True)
class Teller:
    """A model of the catalogue, and how it is told what to draw."""

    model: str
    tell: Tell

    def losses(self, content: Content) -> tuple[NotDrawn, ...]:
        """Returns what the model would not show as told; raises ValueError if it cannot draw it."""
        spec = replace(content.spec, model=self.model)
        return self.tell(replace(content, spec=spec)).not_drawn


class LossReader:
    """Reads pages: by a paid model where one is set up and paid for, else by rules."""

    def __init__(
        self,
        catalogue: Catalogue,
        providers: Mapping[str, Provider],
        extractor: SceneExtractor,
        store: Store,
        patience: Patience,
        texts: JobTexts,
        paid: PaidExtractor | None = None,
        profiles: Mapping[str, Profile] = PROFILES,
    ) -> None:
        """Takes the providers of this worker by their models' names: each tells its own model."""
        self._tellers = tuple(tellers(catalogue, providers, profiles))
        self._extractor = extractor
        self._store = store
        self._patience = patience
        self._texts = texts
        self._paid = paid and ToldExtractor(paid, store.alerts, patience)

    async def read(self, claim: Claim, spared_micros: int = 0) -> tuple[Content, Losses]:
        """Keeps the scene of a job's page and what each model would not show of it; returns both.

        Its texts are checked before that and after it. A paid reading leaves so much of what the
        job may cost.
        """
        allowed = await self._texts.spec(claim)
        reader = ContentReader(self._reading(claim, spared_micros), self._store.scenes)
        content = await reader.read(claim)
        await self._texts.scene(claim, content.scene, allowed)
        # As a long page is read: heartbeats must not wait for it.
        losses = await asyncio.to_thread(self._losses, content)
        await self._store.scenes.keep_losses(claim, losses)
        return content, losses

    async def shown(self, claim: Claim, spared_micros: int) -> Mapping[str, float]:
        """Returns the share of a job's page that each model shows; the page is read only once."""
        kept = await self._store.scenes.shown(claim.job_id)
        if kept:
            return kept
        content, losses = await self.read(claim, spared_micros)
        return {model: share_shown(content.scene, parts) for model, parts in losses.items()}

    def _reading(self, claim: Claim, spared_micros: int) -> SceneExtractor:
        if self._paid is None:
            return self._extractor
        most = claim.limits.max_cost_micros
        if most is not None:
            most -= spared_micros
        payments = Payments(claim, self._store.money, self._patience.write)
        return FallbackExtractor(BilledExtractor(self._paid, most, payments), self._extractor)

    def _losses(self, content: Content) -> Losses:
        found = {}
        for teller in self._tellers:
            try:
                found[teller.model] = teller.losses(content)
            except ValueError:
                continue  # it cannot draw this page at all
        return found


def tellers(
    catalogue: Catalogue,
    providers: Mapping[str, Provider],
    profiles: Mapping[str, Profile] = PROFILES,
) -> Iterator[Teller]:
    """Yields the models that draw here, and the local ones that draw elsewhere."""
    for row in catalogue.models:
        if row.name in providers:
            yield Teller(row.name, providers[row.name].told)
        elif row.name in profiles:
            yield Teller(row.name, partial(tell, profiles[row.name]))
