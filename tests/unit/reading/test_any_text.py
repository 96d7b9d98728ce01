"""Any text at all is read: rules never fail, and an empty text has an empty scene."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.scenes import Scene
from tests.unit.reading.pages import read

_WORDS = st.sampled_from(
    [
        *("Mia", "Tom", "she", "they", "I", "not", "no", "never", "neither", "nor", "without"),
        *("the", "a", "red", "hat", "ran", "to", "run", "holding", "was", "is", "had", "of"),
        *("in", "forest", "and", "but", "who", "that", "if", ",", ".", "!", '"', "'", "\u2019s"),
        *("\u201c", "\u201d", "...", "\u2014", "\n\n", "isn't", "0", "\u7f8e\u96ea", "e\u0308"),
    ]
)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", '"', "\u201c\u201d", "?!", "\u200b"])
def test_a_text_without_words_has_an_empty_scene(text: str) -> None:
    scene = read(text)
    assert scene == Scene(told=scene.told)


@settings(max_examples=150, deadline=None)
@given(st.lists(_WORDS, max_size=25).map(" ".join))
def test_rows_of_words_are_read(text: str) -> None:
    read(text, before=[text])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_characters_are_read(text: str) -> None:
    read(text)


def test_who_is_said_not_to_be_there_is_away() -> None:
    scene = read("Mia sat in the kitchen. Tom was not there.")
    assert [one.int for one in scene.away] == [2]
    assert [one.character.int for one in scene.figures] == [1]
