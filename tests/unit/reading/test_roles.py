"""Whom trades, titles and short names mean, and what only compares, tells or is painted."""

import pytest

from server.domain.characters import Description, Gender
from tests.unit.reading.casts import read, who_is_on

CAST = (
    Description("Mia", species="human", gender=Gender.FEMALE, age=6),
    Description("Mr. Hale", species="human", gender=Gender.MALE, age=66, traits=("village baker",)),
    Description("Dr. Amina Osei", species="human", gender=Gender.FEMALE, age=40),
    Description("Elias", species="human", gender=Gender.MALE, age=5),
    Description("Ember", species="dragon skeleton", gender=Gender.FEMALE),
)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("The baker took off his cap and sneezed.", ["Mr. Hale"]),
        ("Mia ran straight into Amina.", ["Dr. Amina Osei", "Mia"]),
        ("The doctor knelt down. Eli began to grin.", ["Dr. Amina Osei", "Elias"]),
        ("The dragon opened one eye.", ["Ember"]),
        ("Ember snored. The sun rose on a dragon who was not cross any more.", ["Ember"]),
    ],
)
def test_traits_titles_and_short_names_mean_characters(page: str, names: list[str]) -> None:
    scene = read(page, CAST)
    assert who_is_on(page, CAST) == names
    assert scene.extras == ()
    assert scene.place == ""


@pytest.mark.parametrize(
    "page",
    [
        "Mia was as proud as a queen can be.",
        "Mia thought about Uncle Jim, who once met a tiger.",
        "They had spoken of it often: a well and a man with dates. Mia sat down.",
        "On the wall hung a picture: a lady, a dog on her knee, and a boy. Mia looked at it.",
    ],
)
def test_who_is_compared_told_of_or_painted_is_not_there(page: str) -> None:
    assert read(page, CAST).extras == ()


@pytest.mark.parametrize(
    ("page", "doing"),
    [
        ("Mia was not cross.", ()),
        ("Mia, who was getting cross, sat down.", ("sit down",)),
        ("Mia does not like lifts, so she walked.", ("walk",)),
        ("Mia crossed the road.", ("cross road",)),
        ("Mia filled the blue watering can.", ("fill blue watering can",)),
    ],
)
def test_adjectives_and_nouns_are_no_deeds(page: str, doing: tuple[str, ...]) -> None:
    assert read(page, CAST).figures[0].doing == doing


def test_a_place_in_a_comparison_is_none() -> None:
    assert read("Mia stood in the yard.||Mia walked in as you walk into a palace.", CAST).place == (
        "yard"
    )


def test_what_a_relative_clause_denies_of_a_thing_does_not_hide_it() -> None:
    scene = read("The roof, which should have been bright, was black.", CAST)
    assert scene.colours == ("black roof",)
