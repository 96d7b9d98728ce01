"""Places that are only whose they are, rooms at home, and what is only seen or heard from afar."""

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


@pytest.mark.parametrize("text", ["A dog barked in the distance.", "Far away a cock crowed."])
def test_who_is_only_heard_from_afar_is_not_there(text: str) -> None:
    assert read(text).extras == ()


def test_a_thing_may_be_called_as_a_sound_is() -> None:
    assert "whistle" in " ".join(read("Tom opened the box, and inside was a silver whistle.").props)
    assert not read("Tom gave a long whistle.").props
    assert read("Tom's dog came with a bark.").extras == ("dog",)
