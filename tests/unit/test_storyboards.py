"""Which pages of a story wait for whose portraits."""

import pytest

from imggen.rules.storyboards import may_name, named_in


@pytest.mark.parametrize(
    ("text", "name", "species"),
    [
        ("Mia runs.", "Mia", ""),
        ("MIA\u2019S hat", "mia", ""),
        ("There is Tom!", "Tom Li", ""),
        ("A fox ran by.", "Renard", "red fox"),
        ("Everybody sleeps.", "Tom", ""),
        ("\u5c0f\u7ea2\u5728\u68ee\u6797\u91cc", "\u5c0f\u7ea2", ""),
    ],
)
def test_a_page_that_may_name_a_character_waits_for_its_portrait(
    text: str, name: str, species: str
) -> None:
    assert may_name(text, name, species)


@pytest.mark.parametrize(
    ("text", "name"), [("Tommy runs.", "Tom"), ("The old wood.", "The Old Fox"), ("", "Tom")]
)
def test_another_page_does_not(text: str, name: str) -> None:
    assert not may_name(text, name, "")


def test_those_whom_some_page_may_name_are_found_in_their_order() -> None:
    cast = [(1, "Tom", "human"), (2, "Renard", "fox"), (3, "Mia", ""), (4, "\u5c0f\u7ea2", "")]
    assert named_in(["Mia ran.", "The fox slept. \u5c0f\u7ea2\u5728"], cast) == [2, 3, 4]
    assert named_in(["Everyone slept."], cast) == [1, 2, 3, 4]
    assert named_in([], cast) == []
