"""The benchmark of success: its summary, and its jobs, which must all be legal."""

from itertools import islice

import pytest

from benchmarks.report import Figure, wilson
from benchmarks.success import JOBS, End, summary
from benchmarks.varied import Round, rounds
from imggen.fields import character_with
from imggen.rules.characters import SETTABLE, read_character
from imggen.rules.checks import Checks
from imggen.rules.stories import read_story
from imggen.v1.story_pb2 import Page, Story

STYLES = ("anime", "cartoon", "storybook")


def test_the_summary_has_the_rate_the_retries_and_each_reason_with_an_example() -> None:
    ends = [End(f"good-{number}", 0) for number in range(96)]
    ends += [End("torn-1", 3, "RENDER_FAILED", "out of memory"), End("black", 1, "PICTURE_BROKEN")]
    ends += [End("torn-2", 3, "RENDER_FAILED", "another"), End("", 0, "STYLE_UNKNOWN", "no style")]
    rate, retries, *reasons = summary(ends)
    assert (rate.value, rate.n, rate.met) == (96, 100, True)
    assert "96 of 100" in rate.note
    assert retries.value == 7
    assert [(figure.name.strip(), figure.value, figure.note) for figure in reasons] == [
        ("failed, RENDER_FAILED", 2, "job torn-1: out of memory"),
        ("failed, PICTURE_BROKEN", 1, "job black: "),
        ("failed, STYLE_UNKNOWN", 1, "not admitted: no style"),
    ]


def test_a_rate_below_the_specifications_misses_it() -> None:
    ends = [*[End("good", 0)] * 94, *[End("bad", 0, "RENDER_FAILED", "")] * 6]
    rate, *_ = summary(ends)
    assert rate.met is False
    assert "MISSED" in rate.line()


def test_nothing_measured_gives_no_figures() -> None:
    assert list(summary([])) == []


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (10, 10, 0.7225, 1.0),
        (0, 10, 0.0, 0.2775),
        (95, 100, 0.8882, 0.9785),
        (950, 1000, 0.9347, 0.9619),
    ],
)
def test_a_share_has_wilsons_interval(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4)
    line = Figure.share("one", hits, of, None, "").line()
    assert "Wilson 95 %" in line
    assert "quartiles" not in line


def test_a_share_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="share of nothing"):
        wilson(0, 0)


def test_the_jobs_are_the_same_in_every_run() -> None:
    assert usual_rounds() == usual_rounds()


def test_the_jobs_are_legal() -> None:
    checks = Checks()
    for one in usual_rounds():
        for character in one.characters:
            read_character(checks, character_with(None, character), SETTABLE)
        for order in one.orders:
            if order.text:
                page = Page(text=order.text, scene_description=order.description)
                read_story(checks, Story(title="A day", pages=[page]), ("title", "pages"), STYLES)
    assert checks.violations == []


def test_the_jobs_vary() -> None:
    orders = [order for one in usual_rounds() for order in one.orders]
    assert len(orders) == JOBS
    assert {order.style for order in orders} == set(STYLES)
    assert {order.format for order in orders} == {"", "1024x1024", "16:9", "4:3", "1:1"}
    assert {len(order.cast) for order in orders if order.text} == {1, 2}
    assert sum(not order.text for order in orders) == JOBS * 2 // 5
    texts = " ".join(order.text for order in orders)
    assert all(part in texts for part in ("<|endoftext|>", "at night", "小狐狸", "with a fox"))
    assert max(len(order.text) for order in orders) > 3_900


def usual_rounds() -> list[Round]:
    return list(islice(rounds(STYLES), JOBS // 5))
