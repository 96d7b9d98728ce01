"""Speeches that tell where they are said, and those that speak of elsewhere."""

import pytest

from tests.unit.reading.pages import read

SAID = {
    '"Grandma is in the hospital," said Mia.': "",
    '"Your ball is in the garden," said Mia.': "",
    '"The cat is on the roof," said Tom.': "",
    '"I am going to the shop," said Tom.': "",
    '"When I am in the garden, I sing," said Mia.': "",
    '"We were at the zoo yesterday," said Mia.': "",
    '"Are we at the beach yet?" asked Mia.': "",
    '"This ball was in the garden," said Mia.': "",
    '"Here comes the bus!" said Tom.': "",
    '"We are at the zoo!" said Mia.': "zoo",
    '"It is nice here in the garden," said Mia.': "garden",
    '"This is the zoo," said Mia.': "zoo",
    '"I am in the attic!" called Tom.': "attic",
}


@pytest.mark.parametrize("text", SAID)
def test_a_speech_is_the_place_only_where_it_means_here(text: str) -> None:
    assert read(text).place == SAID[text]
