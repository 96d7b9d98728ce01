"""Places that are only whose they are, rooms at home, and what is only looked down on."""

import pytest

from tests.unit.reading.pages import read

PLACES = {
    "Mia is at home, in the kitchen.": "kitchen",
    "At home Mia ran up to the attic.": "attic",
    "Mia looked down on the town from the hill.": "hill",
    "Mia ran home.": "home",
}


@pytest.mark.parametrize("text", PLACES)
def test_a_page_happens_where_somebody_is(text: str) -> None:
    assert read(text).place == PLACES[text]


@pytest.mark.parametrize("text", ["Mia sat at the dentist's.", "Mia ran to the baker's."])
def test_whose_place_it_is_need_not_be_there(text: str) -> None:
    assert read(text).extras == ()
