"""Orders: what the service is asked for in each variant of a case."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from actors.engine.profiles import profile, render_request
from actors.engine.render import RenderRequest
from actors.prompts.dialect import CompiledPrompt
from recipe.evaluation.identity import Case
from recipe.evaluation.wording import portrait_spec, scene_spec, told_portrait, told_scene
from recipe.illustrator import Scene
from recipe.training.cast import brief_caption
from server.domain.scenes import Scene as Told
from server.domain.spec import RenderSpec
from server.routing.catalogue import STORYBOOK

SCALE = profile(STORYBOOK.name).reference_scale
"""How much references count in the service."""
ALONE = 1.0
"""How much they count where no words describe the characters: all that the adapter can do."""
Source = Scene | RenderRequest
"""Where a reference comes from: it is drawn by code, or the service draws it."""


class Variant(StrEnum):
    """What a picture is made from; all but the drawn one say who is where, and does what."""

    BOTH = "both"
    """The looks in words, and references."""
    WORDS = "words"
    REFERENCES = "references"
    NEITHER = "neither"
    CONTRADICTED = "contradicted"
    """Words, and the references of look-alikes."""
    OWN = "own"
    """Words, and the portraits that the service draws from them, as its callers have them."""
    DRAWN = "drawn"
    """The scene as it is drawn by code: no checkpoint can do better."""

    @property
    def told(self) -> bool:
        """Whether words describe the characters' looks."""
        return self not in {Variant.REFERENCES, Variant.NEITHER}


@dataclass(frozen=True, slots=True)
class Order:
    """A picture to be made: its request without references, and where those come from.

    `columns` are the parts of the width in which the characters stand, 0 to 1.
    """

    case: Case
    variant: Variant
    request: RenderRequest
    sources: tuple[Source, ...]
    columns: tuple[tuple[float, float], ...]

    def key(self, marks: Sequence[str]) -> str:
        """Returns a checksum of all that decides the result; `marks` name what makes and judges."""
        said = (*marks, self.variant, self.request, self.sources, self.columns, self.case)
        return hashlib.sha256(repr(said).encode()).hexdigest()


def order_of(case: Case, variant: Variant, scale: float = SCALE) -> Order:
    """Returns the order of a case, with the service's own prompt, sampling and places."""
    if variant is Variant.REFERENCES:
        scale = ALONE
    spec = scene_spec(case.scene, case.seed)
    sources = _sources(case, variant)
    told = told_scene(case.scene, spec.characters)
    request = _request(spec, told, "" if variant.told else brief_caption(case.scene))
    request = replace(request, reference_scale=scale if sources else 0.0)
    return Order(case, variant, request, sources, _columns(case.people))


def _sources(case: Case, variant: Variant) -> tuple[Source, ...]:
    match variant:
        case Variant.BOTH | Variant.REFERENCES:
            return case.references
        case Variant.CONTRADICTED:
            return case.contradictions
        case Variant.OWN:
            style = case.scene.style
            portraits = [portrait_spec(one, style, case.seed) for one in case.scene.characters]
            return tuple(_request(spec, told_portrait(spec)) for spec in portraits)
        case _:
            return ()


def _request(spec: RenderSpec, told: Told, caption: str = "") -> RenderRequest:
    """Returns the request of a spec, with another caption than its own if one is given."""
    prompt = profile(spec.model).dialect.compile(spec, told)
    return render_request(spec, CompiledPrompt(caption, "") if caption else prompt)


def _columns(people: int) -> tuple[tuple[float, float], ...]:
    return tuple((which / people, (which + 1) / people) for which in range(people))
