"""Places that only the words of a page together tell."""

import numpy as np
import pytest

from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.places import PlaceReader
from actors.extractors.rules.evidence import Clue, PageClues, Part
from actors.extractors.rules.found import Found, Way
from recipe.reading.corpus import Part as CorpusPart
from recipe.reading.corpus import load_pages
from recipe.reading.passages import load_passages, load_stories
from tests.unit.reading.pages import read

TOLD = {
    "train": (
        "The conductor punched their tickets. Cows and telegraph poles flew past the "
        "windows, the luggage slid to and fro, and a passenger in the corner peeled an "
        "egg."
    ),
    "ship": (
        "The pirates hauled and sang. The captain bellowed at the cook, the sailors "
        "laughed, and the parrot screeched at the treasure until a wave wetted them all."
    ),
    "throne room": (
        "The knight knelt before the king. All the courtiers whispered behind their fans, "
        "the squire held the sword, and the trumpets blew for the princess."
    ),
    "jungle": (
        "Monkeys swung from the vines. A tiger growled, the parrots shrieked, and the "
        "explorer wiped his face and looked at the snake, which looked at him."
    ),
    "harbour": (
        "The gulls screamed. Fishermen heaved crates of cod from the trawlers and mended "
        "their nets, and the ferry's horn blew."
    ),
    "classroom": (
        "Miss Tan wiped off the sums. The pupils put away their rulers and pencils, and "
        "nobody had done the spelling homework but Mia."
    ),
}


@pytest.mark.parametrize("place", TOLD)
def test_words_tell_a_place_that_none_of_them_names(place: str) -> None:
    assert read(TOLD[place]).place == place


def test_a_place_that_the_page_names_stands() -> None:
    text = (
        "In the garden they talked of dough, flour, saucepans, the oven and their grandma's soup."
    )
    assert read(text).place == "garden"


def test_what_the_words_told_is_carried_on() -> None:
    text = "They did not speak. Mia looked at Tom, and Tom sighed."
    assert read(text, before=[TOLD["train"]]).place == "train"


def test_few_words_are_left_to_the_rules() -> None:
    clues = tuple(Clue(word, word, Part.OBJECT) for word in ("saucepan", "oven", "flour"))
    nothing = Found("", 0, Way.KEPT)
    reader = PlaceReader.shipped()
    assert reader.decide(PageClues(clues, length=9), nothing, None).name == ""
    assert reader.decide(PageClues(clues * 3, length=30), nothing, None).name == "kitchen"


def test_a_place_of_no_kind_is_carried_by_its_name() -> None:
    reader = PlaceReader.shipped()
    whale = reader.decide(PageClues(()), Found("whale", 2.4, Way.NAMED), None)
    assert reader.decide(PageClues(()), Found("whale", 1.2, Way.KEPT), whale).name == "whale"


def test_shares_of_belief_are_of_what_was_told() -> None:
    belief = PlaceReader.shipped().decide(PageClues(()), Found("old mill", 4, Way.NAMED), None)
    assert belief.shares.sum() == pytest.approx(1, abs=1e-4)
    assert np.argmax(belief.shares) == kind_of("mill")


def test_a_page_goes_back_to_an_earlier_place_more_often_than_to_any_other() -> None:
    reader = PlaceReader.shipped()
    nothing, page = Found("", 0, Way.KEPT), PageClues((), length=30)
    mill = reader.decide(page, Found("mill", 4, Way.NAMED), None)
    ship = reader.decide(page, Found("ship", 4, Way.NAMED), mill)
    other = reader.decide(page, Found("ship", 4, Way.NAMED), None)
    at = kind_of("mill")
    assert (
        reader.decide(page, nothing, ship).shares[at]
        > 2 * reader.decide(page, nothing, other).shares[at]
    )


def test_an_expression_takes_the_place_of_its_words() -> None:
    words = PlaceReader.shipped().words
    told = [
        *(Clue(one, one, Part.OBJECT) for one in ("washing", "machine", "egg")),
        Clue("washing-machine", "washing-machine", Part.OBJECT, ("washing", "machine")),
    ]
    assert [word for word, _ in words.known(told)] == ["washing-machine", "egg"]
    assert "xqzzt" not in words
    assert words.told("xqzzt") == 0


@pytest.mark.parametrize(("place", "name"), [("old mill", "mill"), ("living room", "living room")])
def test_a_place_is_of_the_kind_of_its_last_words(place: str, name: str) -> None:
    kind = kind_of(place)
    assert kind is not None
    assert place_kinds()[kind].name == name


def test_what_teaches_is_apart_from_the_pages_that_measure() -> None:
    taught = [*load_passages(), *load_stories()]
    pages = {page.text.strip() for part in CorpusPart for page in load_pages(part)}
    assert len(taught) >= 7000
    assert not pages & {one.text for one in taught}
    assert all(kind_of(place) is not None for one in load_passages() for place in one.places)
