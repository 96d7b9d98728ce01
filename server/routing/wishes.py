"""Wishes and offers: what a request asks of a model, and what a model would draw of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from imggen.rules.pictures import DEFAULT_RATIO
from server.domain.limits import Limits
from server.domain.models import Format, Model, Size
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.routing.formats import RATIOS, format_of, scene_format
from server.routing.rows import Capability, Row


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of a model; empty strings, zeros and None leave it to the service.

    `shape` is a size for portraits, and an aspect ratio for scenes and covers. `display` replaces
    it for a picture that has its size already. The limits hold together: a score of `min_score` or
    more, an end at `complete_by`, and a price up to `max_cost_micros`. `references` are how many
    pictures are sent along where the model takes so many. Models that are `excluded` have failed
    before. It `needs` a model with these capabilities. `key` is the job's id; it decides whether
    the job is one of a canary's. `shown` is, by model, the share of its page's actions and things
    that a picture shows; a model scores that much less. It is empty until the page is read.
    """

    image_type: ImageType
    model: str
    shape: str
    characters: int
    quality: Quality = Quality.HD
    display: Size | None = None
    provider: str = ""
    min_score: float = 0.0
    complete_by: datetime | None = None
    max_cost_micros: int | None = None
    needs: frozenset[Capability] = frozenset()
    references: int = 0
    excluded: frozenset[str] = frozenset()
    key: str = ""
    shown: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def size(self) -> str | None:
        """The size of a portrait, "" where any will do; None for a picture that is none."""
        if self.image_type is not ImageType.PORTRAIT:
            return None
        return self.shape if self.display is None else str(self.display)

    def format_of(self, model: Model) -> Format | None:
        """Returns how a model draws it; None for a size that the model does not offer.

        A model is never passed over because it would crop: a scene keeps its shape, whichever
        draws it. A caller who wants the whole picture names a model.
        """
        if self.image_type is not ImageType.PORTRAIT:
            return scene_format(model, self.display or RATIOS[self.shape or DEFAULT_RATIO])
        if self.display is not None:
            return format_of(model, self.image_type, self.display)
        if self.shape:
            return model.portraits.get(self.shape)
        return next(iter(model.portraits.values()))


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that would draw a wish, and at which price, how soon and how well.

    `label` is the quality by its name at the provider. `price_micros` is the most that the call can
    cost, which is held; `choice_micros` adds what the cluster's own machines cost, which counts for
    the choice only. `previews_micros` is what the unfinished pictures add where somebody watches as
    the call begins; it is held only then. `draws` and `waits` are the seconds that the drawing and
    the queue before it take; the latter is infinite while nobody draws in the model's lane.
    `measured` is whether the former is that of the latest pictures, not the catalogue's.
    """

    model: Row
    format: Format
    label: str
    price_micros: int
    choice_micros: int
    draws: float
    waits: float
    score: float
    previews_micros: int = 0
    measured: bool = False

    @property
    def seconds(self) -> float:
        """How long it is until the picture is there."""
        return self.waits + self.draws


def wish_of(
    spec: RenderSpec,
    limits: Limits,
    passed_over: frozenset[str],
    shown: Mapping[str, float] | None = None,
) -> Wish:
    """Returns what an admitted job asks of a model; `shown` is known once its page is read."""
    return Wish(
        spec.image_type,
        limits.model,
        "",
        len(spec.characters),
        spec.quality,
        Size(spec.width, spec.height),
        provider=limits.provider,
        min_score=limits.min_score,
        complete_by=limits.complete_by,
        max_cost_micros=limits.max_cost_micros,
        needs=needs_of(limits),
        references=len(spec.cast) if spec.use_references else 0,
        excluded=passed_over,
        key=limits.key,
        shown=shown or {},
    )


def needs_of(limits: Limits) -> frozenset[Capability]:
    """Returns the capabilities that a request needs: to take its seed, where it names one."""
    return frozenset({Capability.SEED}) if limits.seeded else frozenset()
