"""Plurals as places, and words whose letters are joined or composed in an unusual way."""

import unicodedata

import pytest

from server.domain.characters import Description, Gender
from tests.unit.reading.pages import figure, read


@pytest.mark.parametrize(
    "text",
    [
        "In the ruined castles Mia found a lantern.",
        "Mia and Tom climbed about in the ruined castles.",
    ],
)
def test_several_places_of_a_kind_are_one_place(text: str) -> None:
    assert read(text).place == "ruined castle"


def test_combining_marks_are_read_as_the_letters_that_they_make() -> None:
    text = "Mia sat in the caf\u00e9 and held a kite."
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    assert read(apart) == read(text)
    assert read(text).place == "caf\u00e9"


def test_a_joiner_after_a_word_is_no_part_of_it() -> None:
    assert figure(read("Tom\u200d waved."), "Tom").doing == ("wave",)


def test_a_name_with_a_joiner_and_marks_is_found_as_it_is_written() -> None:
    cast = [Description("Ta\u200dma\u0301", species="human", gender=Gender.FEMALE)]
    scene = read("Ta\u200dma\u0301 waved in the garden.", cast=cast)
    assert (len(scene.figures), scene.place) == (1, "garden")


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"])
def test_what_is_unseen_within_a_word_is_no_part_of_it(unseen: str) -> None:
    text = "Mia sat in the kitchen and held a kettle."
    parted = text.replace("Mia", f"Mi{unseen}a").replace("tch", f"t{unseen}ch")
    parted = parted.replace("kettle", f"ket{unseen}tle")
    assert read(parted) == read(text)
    assert read(parted).place == "kitchen"
