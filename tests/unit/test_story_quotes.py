"""Quotes of whole stories: what each model draws of them, and how long all of it takes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.domain.states import ImageType, Lane, Quality
from server.routing.catalogue import KNOWN, STORYBOOK, Catalogue
from server.routing.conditions import Conditions, LaneLoad
from server.routing.router import route
from server.routing.rows import Row
from server.routing.story_quotes import StoryPart, quote_story
from server.routing.wishes import Offer, Wish

FAKE = KNOWN["fake"]


def conditions(**lanes: LaneLoad) -> Conditions:
    """Returns conditions with the loads of these lanes."""
    return Conditions(
        datetime(2026, 11, 28, tzinfo=UTC), {Lane(name): load for name, load in lanes.items()}
    )


def offer(row: Row, now: Conditions) -> Offer:
    """Returns what a model offers for a scene of quality hd."""
    [found] = route(Catalogue([row]), Wish(ImageType.SCENE, "", "", 0, Quality.HD), now).offers
    return found


def test_each_model_has_its_part_the_largest_first() -> None:
    now = conditions()
    quote = quote_story([offer(row, now) for row in (STORYBOOK, FAKE, FAKE)], now, 5)
    assert quote.parts == (
        StoryPart("fake", "fake", 2, 80_000),
        StoryPart("storybook", "local", 1, 0),
    )
    assert (quote.images, quote.price_micros) == (3, 80_000)


@pytest.mark.parametrize(
    ("waiting", "slots", "most", "seconds"),
    [(0, 1, 5, 16.0), (0, 2, 5, 8.0), (0, 8, 5, 4.0), (0, 8, 1, 16.0), (3, 1, 5, 28.0)],
)
def test_a_lane_draws_as_many_at_once_as_it_has_slots_and_a_batch_may_run(
    waiting: int, slots: int, most: int, seconds: float
) -> None:
    now = conditions(local=LaneLoad(waiting, slots))
    assert quote_story([offer(STORYBOOK, now)] * 4, now, most).seconds == seconds


def test_joined_pictures_take_longer_than_a_lone_one() -> None:
    """Ten at once are drawn 2.5 times as fast as one after another, and not ten times."""
    now = conditions(local=LaneLoad(0, 10, gain=2.5))
    story = [offer(STORYBOOK, now)] * 30
    alone = offer(STORYBOOK, now).draws
    quoted = quote_story(story, now, 10).seconds
    assert quoted is not None
    assert quoted == pytest.approx(30 * alone / 2.5, rel=0.01)
    assert quote_story(story, now, 1).seconds == pytest.approx(30 * alone)
    # Five at once gain less than ten.
    fewer = quote_story(story, now, 5).seconds
    assert fewer is not None
    assert quoted < fewer < 30 * alone


def test_times_that_were_measured_while_joined_count_for_as_many_as_ran_at_once() -> None:
    joined = LaneLoad(0, 10, gain=2.5, overlap=10.0)
    now = conditions(local=joined)
    measured = replace(offer(STORYBOOK, now), draws=16.0, measured=True)
    assert quote_story([measured] * 30, now, 10).seconds == pytest.approx(3 * 16.0)
    # The catalogue's is that of a lone picture.
    guessed = replace(measured, measured=False)
    longer = quote_story([guessed] * 30, now, 10).seconds
    assert longer is not None
    assert longer > 100


def test_lanes_draw_beside_each_other() -> None:
    now = conditions(local=LaneLoad(0, 1), hosted=LaneLoad(0, 1))
    offers = [offer(STORYBOOK, now)] * 2 + [offer(FAKE, now)] * 3
    assert quote_story(offers, now, 5).seconds == 8.0


def test_pages_wait_for_the_portraits_of_their_characters() -> None:
    now = conditions(local=LaneLoad(0, 8), hosted=LaneLoad(0, 8))
    story = [offer(STORYBOOK, now), offer(FAKE, now), offer(FAKE, now), offer(STORYBOOK, now)]
    assert quote_story(story, now, 8).seconds == 4.0
    # The first picture is drawn in 4 s, the second in 1 s; a page of both waits for the slower.
    assert quote_story(story, now, 8, [(2, 1)]).seconds == 4.0
    assert quote_story(story, now, 8, [(2, 0), (2, 1)]).seconds == 5.0
    assert quote_story(story, now, 8, [(2, 0), (3, 0)]).seconds == 8.0


def test_what_waits_for_nothing_is_drawn_meanwhile() -> None:
    now = conditions(local=LaneLoad(0, 1))
    pages = [offer(STORYBOOK, now)] * 3
    assert quote_story(pages, now, 5, [(1, 0)]).seconds == 12.0
    assert quote_story(pages, now, 5, [(1, 0), (2, 0)]).seconds == 12.0
    two = conditions(local=LaneLoad(0, 2))
    assert quote_story(pages, two, 5, [(1, 0)]).seconds == 8.0


def test_a_batch_is_under_way_in_all_lanes_together() -> None:
    now = conditions(local=LaneLoad(0, 8), hosted=LaneLoad(0, 8))
    assert quote_story([offer(STORYBOOK, now), offer(FAKE, now)], now, 1).seconds == 5.0


def test_no_time_is_known_while_nobody_draws_a_part() -> None:
    now = conditions(local=LaneLoad(0, 1), hosted=LaneLoad(0, 0))
    assert quote_story([offer(STORYBOOK, now), offer(FAKE, now)], now, 5).seconds is None
    assert quote_story([], now, 5).seconds == 0
