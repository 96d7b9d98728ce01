"""Which pages of a story wait for whose portraits."""

import pytest

from imggen.rules.storyboards import may_name


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
