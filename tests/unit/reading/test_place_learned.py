"""Places that only the words of a page together tell."""

import numpy as np
import pytest

from actors.extractors.learned.kinds import kind_of, place_kinds
from actors.extractors.learned.places import PlaceReader
from actors.extractors.learned.table import WordTable
from actors.extractors.rules.evidence import Clue, Part
from actors.extractors.rules.found import Found, Way
from recipe.reading.corpus import Part as CorpusPart
from recipe.reading.corpus import load_pages
from recipe.reading.passages import load_passages
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
    "castle": (
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
    clues = [Clue(word, word, Part.OBJECT) for word in ("saucepan", "oven", "flour")]
    nothing = Found("", 0, Way.KEPT)
    assert PlaceReader.shipped().decide(clues, nothing, None).name == ""
    assert PlaceReader.shipped().decide(clues * 4, nothing, None).name == "kitchen"


def test_a_place_of_no_kind_is_carried_by_its_name() -> None:
    reader = PlaceReader.shipped()
    whale = reader.decide([], Found("whale", 2.4, Way.NAMED), None)
    assert reader.decide([], Found("whale", 1.2, Way.KEPT), whale).name == "whale"


def test_shares_of_belief_are_whole() -> None:
    belief = PlaceReader.shipped().decide([], Found("old mill", 4, Way.NAMED), None)
    assert belief.shares.sum() == pytest.approx(1, abs=1e-4)
    assert np.argmax(belief.shares) == kind_of("mill")


def test_unknown_words_have_no_vector() -> None:
    table = WordTable.shipped()
    assert table.vector("xqzzt") is None
    assert table.vector("xqzzt", "oven") is not None
    assert table.vector("frying-pan") is not None


@pytest.mark.parametrize(("place", "name"), [("old mill", "mill"), ("living room", "living room")])
def test_a_place_is_of_the_kind_of_its_last_words(place: str, name: str) -> None:
    kind = kind_of(place)
    assert kind is not None
    assert place_kinds()[kind].name == name


def test_passages_are_apart_from_the_pages_that_measure() -> None:
    passages = load_passages()
    pages = {page.text.strip() for part in CorpusPart for page in load_pages(part)}
    assert len(passages) >= 800
    assert not pages & {one.text for one in passages}
    assert all(kind_of(place) is not None for one in passages for place in one.places)
