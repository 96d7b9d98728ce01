"""What the pictures of pages are measured by: figures nobody asked for, and distances."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from actors.judging.judge import Found, Judge
from actors.storybook.attributes import Character
from actors.storybook.attributes import Scene as Asked
from recipe.reading.composition import Distances, Ruler
from recipe.reading.corpus import Item, Kind, Page
from recipe.reading.drawing import unasked_lines, varied_lines
from recipe.reading.pictures import Artist, Drawn, Pixels, sample
from recipe.reading.unasked import MOST, Counter, figures_of


class Finding(Judge):
    """A judge that finds as many figures in a picture as its first pixel says."""

    def __init__(self) -> None:
        pass

    def find(self, image: Pixels, least: float = 0.35) -> list[Found]:
        number = int(image[0, 0, 0]) if image[0, 0, 1] == 1 else 1
        return [Found(at * 60.0, 10.0, at * 60.0 + 40, 90.0, 1.0) for at in range(number)]


def picture(figures: int, light: int = 0) -> Pixels:
    made = np.full((100, 200, 3), light, np.uint8)
    made[0, 0] = (figures, 1, 0)
    return made


def page(**labels: Sequence[str]) -> Page:
    items: Any = {kind: tuple(Item.of_label(one) for one in labels.get(kind, ())) for kind in Kind}
    return Page("made up", 1, "Mia.", (), (), items)


def drawn(figures: int, asked: int = 1) -> Drawn:
    whole = picture(figures)
    return Drawn(whole, whole, Asked((Character(),) * asked))


def test_a_figure_counts_that_neither_page_nor_prompt_has() -> None:
    counter = Counter(Finding())
    assert counter.add(page(who=["Mia"]), drawn(1)) == 0
    assert counter.add(page(who=["Mia"]), drawn(3)) == 2
    assert counter.add(page(who=["Mia", "Leo"]), drawn(2)) == 0
    # The checkpoint draws a girl where there is nobody: its prompt has her, the page has not.
    assert counter.add(page(), drawn(1)) == 1
    found = counter.found
    assert (found.pictures, found.of_page, found.of_prompt, found.of_judge) == (4, 3, 3, 0)
    assert found.per_hundred(found.of_page) == 75


@pytest.mark.parametrize(
    ("labels", "most"),
    [
        ({}, 0),
        ({"who": ["Mia", "Leo?"], "extras": ["dog"]}, 3),
        ({"who": ["Mia"], "extras": ["crowd|people"]}, MOST),
        ({"who": ["A", "B", "C"], "extras": ["dog"]}, MOST),
    ],
)
def test_a_page_has_as_many_figures_as_its_labels(labels: dict[str, list[str]], most: int) -> None:
    assert figures_of(page(**labels)) == most


def test_equal_pictures_have_no_distance_and_others_have() -> None:
    ruler, same, apart = Ruler(Finding()), Distances(), Distances()
    ruler.add(same, [picture(2), picture(2), picture(2)])
    assert (same.pairs, *same.means) == (3, 0, 0)
    ruler.add(apart, [picture(1), picture(1, light=255)])
    pixels, figures = apart.means
    assert pixels > 0.9
    assert figures == 0


def test_pictures_with_other_numbers_of_figures_have_no_distance_of_figures() -> None:
    ruler, found = Ruler(Finding()), Distances()
    ruler.add(found, [picture(1), picture(2)])
    assert (found.pairs, found.figures) == (1, [])


def test_a_figure_that_stands_elsewhere_is_apart() -> None:
    class Moving(Finding):
        def find(self, image: Pixels, least: float = 0.35) -> list[Found]:
            left = float(image[0, 0, 0])
            return [Found(left, 10.0, left + 40, 90.0, 1.0)]

    found = Distances()
    Ruler(Moving()).add(found, [picture(0), picture(60)])
    assert found.figures == [pytest.approx(60 / 100 / 3)]


def test_a_sample_is_the_same_each_time() -> None:
    assert [each.text for each in sample(5)] == [each.text for each in sample(5)]
    assert len({(each.story, each.number) for each in sample(30)}) == 30


class Painting(Artist):
    """An artist whose pictures say how many figures are in them."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def draw(self, page: Page, seed: int) -> Drawn:
        self.seeds.append(seed)
        return drawn(figures=2)


def test_the_report_tells_what_was_drawn() -> None:
    artist, judge = Painting(), Finding()
    first, second = unasked_lines(artist, judge, [page(who=["Mia"]), page(who=["Mia", "Leo"])])
    assert first == "figures that nobody asked for: 50 per 100 pages (1 on 2 pages)"
    assert "beyond those of the prompt: 100 per 100 pages" in second
    lines = varied_lines(artist, judge, [page(who=["Mia"])])
    assert artist.seeds == [1, 2, 1, 2, 3, 4]
    assert lines[1].split() == ["one", "figure", "(1", "pages)", "0.0%", "0.0%"]
    assert len(lines) == 2
