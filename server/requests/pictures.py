"""Requested pictures: what each shows, and what may draw it."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from server.domain.characters import FrozenCharacter
from server.domain.finishing import DEFAULT, PostProcessing
from server.domain.jobs import Placement
from server.domain.lanes import JobLane
from server.domain.limits import Limits
from server.domain.models import Size
from server.domain.reuse import Reuse
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec
from server.domain.states import ImageType, Quality
from server.domain.styles import Style
from server.domain.texts import Texts, texts_of_spec
from server.errors import FailedPrecondition
from server.money.budgets import OverBudget
from server.requests.finishing import refuse_coarse
from server.requests.routes import Routes
from server.routing.router import Routing, route
from server.routing.wishes import Offer


@dataclass(frozen=True, slots=True)
class Picture:
    """A requested picture: what it shows, what its image belongs to, and what may draw it.

    `offer` is the one that is quoted and held: the best of the routing, unless a budget is short.
    Whichever draws it, it costs `most_micros` at most. Its job waits in the `lanes`. `reuse` is
    None where no stored picture may answer the request; where one may, `short` is the budget that
    does not cover the offer. `told` is the field that its scene description comes from. `fewer` is
    the same cover with fewer characters, which other models may draw.
    """

    spec: RenderSpec
    placement: Placement
    limits: Limits
    routing: Routing
    offer: Offer
    lanes: tuple[JobLane, ...]
    most_micros: int
    reuse: Reuse | None = None
    short: str = ""
    told: str = "scene"
    fewer: "Picture | None" = None

    @property
    def texts(self) -> Texts:
        """The texts of what it shows, by their fields."""
        return texts_of_spec(self.spec, self.told)

    def choices(self) -> "Iterator[Picture]":
        """Yields the picture as each of its offers would draw it, the best first.

        While nothing may draw it, those are the offers that it waits for. A cover with fewer
        characters follows.
        """
        waited_for = self.routing.offers or self.routing.passing_offers
        size = self.offer.format.display
        others = (one for one in waited_for if one is not self.offer and one.format.display == size)
        yield from map(self.drawn_by, (self.offer, *others))
        if self.fewer is not None:
            yield from self.fewer.choices()

    def drawn_by(self, offer: Offer) -> "Picture":
        """Returns the picture as another one of its offers would draw it."""
        routing = self.routing.led_by(offer, "the best that the budgets cover")
        if offer is self.offer and routing is self.routing:
            return self
        spec = replace(self.spec, model=offer.model.name)
        return replace(self, offer=offer, spec=spec, routing=routing)

    def weighed(self, shown: Mapping[str, float], routes: Routes) -> "Picture":
        """Returns the picture as it is drawn once its page is read.

        `shown` is the share of the page that each model shows. A cover that may not be drawn so any
        more is the one with fewer characters. Raises as `Content.drawn_by`.
        """
        fewer = None
        if self.fewer is not None:
            with suppress(FailedPrecondition, OverBudget):
                fewer = self.fewer.weighed(shown, routes)
        size = Size(self.spec.width, self.spec.height)
        wish = replace(self.routing.wish, shown=shown, display=size)
        routing = route(routes.catalogue, wish, routes.conditions)
        try:
            offer = routes.require(routing, self.reuse)
        except (FailedPrecondition, OverBudget):
            if fewer is None:
                raise
            return fewer
        spec = replace(self.spec, model=offer.model.name)
        placed = picture_of(spec, self.placement, routing, routes, offer, self.reuse)
        return replace(placed, told=self.told, fewer=fewer)


@dataclass(frozen=True, slots=True)
class Content:
    """What a picture shows, before a model and its format are chosen."""

    image_type: ImageType
    style: Style
    characters: tuple[FrozenCharacter, ...]
    quality: Quality
    scene: str = ""
    page_text: str = ""
    use_references: bool = False
    allow_reuse: bool = False
    others: tuple[FrozenCharacter, ...] = ()
    before: tuple[str, ...] = ()
    fixed: Scene | None = None
    post_processing: PostProcessing = DEFAULT

    def drawn_by(
        self, routing: Routing, routes: Routes, placement: Placement, seed: int | None = None
    ) -> Picture:
        """Returns the picture as the best offer draws it; a seed of None means any.

        Raises FailedPrecondition where no model may draw it, ResourceExhausted where the budgets
        are short.
        """
        reuse = Reuse(seed) if self.allow_reuse else None
        offer = routes.require(routing, reuse)
        spec = RenderSpec(
            image_type=self.image_type,
            style=self.style,
            characters=self.characters,
            scene=self.scene,
            page_text=self.page_text,
            model=offer.model.name,
            width=offer.format.display.width,
            height=offer.format.display.height,
            quality=self.quality,
            seed=new_seed() if seed is None else seed,
            use_references=self.use_references,
            others=self.others,
            before=self.before,
            fixed=self.fixed,
            post_processing=self.post_processing,
        )
        return picture_of(spec, placement, routing, routes, offer, reuse)


def picture_of(
    spec: RenderSpec,
    placement: Placement,
    routing: Routing,
    routes: Routes,
    offer: Offer,
    reuse: Reuse | None,
) -> Picture:
    """Returns the picture of a spec as an offer of its routing draws it.

    Raises InvalidRequest for one that would be too coarse in print.
    """
    refuse_coarse(spec)
    limits, lanes, short = routes.limits_of(routing), routes.lanes(routing), routes.short(routing)
    most = routes.most_micros(routing)
    return Picture(spec, placement, limits, routing, offer, lanes, most, reuse, short)


def new_seed() -> int:
    """Returns a random seed, for a picture whose caller set none."""
    return secrets.randbits(32)
