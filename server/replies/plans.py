"""Plans of stories as messages."""

import math
from collections.abc import Sequence

from imggen.v1 import scene_pb2
from imggen.v1.routing_pb2 import BetterOffer, PlannedPage, PlanStoryResponse
from server.domain.scenes import Figure, Scene
from server.replies.messages import not_drawn
from server.replies.routes import duration, story_quote
from server.routing.plans import PagePlan
from server.routing.story_quotes import StoryQuote
from server.routing.wishes import Offer


def story_plan(pages: Sequence[PagePlan], quote: StoryQuote) -> PlanStoryResponse:
    """Returns the plan of a story, with the quote of its pictures."""
    quoted = story_quote(quote)
    return PlanStoryResponse(
        pages=map(_page, pages),
        images=quoted.images,
        reused_images=quoted.reused_images,
        price_micros=quoted.price_micros,
        expected_duration=duration(quote.seconds),
        models=quoted.models,
    )


def _page(page: PagePlan) -> PlannedPage:
    offer, scene, more = page.offer, page.reading.scene, page.better
    return PlannedPage(
        page_number=page.number,
        page_id=str(page.page_id or ""),
        scene=_scene(scene) if scene else None,
        model=offer.model.name,
        provider=offer.model.provider,
        price_micros=page.price_micros(offer),
        expected_duration=duration(None if math.isinf(offer.seconds) else offer.seconds),
        not_drawn=not_drawn(page.not_drawn(offer)),
        better=_better(page, more) if more else None,
    )


def _better(page: PagePlan, offer: Offer) -> BetterOffer:
    return BetterOffer(
        model=offer.model.name,
        provider=offer.model.provider,
        price_micros=page.price_micros(offer),
        not_drawn=not_drawn(page.not_drawn(offer)),
    )


def _scene(scene: Scene) -> scene_pb2.Scene:
    return scene_pb2.Scene(
        figures=map(_figure, scene.figures),
        extras=scene.extras,
        place=scene.place,
        time=scene.time or "",
        season=scene.season or "",
        weather=scene.weather,
        props=scene.props,
        colours=scene.colours,
        absent=scene.absent,
    )


def _figure(figure: Figure) -> scene_pb2.Figure:
    return scene_pb2.Figure(
        character_id=str(figure.character),
        doing=figure.doing,
        mood=figure.mood or "",
        holding=figure.holding,
        wearing=figure.wearing,
        without=figure.without,
    )
