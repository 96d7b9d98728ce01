"""The fake provider: simple pictures at a price, for tests and for its callers' development."""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import count
from types import MappingProxyType

from actors.prompts.dialect import CompiledPrompt
from actors.prompts.sdxl import SdxlDialect
from actors.providers.base import (
    CharacterReference,
    Content,
    ProviderFailed,
    ReferenceReading,
    RenderedPicture,
    RenderProgress,
)
from actors.providers.fake_drawing import draw, preview_of, to_png
from server.domain.models import Format
from server.domain.states import Quality
from server.routing.catalogue import KNOWN
from server.routing.failover import RULES, Billed
from server.routing.prices import FreePrice, Price, PricedCall

_STEPS = MappingProxyType({Quality.DRAFT: 2, Quality.STANDARD: 4, Quality.HD: 8})
_KEPT = 16

FAKE = KNOWN["fake"]
"""The fake's row in the catalogue; no invoice names its price."""

Turn = ProviderFailed | timedelta | None
"""What becomes of a call: it fails, it takes longer, or it goes well."""


@dataclass(frozen=True, slots=True)
class FakeCall:
    """A call that was made: what was to be drawn, and the references that arrived."""

    content: Content
    format: Format
    references: tuple[CharacterReference, ...]


class FakeProvider:
    """Draws the same picture for the same content and seed: a figure for each character.

    `calls` holds the newest calls in order; `running` counts those that have not ended.
    """

    name = FAKE.provider
    model = FAKE.name
    references = ReferenceReading(most=FAKE.references)

    def __init__(
        self, script: Sequence[Turn] = (), *, price: Price | None = FAKE.price, step_s: float = 0.0
    ) -> None:
        """Takes a turn for each of the first calls; all others go well."""
        self.calls: deque[FakeCall] = deque(maxlen=_KEPT)
        self.running = 0
        self._numbers = count(1)
        self._turns = deque(script)
        self._price = price or FreePrice()
        self._step_s = step_s

    def told(self, content: Content) -> CompiledPrompt:
        """Returns what a model of the kind of SDXL is told."""
        return SdxlDialect().compile(replace(content.spec, characters=content.cast), content.scene)

    async def render(
        self,
        content: Content,
        format: Format,
        references: tuple[CharacterReference, ...],
        progress: RenderProgress,
    ) -> RenderedPicture:
        """Draws a picture, unless the script has this call fail.

        A failure that is not billed comes at once, any other one after the last step.
        """
        call = FakeCall(content, format, references[: FAKE.references])
        self.calls.append(call)
        number, turn = next(self._numbers), self._turns.popleft() if self._turns else None
        self.running += 1
        try:
            if isinstance(turn, ProviderFailed) and RULES[turn.kind].billed is Billed.NO:
                raise turn
            if isinstance(turn, timedelta):
                await asyncio.sleep(turn.total_seconds())
            picture = await self._draw(call, progress)
            if isinstance(turn, ProviderFailed):
                raise turn
            return replace(picture, request_id=f"fake-{number}")
        finally:
            self.running -= 1

    async def probe(self) -> None:
        """Raises the failure of the next call, if the script has it fail."""
        if self._turns and isinstance(self._turns[0], ProviderFailed):
            raise self._turns[0]

    async def _draw(self, call: FakeCall, progress: RenderProgress) -> RenderedPicture:
        content, size = call.content, call.format.native
        spec = content.spec
        prompt = self.told(content)
        steps = _STEPS[spec.quality]
        progress.step(0, steps)
        looks = [character.description for character in content.cast]
        picture = await asyncio.to_thread(draw, _digest(content), looks, size)
        for step in range(1, steps + 1):
            await asyncio.sleep(self._step_s)
            preview = None
            if progress.watched.is_set():
                preview = await asyncio.to_thread(preview_of, picture, steps - step)
            progress.step(step, steps, preview)
        references = len(call.references)
        priced = PricedCall(size, spec.quality.value, references)
        return RenderedPicture(
            png=await asyncio.to_thread(to_png, picture),
            width=size.width,
            height=size.height,
            prompt=replace(prompt, negative_prompt=""),
            provider=self.name,
            model=self.model,
            seed=spec.seed,
            cost_micros=self._price.cost_micros(priced, None),
            usage={"pictures": 1, "references": references},
        )


def _digest(content: Content) -> bytes:
    """Returns a checksum of all that the picture shows, and of its seed."""
    cast = [str(character.id) for character in content.cast]
    said = json.dumps([content.spec.to_json(), asdict(content.scene), cast], default=str)
    return hashlib.sha256(said.encode()).digest()
