"""Planning: a page is read, and what each model would not show of it is kept; nothing is drawn."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from actors.engine.profiles import PROFILES
from actors.extractors import FallbackExtractor, PaidExtractor, SceneExtractor
from actors.prompts.dialect import Dialect
from actors.prompts.hosted import HostedDialect
from actors.prompts.sdxl import SdxlDialect
from actors.providers.base import Content
from actors.worker.attempt import Drawing
from actors.worker.billing import BilledExtractor
from actors.worker.patience import Patience
from actors.worker.payments import Payments
from actors.worker.reading import ContentReader
from actors.worker.reporting import Reporter
from actors.worker.stages import StageClock
from actors.worker.texts import JobTexts
from server.domain.jobs import Claim, Outcome
from server.domain.scenes import NotDrawn
from server.domain.states import Lane, Stage
from server.routing.catalogue import Catalogue
from server.routing.rows import Row
from server.store import Store


@dataclass(frozen=True, slots=True)
class Teller:
    """How a model of the catalogue is told what to draw."""

    model: Row
    dialect: Dialect

    def losses(self, content: Content) -> tuple[NotDrawn, ...]:
        """Returns what the model would not show as told; raises ValueError if it cannot draw it.

        It is asked as its provider asks it.
        """
        spec = replace(content.spec, model=self.model.name, characters=content.cast)
        return self.dialect.compile(spec, content.scene).not_drawn


class Planner:
    """Reads the pages of plans: by a paid model where one is set up and paid for, else by rules."""

    def __init__(
        self,
        catalogue: Catalogue,
        extractor: SceneExtractor,
        store: Store,
        patience: Patience,
        texts: JobTexts,
        paid: PaidExtractor | None = None,
    ) -> None:
        self._tellers = tuple(_tellers(catalogue))
        self._extractor = extractor
        self._store = store
        self._patience = patience
        self._texts = texts
        self._paid = paid

    async def read(self, claim: Claim) -> Outcome:
        """Keeps the scene of a page, and what each model would not show of it."""
        clock = StageClock()
        with clock.measure(Stage.RESOLVING):
            allowed = await self._texts.spec(claim)
            reader = ContentReader(self._reading(claim), self._store.scenes)
            content = await reader.read(claim)
            await self._texts.scene(claim, content.scene, allowed)
            # As a long page is read: heartbeats must not wait for it.
            losses = await asyncio.to_thread(self._losses, content)
            await self._store.scenes.keep_losses(claim, losses)
        return Outcome("", "", (), clock.stage_ms, 0)

    def _reading(self, claim: Claim) -> SceneExtractor:
        if self._paid is None:
            return self._extractor
        payments = Payments(claim, self._store.money, self._patience.write)
        billed = BilledExtractor(self._paid, claim.limits.max_cost_micros, payments)
        return FallbackExtractor(billed, self._extractor)

    def _losses(self, content: Content) -> Mapping[str, tuple[NotDrawn, ...]]:
        found = {}
        for teller in self._tellers:
            try:
                found[teller.model.name] = teller.losses(content)
            except ValueError:
                continue  # it cannot draw this page at all
        return found


class DrawingOrReading:
    """Draws pictures, and reads the pages of plans."""

    def __init__(self, drawing: Drawing, planner: Planner) -> None:
        self._drawing = drawing
        self._planner = planner

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns the outcome of a job of any lane; raises the error of what has failed."""
        if claim.lane is Lane.READ:
            return await self._planner.read(claim)
        return await self._drawing.draw(claim, reporter)


def _tellers(catalogue: Catalogue) -> Iterator[Teller]:
    """Yields the models that this version knows how to tell what to draw."""
    for row in catalogue.models:
        if row.name in PROFILES:
            yield Teller(row, PROFILES[row.name].dialect)
        elif row.provider == "fake":
            yield Teller(row, SdxlDialect())
        elif row.provider != "local":
            yield Teller(row, HostedDialect(row.longest_prompt))
