"""Plans of stories as messages."""

import math
from collections.abc import Sequence

from imggen.v1.routing_pb2 import BetterOffer, PlannedPage, PlanStoryResponse
from server.replies.messages import not_drawn, unsure
from server.replies.routes import duration, story_quote
from server.replies.scenes import scene_message
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
        most_micros=quoted.most_micros,
        expected_duration=duration(quote.seconds),
        lane_paused=quoted.lane_paused,
        models=quoted.models,
    )


def _page(page: PagePlan) -> PlannedPage:
    offer, scene, more = page.offer, page.reading.scene, page.better
    lost = page.not_drawn(offer)
    return PlannedPage(
        page_number=page.number,
        page_id=str(page.page_id or ""),
        scene=scene_message(scene) if scene else None,
        model=offer.model.name,
        provider=offer.model.provider,
        price_micros=page.price_micros(offer),
        expected_duration=duration(None if math.isinf(offer.seconds) else offer.seconds),
        not_drawn=not_drawn(lost),
        better=_better(page, more) if more else None,
        lane_paused=page.paused,
        unsure=unsure(scene.unsure if scene else (), lost),
    )


def _better(page: PagePlan, offer: Offer) -> BetterOffer:
    return BetterOffer(
        model=offer.model.name,
        provider=offer.model.provider,
        price_micros=page.price_micros(offer),
        not_drawn=not_drawn(page.not_drawn(offer)),
    )
