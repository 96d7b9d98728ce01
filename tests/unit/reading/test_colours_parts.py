"""Colours of parts, amounts and names, as the rules read them."""

import pytest

from tests.unit.reading.pages import read

COLOURED = {
    "He put a dab of pink cream on each plate.": ["pink cream"],
    "The van came to Plum Street.": [],
    "The baker stood by the oven, and he was white to the elbows.": ["white elbow"],
    "There were green rows under the plastic.": ["green row"],
    "Mia painted the door green.": ["green door"],
}
"""Sentences, each with exactly what has a colour."""


@pytest.mark.parametrize("text", COLOURED)
def test_parts_amounts_and_names_have_their_own_colours(text: str) -> None:
    assert list(read(text).colours) == COLOURED[text]
