"""Answers of chat models: what is kept of one, and what is not."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from actors.extractors.answers import read_answer
from actors.extractors.bounds import MOST_ITEMS, MOST_LETTERS
from actors.extractors.pages import Page
from actors.extractors.said import Said
from server.domain.ids import CharacterId
from server.domain.scenes import DayTime, Figure, Mood, Scene, Season, Weather
from tests.unit.content import character
from tests.unit.test_extractor_chat import NOBODY, content, figure

MIA = character("Mia")
TOM = replace(character("Tom Li"), id=UUID(int=8))
TEXT = (
    "Mia was climbing the old oak. She held a dark red lantern! Tom Li\u2019s dog barked. "
    "It had been snowing for days, and two wolves with green eyes sat beside the frozen pond."
)
PAGE = Page(TEXT, (MIA, TOM), ("They lived in a blue house by the sea.",))


def read(*figures: dict[str, Any], **said: Any) -> Scene:
    """Returns what is kept of an answer about the page."""
    return read_answer(content(*figures, **said), PAGE)


def one(**said: Any) -> Figure:
    """Returns what is kept of a figure."""
    (kept,) = read(figure("Mia", **said)).figures
    return kept


def test_what_the_page_says_is_kept() -> None:
    scene = read(
        figure("Mia", doing=["climb the old oak"], mood="happy", holding=["dark red lantern"]),
        away=["Tom Li"],
        extras=["two wolves", "Tom's dog"],
        place="frozen pond",
        time="day",
        season="winter",
        weather=["snow"],
        props=["lantern"],
        colours=["dark red lantern", "green eyes"],
        absent=["barking dog"],
    )
    assert scene == Scene(
        figures=(
            Figure(CharacterId(MIA.id), ("climb the old oak",), Mood.HAPPY, ("dark red lantern",)),
        ),
        away=(CharacterId(TOM.id),),
        extras=("two wolves", "tom's dog"),
        place="frozen pond",
        time=DayTime.DAY,
        season=Season.WINTER,
        weather=(Weather.SNOW,),
        props=("lantern",),
        colours=("dark red lantern", "green eyes"),
        absent=("barking dog",),
        told=TEXT,
    )


@pytest.mark.parametrize(
    "phrase",
    [
        "climb the old oak",
        "climbed an oak",
        "a wolf",
        "wolves beside a pond",
        "snow",
        "wolf by the pond",
        "lanterns",
        "Tom Li's dog",
        "climb after Tom Li",
    ],
)
def test_a_phrase_may_bend_words_and_join_them_in_another_way(phrase: str) -> None:
    assert one(doing=[phrase]).doing == (phrase.lower(),)


@pytest.mark.parametrize(
    "phrase",
    [
        "red dragon",
        "climb a ladder",
        "dragon",
        "green oak",
        "with the",
        "",
        "  ",
        "!!",
        "blue house",
        "sit in a bath",
    ],
)
def test_a_phrase_with_a_word_that_the_page_does_not_say_is_left_out(phrase: str) -> None:
    assert one(holding=[phrase, "lantern"]).holding == ("lantern",)


def test_a_place_may_be_of_a_page_before() -> None:
    assert read(place="Blue house").place == "blue house"
    assert read(place="green house").place == ""
    assert read(colours=["blue house"]).colours == ()


def test_words_that_are_far_apart_are_no_phrase() -> None:
    said = Said(["A red hat. The sun. A coat.", "A dragon."])
    assert said.has("red sun")
    assert not said.has("red coat")
    assert not said.has("coat dragon")


@pytest.mark.parametrize("text", ["犬が走る", "кот на дереве", "हिन्दी में", "na\u0131\u0308ve ox"])
def test_words_of_any_script_are_words(text: str) -> None:
    said = Said([f"Mia: {text}."])
    assert said.has(text)
    assert not said.has(f"{text} собака")


def test_figures_are_of_the_cast_and_each_is_there_once() -> None:
    scene = read(
        figure(" mia "), figure("Eve"), figure("TOM  LI"), figure("Mia", mood="sad"), figure("")
    )
    assert scene.figures == (
        Figure(CharacterId(MIA.id), mood=Mood.SAD),
        Figure(CharacterId(TOM.id)),
    )


def test_nobody_is_there_and_away() -> None:
    assert read(figure("Mia"), away=["Mia", "Tom Li", "Eve", "tom li"]).away == (
        CharacterId(TOM.id),
    )


def test_values_that_are_not_known_are_left_out() -> None:
    scene = read(
        figure("Mia", mood="hungry"), time="noon", season="Winter", weather=["hail", "rain", "rain"]
    )
    assert scene.figures[0].mood is None
    assert (scene.time, scene.season, scene.weather) == (None, Season.WINTER, (Weather.RAIN,))


def test_lists_and_phrases_have_an_end() -> None:
    many = ["lantern" + " old" * count for count in range(500)]
    scene = read(figure("Mia", doing=many), props=many, absent=["oak " * 10_000])
    assert len(scene.props) == len(scene.figures[0].doing) == MOST_ITEMS
    assert max(map(len, (*scene.props, *scene.absent))) <= MOST_LETTERS


def test_what_no_database_takes_is_left_out() -> None:
    assert one(holding=["lan\x00tern", "dark\ud800 lantern"]).holding == (
        "lantern",
        "dark lantern",
    )


@pytest.mark.parametrize(
    "answer",
    [
        {name: value for name, value in NOBODY.items() if name != "weather"},
        {**NOBODY, "figures": {"name": "Mia"}},
        {**NOBODY, "figures": ["Mia"]},
        {**NOBODY, "figures": [{"name": "Mia"}]},
        {**NOBODY, "figures": [{**figure("Mia"), "name": None}]},
        {**NOBODY, "figures": [figure("Mia", doing="climb the old oak")]},
        {**NOBODY, "props": "lantern"},
        {**NOBODY, "props": [["lantern"]]},
        {**NOBODY, "props": None},
        {**NOBODY, "place": None},
        {**NOBODY, "time": 9},
        {**NOBODY, "weather": "snow"},
        {**NOBODY, "away": [1]},
        [NOBODY],
        "Mia",
        9,
    ],
    ids=str,
)
def test_an_answer_of_another_form_is_refused(answer: object) -> None:
    with pytest.raises(ValueError, match="no scene"):
        read_answer(json.dumps(answer), PAGE)
